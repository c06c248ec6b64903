"""The code blocks of a page, and how they are run: top to bottom in one folder, as a reader would.

A comment just before a block may say how its test differs from what the reader does:

* `<!-- test: adds --minutes 0.1 -->`    options added to each `chatedit` command: the same work, less of it;
* `<!-- test: before COMMAND -->`        what the reader has, and the test makes (small files of the right form);
* `<!-- test: instead COMMAND -->`       run in its place, where the block itself would change the machine;
* `<!-- test: background URL -->`        runs until the page ends; the next block waits for the URL;
* `<!-- test: needs PROGRAM -->`         only where that program is installed (the syntax is checked everywhere);
* `<!-- test: slow -->` at the top       the page takes more than a moment (`pytest -m slow`).
"""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

_FENCE = re.compile(
    r"(?P<comments>(?:<!-- test: (?:(?!-->).)*-->\n+)*)^```(?P<language>\w*)[^\n]*\n(?P<code>.*?)^```$", re.M | re.S
)
_COMMENT = re.compile(r"<!-- test: (\w+)\s*(.*?)\s*-->", re.S)
_ADDED = re.compile(r"^(chatedit\b(?:\\\n|[^\n#\\])*?)([ \t]*(?:#[^\n]*)?)$", re.M)
DIRECTIVES = {"adds", "before", "instead", "background", "needs"}


@dataclass(frozen=True, slots=True)
class Block:
    """One block; `line` is that of its first line, `directives` what its comments say."""

    language: str
    code: str
    line: int
    directives: dict[str, str]

    @property
    def shell(self) -> str:
        """What bash runs in the test."""
        code = self.directives.get("instead", self.code)
        if "adds" in self.directives:
            code = _ADDED.sub(rf"\1 {self.directives['adds']}\2", code)
        return "\n".join(filter(None, (self.directives.get("before"), code)))


def blocks_of(page: Path) -> list[Block]:
    """All fenced blocks of a page, in order."""
    text = page.read_text(encoding="utf-8")
    found = []
    for match in _FENCE.finditer(text):
        directives = dict(_COMMENT.findall(match["comments"]))
        directives.pop("slow", None)
        unknown = directives.keys() - DIRECTIVES
        assert not unknown, f"{page}: unknown {unknown}"
        line = text.count("\n", 0, match.start("code")) + 1
        found.append(Block(match["language"], match["code"], line, directives))
    return found


def is_slow(page: Path) -> bool:
    """Does the page say so?"""
    return "<!-- test: slow -->" in page.read_text(encoding="utf-8")


def chatedit_commands(block: Block) -> list[list[str]]:
    """The words of each `chatedit ...` command of a bash block."""
    found = []
    for line in block.code.replace("\\\n", " ").splitlines():
        if not re.search(r"\bchatedit\s", line):
            continue
        tokens = shlex.shlex(line, posix=True, punctuation_chars=True)
        tokens.whitespace_split = True
        command: list[str] = []
        for token in [*tokens, ";"]:
            if set(token) <= set("|&;"):
                found += [command] if command[:1] == ["chatedit"] else []
                command = []
            else:
                command.append(token)
    return found
