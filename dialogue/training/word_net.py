"""WordNet's glosses and example sentences (Debian package `wordnet-base`): short English with nearly every word."""

import re
from pathlib import Path

from ..errors import DataNotReadable

_FILES = ("data.adj", "data.verb", "data.adv", "data.noun")
_EXAMPLE = re.compile(r'"([^"]{8,})"')


def texts(folder: Path) -> list[str]:
    """Examples as they stand, and one `words: definition` a synset, in file order.

    Raises:
        DataNotReadable: the folder does not hold WordNet's data files.
    """
    found: list[str] = []
    for name in _FILES:
        try:
            lines = (folder / name).read_text(encoding="latin-1").splitlines()
        except OSError as error:
            raise DataNotReadable(str(folder / name), 'expected WordNet ("apt-get install wordnet-base")') from error
        for line in lines:
            fields, bar, gloss = line.partition(" | ")
            if not bar or line.startswith("  "):
                continue
            parts = fields.split()
            words = [parts[4 + 2 * k].split("(")[0].replace("_", " ") for k in range(int(parts[3], 16))]
            found += _EXAMPLE.findall(gloss)
            definition = gloss.split('; "')[0].strip()
            found.append(f"{', '.join(words[:3])}: {definition}")
    return found
