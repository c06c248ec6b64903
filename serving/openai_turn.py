"""One request of OpenAI's protocol as turns on a thread."""

from dataclasses import dataclass

from ..agent.errors import UnknownThread
from ..agent.reply import NO_PHOTO
from ..agent.state import Turn
from .border import Border, Caller
from .openai_messages import Dialogue
from .openai_schemas import Result
from .outcomes import Outcome
from .schemas import ErrorView
from .turn_follower import OnEvent

WHAT_TO_CHANGE = "I have your photo. What would you like to change?"
MAX_TURNS = 1_000_000


@dataclass(frozen=True, slots=True)
class Answered:
    """The answer in parts (words, then pictures as Markdown), and the same for programs."""

    parts: tuple[str, ...]
    result: Result

    @property
    def text(self) -> str:
        """All of it."""
        return "".join(self.parts)


class DialogueTurn:
    """A turn on a thread that exists (`thread`, `words`), or on the one that a dialogue names.

    Args:
        border: what is served.
        caller: who calls.
        key: makes a turn on a thread that exists idempotent; a dialogue's are by themselves.
    """

    def __init__(
        self,
        border: Border,
        caller: Caller,
        thread: str = "",
        words: str = "",
        key: str | None = None,
        dialogue: Dialogue | None = None,
    ) -> None:
        self._service, self._owner, self._views = border.service, caller.owner, caller.views
        self._words, self._key, self._dialogue = words, key, dialogue
        self._thread = thread
        if dialogue is not None and dialogue.said:
            self._thread = border.signer.name(caller.owner, dialogue.said[0].id)

    def run(self, on_event: OnEvent) -> Answered:
        """Do it. Raises: as `Service.open_thread` and `Service.say`."""
        if self._dialogue is None:
            outcome = self._service.say(self._owner, self._thread, self._words, self._key, on_event)
            return self._answered(outcome, outcome["is_changed"])
        if self._dialogue.photo is None:
            return Answered((NO_PHOTO,), Result())
        if not self._dialogue.said:
            stored = self._service.put_image(self._owner, self._dialogue.photo)
            return Answered((WHAT_TO_CHANGE,), Result(image=self._views.image(stored.reference)))
        return self._converse(self._dialogue, self._dialogue.photo, on_event)

    def cancel(self) -> bool:
        """End it, where it runs."""
        return self._service.cancel(self._owner, self._thread)

    def _converse(self, dialogue: Dialogue, photo: bytes, on_event: OnEvent) -> Answered:
        """Say what the thread does not know yet, after the last turn that it knows."""
        known = {turn["message_id"]: turn["id"] for turn in self._turns(photo)}
        num_known = max((place for place, said in enumerate(dialogue.said, 1) if said.id in known), default=0)
        start = min(num_known, len(dialogue.said) - 1)  # the last one is said again: it is answered as before
        after = known[dialogue.said[start - 1].id] if start else 0
        outcome = None
        for said in dialogue.said[start:]:
            outcome = self._service.say(
                self._owner, self._thread, said.text, on_event=on_event, message_id=said.id, after=after
            )
            after = outcome["turn"]["id"]
        assert outcome is not None
        return self._answered(outcome, outcome["is_changed"] or num_known == len(dialogue.said))

    def _turns(self, photo: bytes) -> list[Turn]:
        """Turns of the thread, which is opened where it is not there."""
        try:
            return self._service.turns(self._owner, self._thread, MAX_TURNS)
        except UnknownThread:
            reference = self._service.put_image(self._owner, photo).reference
            self._service.attach_photo(self._owner, self._thread, reference)
            return []

    def _answered(self, outcome: Outcome, shows_picture: bool) -> Answered:
        turn, error = outcome["turn"], outcome["error"]
        shown = outcome["comparison"] or ([turn] if shows_picture else [])
        result = Result(
            thread=outcome["thread"],
            version=turn["version"],
            is_changed=outcome["is_changed"],
            belief_state=turn["belief_state"],
            missing=turn["missing"],
            image=self._views.image(turn["image"]),
            error=None if error is None else ErrorView(**error),
        )
        return Answered((outcome["reply"], *(self._link(one) for one in shown)), result)

    def _link(self, turn: Turn) -> str:
        return f"\n\n![version {turn['version']}]({self._views.url(turn['image'])})"
