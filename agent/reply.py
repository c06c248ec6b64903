"""The words of an answer. It never claims what the picture does not show."""

import random
import re
from collections.abc import Collection, Sequence

from ..dialogue import belief_state, system_words
from ..dialogue.belief_state import BeliefState, TurnUpdate
from ..dialogue.dialogue_file import Act
from ..dialogue.ontology import ONTOLOGY

_SENTENCE = re.compile(r"[^.!?]+[.!?]*")
_INVITATION = re.compile(r"\b(?:tell me|let me know|just say|what else|your turn|ready when)\b", re.IGNORECASE)
# words by which a sentence names a value; where two values share a word, neither is listed by it
_NAMES = {
    "brown hair": ("brown",),
    "blond hair": ("blond", "blonde"),
    "black hair": ("black hair",),
    "gray hair": ("gray", "grey"),
    "smiling": ("smile", "smiling"),
    "no smiling": ("smile", "smiling"),
    "mustache": ("mustache", "moustache"),
    "no bangs": ("bangs", "fringe"),
    "bangs": ("bangs", "fringe"),
    "no beard": ("beard",),
    "no makeup": ("makeup",),
    "heavy makeup": ("makeup",),
    "receding hairline": ("hairline",),
    "bushy eyebrows": ("eyebrows", "brows"),
    "rosy cheeks": ("cheeks", "blush"),
    "pale skin": ("pale",),
}
NO_PHOTO = "Give me a photo first: then tell me what you would like to change."
NOT_UNDERSTOOD = "I am sorry, I could not make out what you would like to change. Could you say it in other words?"
OTHER_PERSON = "I am afraid the face has changed more than it should; an undo brings the last picture back."


def honest(
    text: str,
    act: Act,
    caption: str,
    before: BeliefState,
    after: BeliefState,
    update: TurnUpdate,
    missing: Collection[str] = (),
) -> str:
    """The drafted reply, its statement replaced where it names a value that neither state has, or a missing one.

    The draft is decoded beside the state, not from it, so that the two may differ.
    """
    statement, question = split(text, act, caption)
    if not claimed(statement) - _named_by({*belief_state.values(before), *belief_state.values(after)} - {*missing}):
        return text
    kind = "done" if update.added else "undone" if update.removed else "reset" if update.is_reset else "unchanged"
    remark = system_words.remark(kind, system_words.person_of(caption), random.Random(text))
    return f"{remark} {question}"


def admitting(text: str, act: Act, caption: str, shown: Sequence[str], missing: Sequence[str], is_retried: bool) -> str:
    """A reply that says what worked, what does not show in the picture, and the draft's question.

    `is_retried`: a second edit, with more weight on what was missing, came to its end.
    """
    _, question = split(text, act, caption)
    opening = f"{listed(shown).capitalize()} worked" if shown else "I tried"
    tried = ", not even with more weight" if is_retried else ""
    return f"{opening}, but {unseen(missing)} in the picture{tried}. {question}"


def unseen(missing: Sequence[str]) -> str:
    """`lipstick and bangs do not really show`."""
    return f"{listed(missing)} {'does' if len(missing) == 1 else 'do'} not really show"


def failed(error_type: str, message: str) -> str:
    """What the user hears when an edit came to nothing."""
    if error_type == "EditCancelled":
        return "Cancelled. The picture stays as it was; say “try again” if you want it after all."
    return f"I could not do that: {message}. Nothing has changed; say “try again” to let me try once more."


def split(text: str, act: Act, caption: str) -> tuple[str, str]:
    """Statement and question of a reply; the question is the act's own where the reply has none."""
    sentences = [part.strip() for part in _SENTENCE.findall(text)]
    asks = [part for part in sentences if part.endswith("?") or _INVITATION.search(part)]
    statement = " ".join(part for part in sentences if part not in asks)
    asked = " ".join(asks) or system_words.question(act, system_words.person_of(caption), random.Random(text))
    return statement, asked


def claimed(statement: str) -> set[str]:
    """Words by which a statement names values of the ontology."""
    lowered = statement.lower()
    words = {word for value in ONTOLOGY.values for word in _words_of(value)}
    return {word for word in words if re.search(rf"\b{word}\b", lowered)}


def listed(values: Sequence[str]) -> str:
    """`lipstick, bangs and blond hair`; an absence as `the request “no beard”`."""
    names = [f"“{value}”" if value.startswith("no ") else value for value in values]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _named_by(values: Collection[str]) -> set[str]:
    return {word for value in values for word in _words_of(value)}


def _words_of(value: str) -> tuple[str, ...]:
    return _NAMES.get(value, (value,))
