"""Words that move through the history: undo, redo, go back to version 2, compare, keep the second one.

Only sentences that ask for nothing else are read here. "Undo the lipstick" and "undo that last one" take a request
back, which is the tracker's business (design, section 3, rule 5); "undo" alone is navigation.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

# versions that only the state can number: the one shown, the newest two, the one compared with the one shown
SHOWN, NEWEST, LAST_BUT_ONE, OTHER = -1, -2, -3, -4
MAX_CHARACTERS = 100

_ORDINALS = ("zeroth", "first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth", "ninth", "tenth")
_CARDINALS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_COUNT = rf"(?P<count>\d{{1,3}}|{'|'.join(_CARDINALS)}|a|an)"
_ORDINAL = rf"\d{{1,3}}(?:st|nd|rd|th)|{'|'.join(_ORDINALS)}"
_PICTURE = r"(?:versions?|pictures?|images?|photos?|edits?|results?|portraits?)"


def _version(name: str) -> str:
    """Pattern of one version that is named in full: `version 2`, `the second picture`, `v2`, `the original photo`."""
    number = rf"\d{{1,3}}|{'|'.join(_CARDINALS)}"
    return (
        rf"(?:(?:the )?{_PICTURE} (?:number |no |# ?)?(?P<{name}n>{number})|v ?(?P<{name}v>\d{{1,3}})"
        rf"|(?:the )?(?P<{name}o>{_ORDINAL}) {_PICTURE}"
        rf"|(?:the |my )?(?P<{name}z>original|unedited|uploaded) {_PICTURE}"
        rf"|(?:the )?(?P<{name}l>latest|newest|most recent) {_PICTURE})"
    )


def _operand(name: str) -> str:
    """Pattern of one version where the sentence leaves no doubt that it names one: also `the original`, `it`."""
    return (
        rf"(?:{_version(name)}|(?:the )?(?P<{name}p>{_ORDINAL})(?: one)?|(?:the )?(?P<{name}m>latest|newest)(?: one)?"
        rf"|the (?P<{name}b>original|(?:very )?(?:beginning|start))(?: one)?"
        rf"|(?P<{name}s>this|this one|this {_PICTURE}|it|the current(?: {_PICTURE}| one)?))"
    )


_POLITE = re.compile(
    r"^(?:(?:please|ok|okay|oh|hm+|no|wait|well|now|just|actually|so|and|then|hey|can you|could you|would you|can we|"
    r"could we|let us|lets|let's|i want to|i'd like to|i would like to|i want you to)\b[ ,]*)+"
)
_TRAIL = re.compile(r"(?:[ ,]*\b(?:please|now|again|thanks|thank you|then|for me))+$")
_STEPS = rf"(?: {_COUNT} (?:steps?|times?|edits?|changes?|versions?)| (?P<twice>twice))?"
_UNDO = re.compile(
    rf"undo{_STEPS}|(?:go |step )?back {_COUNT.replace('count', 'back')} (?:steps?|versions?)|(?:go |step )back|"
    rf"(?:go |take me |switch )?back to the (?:previous|last|earlier) {_PICTURE}"
)
_REDO = re.compile(rf"redo{_STEPS}(?: (?:it|that))?|(?:undo|take back|reverse) the undo|go forward|step forward")
_GO_TO = re.compile(
    rf"(?:(?:go|get|return|switch|jump|take me|bring me|move|roll|revert|change|bring it) ?(?:back |over )?to|back to) "
    rf"(?:{_version('a')}|the (?P<ab>original|(?:very )?(?:beginning|start))(?: one)?)"
    rf"|(?:restore|show(?: me)?|use|keep|pick|take|choose|i(?:'ll| will)? (?:keep|take|choose|pick)|"
    rf"continue (?:with|from)) {_version('c')}|{_version('e')}"
)
_SIDE = re.compile(
    r"(?:keep|take|use|pick|choose|i(?:'ll| will)? (?:keep|take|choose|pick)|i prefer|i like) the "
    r"(?P<side>left|right|first|second|former|latter|other)(?: one| version| picture| image)?(?: (?:better|more|best))?"
)
_JOIN = r"(?:and|with|to|against|versus|vs\.?|or)"
_COMPARE = re.compile(
    rf"(?:compare|show(?: me)?(?: both)?|put) {_operand('a')},? {_JOIN} (?:{_operand('c')}|(?P<bare>\d{{1,3}}))"
    rf"(?: (?:side by side|next to each other|together))?"
    rf"|compare(?: {_operand('e')})? (?:with|to|against) {_operand('g')}"
    rf"|(?P<last>compare the last two(?: {_PICTURE})?)"
    rf"|(?P<plain>compare(?: (?:them|both|the two))?|(?:show(?: me)?(?: them| both)? )?side by side"
    rf"|show(?: me)? both(?: {_PICTURE})?)"
    rf"|(?P<before>(?:show(?: me)? (?:the )?)?before and after)"
)
_RETRY = re.compile(r"(?:try|do)(?: it| that)? (?:again|once more)|retry|once more|another try|one more try")


@dataclass(frozen=True, slots=True)
class Navigation:
    """A move through the history.

    Attributes:
        kind: where to.
        steps: of an undo or redo.
        versions: target of `go_to`; the pair to `compare`, empty for the version shown and the one before.
    """

    kind: Literal["undo", "redo", "go_to", "compare"]
    steps: int = 1
    versions: tuple[int, ...] = ()


def read_navigation(utterance: str, comparison: Sequence[int] | None = None) -> Navigation | None:
    """The navigation that an utterance asks for and nothing else; None where it is for the tracker.

    `comparison` is the pair of versions that the user sees side by side, if any: "keep the left one".
    """
    words = _plain(utterance)
    if not words:
        return None
    if comparison and (match := _SIDE.fullmatch(words)):
        is_first = match["side"] in ("left", "first", "former")
        side = OTHER if match["side"] == "other" else comparison[0 if is_first else 1]
        return Navigation("go_to", versions=(side,))
    if match := _UNDO.fullmatch(words):
        return Navigation("undo", steps=_steps(match["count"] or match["back"], match["twice"]))
    if match := _REDO.fullmatch(words):
        return Navigation("redo", steps=_steps(match["count"], match["twice"]))
    if match := _COMPARE.fullmatch(words):
        return _read_compare(match)
    if match := _GO_TO.fullmatch(words):
        return Navigation("go_to", versions=(_number(match, "a", "c", "e"),))
    return None


def is_retry(utterance: str) -> bool:
    """Whether the user wants what just failed to be tried again."""
    words = " ".join(utterance.lower().split()).rstrip(".!?")
    return len(words) <= MAX_CHARACTERS and bool(_RETRY.fullmatch(_POLITE.sub("", words).removesuffix(" please")))


def _plain(utterance: str) -> str:
    if len(utterance) > MAX_CHARACTERS:
        return ""
    words = " ".join(utterance.lower().replace("’", "'").split()).strip(" .!?;:")
    return _TRAIL.sub("", _POLITE.sub("", words)).strip(" .!?,;:")


def _steps(count: str | None, twice: str | None) -> int:
    if twice:
        return 2
    if count is None or count in ("a", "an"):
        return 1
    return max(1, _integer(count))


def _read_compare(match: re.Match[str]) -> Navigation:
    if match["plain"]:
        return Navigation("compare")
    if match["last"]:
        return Navigation("compare", versions=(LAST_BUT_ONE, NEWEST))
    if match["before"]:
        return Navigation("compare", versions=(0, SHOWN))
    if match["bare"]:
        return Navigation("compare", versions=(_number(match, "a"), int(match["bare"])))
    first, second = _number(match, "a", "e"), _number(match, "c", "g")
    return Navigation("compare", versions=(first, second) if first != SHOWN else (second, first))


def _number(match: re.Match[str], *names: str) -> int:
    """The version that one of the named patterns matched; the version shown where none did."""
    groups = match.groupdict()
    for name in names:
        found = {kind: groups.get(name + kind) for kind in "nvozlpmbs"}
        if number := found["n"] or found["v"] or found["o"] or found["p"]:
            return _integer(number)
        if found["z"] or found["b"]:
            return 0
        if found["l"] or found["m"]:
            return NEWEST
        if found["s"]:
            return SHOWN
    return SHOWN


def _integer(word: str) -> int:
    if word in _ORDINALS:
        return _ORDINALS.index(word)
    if word in _CARDINALS:
        return _CARDINALS.index(word)
    return int(re.sub(r"\D", "", word))
