"""Words for the person in the photo: the phrase bank's placeholders become pronouns and verb endings."""

import re
from typing import Literal

Person = Literal["woman", "man", "neutral", "self"]

_FORMS: dict[tuple[Person, bool], tuple[str, ...]] = {
    # they, them, their, theirs, themselves, person, is, has, does, s, es
    ("woman", False): ("she", "her", "her", "hers", "herself", "woman", "is", "has", "does", "s", "es"),
    ("man", False): ("he", "him", "his", "his", "himself", "man", "is", "has", "does", "s", "es"),
    ("neutral", False): ("they", "them", "their", "theirs", "themselves", "person", "are", "have", "do", "", ""),
    ("self", False): ("I", "me", "my", "mine", "myself", "person", "am", "have", "do", "", ""),
    ("self", True): ("you", "you", "your", "yours", "yourself", "person", "are", "have", "do", "", ""),
}
_NAMES = ("they", "them", "their", "theirs", "themselves", "person", "is", "has", "does", "s", "es")
_PLACEHOLDER = re.compile(r"\{(\w+)\}")
KNOWN_PLACEHOLDERS = frozenset(_NAMES) | {"themself"}


def fill(template: str, person: Person, is_system: bool = False, **slots: str) -> str:
    """The template with its slots and person words filled in; `{Their}` gives a capital.

    `is_system` turns first person into second: the system says "your hair" where the user said "my hair".

    Raises:
        KeyError: a placeholder is neither a slot nor a person word.
    """
    forms = _FORMS.get((person, is_system)) or _FORMS[(person, False)]
    words = {**dict(zip(_NAMES, forms, strict=True)), **slots}
    words["themself"] = words["themselves"]

    def word(match: re.Match[str]) -> str:
        name = match.group(1)
        if name in words:
            return words[name]
        filled = words[name[:1].lower() + name[1:]]
        return filled[:1].upper() + filled[1:]

    text = template
    for _ in range(3):  # slots may bring placeholders of their own
        text = _PLACEHOLDER.sub(word, text)
    return text
