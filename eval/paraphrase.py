"""Paraphrase by a language model (paper, section 3.1), kept only where nobody hears another wish in it."""

import hashlib
import json
import re
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from ..dialogue import belief_state
from ..dialogue.belief_state import diff
from ..dialogue.contexts import context_at
from ..dialogue.dialogue_file import Dialogue, Turn, dialogue_from_json, dialogue_to_json, write_jsonl
from ..dialogue.errors import DialogueError
from ..dialogue.formats import Context
from ..dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY
from ..dialogue.protocols import Tracker
from .chat_client import ChatClient
from .errors import EndpointFailed, JournalMismatch
from .review import read_changes

TurnCheck = Callable[[Sequence[Context], Dialogue], Sequence[bool]]
"""Contexts of a paraphrased dialogue's turns and the dialogue itself to: does each turn still mean what it meant?"""

_LIST = re.compile(r"\[.*\]", re.DOTALL)


@dataclass(frozen=True, slots=True)
class ParaphraseResult:
    """What a run did: turns reworded, turns whose new wording was dropped, dialogues that the endpoint failed on."""

    num_reworded: int
    num_dropped: int
    failed: tuple[str, ...]


def paraphrase(
    dialogues: Sequence[Dialogue],
    client: ChatClient,
    checks: Sequence[TurnCheck],
    out: Path,
    concurrency: int = 4,
    on_dialogue: Callable[[], None] = lambda: None,
) -> ParaphraseResult:
    """Write the dialogues to `out` in new words, in their order; states and acts stay as they are.

    Each finished dialogue goes into a journal beside `out`, so that an interrupted run continues where it was; the
    journal is removed and `out` written, atomically, only when every dialogue is done. Where some failed, what is done
    stays in the journal, and another run asks for the failed ones again.

    Raises:
        EndpointUnusable: at once; what was finished is kept.
        JournalMismatch: a journal of another run is in the way.
    """
    journal = _Journal.open(out.with_name(f"{out.name}.journal"), dialogues, client)
    failed: list[str] = []
    for _ in journal.done:
        on_dialogue()
    todo = [dialogue for dialogue in dialogues if dialogue.id not in journal.done]
    for dialogue, reworded in _answers(todo, client, concurrency):
        if reworded is None:
            failed.append(dialogue.id)
        else:
            journal.add(kept_where_unchanged(dialogue, reworded, checks))
        on_dialogue()
    counts = [journal.counts(dialogue) for dialogue in dialogues if dialogue.id in journal.done]
    if not failed:
        journal.finish(out, dialogues)
    return ParaphraseResult(sum(new for new, _ in counts), sum(old for _, old in counts), tuple(failed))


def kept_where_unchanged(dialogue: Dialogue, reworded: Dialogue, checks: Sequence[TurnCheck]) -> Dialogue:
    """The new wording of each turn that every check still understands, the old one elsewhere.

    A user's line stands or falls together with the system line that it answers: "yes, please" means nothing alone.
    """
    turns = list(dialogue.turns)
    states = [turn.state or belief_state.EMPTY for turn in dialogue.turns]
    systems = [turn.system or "" for turn in reworded.turns]
    contexts = [context_at(reworded, index, states, systems) for index in range(len(turns))]
    verdicts = [check(contexts, dialogue) for check in checks]
    for index, turn in enumerate(reworded.turns):
        if all(verdict[index] for verdict in verdicts):
            turns[index] = replace(turns[index], user=turn.user)
            if index:
                turns[index - 1] = replace(turns[index - 1], system=reworded.turns[index - 1].system)
    return replace(dialogue, turns=tuple(turns))


def tracker_check(tracker: Tracker) -> TurnCheck:
    """A turn passes where the tracker, given the state before it, gets the annotated state from the new words."""

    def check(contexts: Sequence[Context], dialogue: Dialogue) -> Sequence[bool]:
        heard = tracker.track(contexts)
        return [
            not tracked.error and belief_state.pairs(tracked.state) == belief_state.pairs(turn.state or {})
            for tracked, turn in zip(heard, dialogue.turns, strict=True)
        ]

    return check


def second_opinion(client: ChatClient) -> TurnCheck:
    """A turn passes where the model, asked what it changes, names just the annotated changes."""
    listed = "; ".join(f"{slot}: {', '.join(values)}" for slot, values in ONTOLOGY.slots.items())
    system = f"{_prompt('paraphrase_check.txt')}The values: {listed}."

    sober = client.at(temperature=0.0)

    def check(contexts: Sequence[Context], dialogue: Dialogue) -> Sequence[bool]:
        return [_agrees(sober, system, c, turn) for c, turn in zip(contexts, dialogue.turns, strict=True)]

    return check


def _agrees(client: ChatClient, system: str, context: Context, turn: Turn) -> bool:
    before = context.exchanges[-1][1] if context.exchanges else ""
    held = belief_state.to_text(context.state) or "nothing"
    asked = f"Asked for so far: {held}\nAssistant: {before}\nUser: {context.user}"
    try:
        answer = client.ask([{"role": "system", "content": system}, {"role": "user", "content": asked}])
        update = read_changes(answer.strip().strip(".\"'`"))
        state = belief_state.apply(context.state, update, OPEN_ONTOLOGY)
    except (EndpointFailed, ValueError, DialogueError):
        return False  # no opinion is no approval
    return diff(state, turn.state or {}, OPEN_ONTOLOGY).is_empty


def _answers(
    dialogues: Sequence[Dialogue], client: ChatClient, concurrency: int
) -> Iterator[tuple[Dialogue, Dialogue | None]]:
    """Reworded dialogues as they come in, None where the endpoint failed; at most `concurrency` calls at a time."""
    waiting = iter(dialogues)
    running: dict[Future[Dialogue], Dialogue] = {}
    with ThreadPoolExecutor(concurrency) as pool:
        try:
            while True:
                while len(running) < concurrency and (dialogue := next(waiting, None)):
                    running[pool.submit(_reworded, dialogue, client)] = dialogue
                if not running:
                    return
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    dialogue = running.pop(future)
                    try:
                        yield dialogue, future.result()
                    except EndpointFailed:
                        yield dialogue, None
        finally:
            pool.shutdown(cancel_futures=True)


def _reworded(dialogue: Dialogue, client: ChatClient) -> Dialogue:
    lines = [{"user": turn.user, "system": turn.system or ""} for turn in dialogue.turns]
    messages = [
        {"role": "system", "content": _prompt("paraphrase.txt")},
        {"role": "user", "content": json.dumps(lines, ensure_ascii=False)},
    ]
    answer = client.ask(messages, lambda text: _checked_lines(text, dialogue))
    turns = zip(dialogue.turns, _checked_lines(answer, dialogue), strict=True)
    return replace(dialogue, turns=tuple(replace(turn, user=user, system=system) for turn, (user, system) in turns))


def _checked_lines(answer: str, dialogue: Dialogue) -> list[tuple[str, str | None]]:
    found = _LIST.search(answer)
    if not found:
        raise ValueError("the answer has no JSON list")
    lines: Any = json.loads(found.group())
    if len(lines) != len(dialogue.turns):
        raise ValueError(f"{len(lines)} turns instead of {len(dialogue.turns)}")
    return [_line(line, turn) for line, turn in zip(lines, dialogue.turns, strict=True)]


def _line(line: Any, turn: Turn) -> tuple[str, str | None]:
    texts = [line.get(key) if isinstance(line, dict) else None for key in ("user", "system")]
    user, system = (" ".join(text.split()) if isinstance(text, str) else "" for text in texts)
    if not user or (turn.system and not system):
        raise ValueError("a turn without words")
    return user, system if turn.system else turn.system


def _prompt(name: str) -> str:
    return (files("chatedit.prompts") / name).read_text(encoding="utf-8")


@dataclass(slots=True)
class _Journal:
    """Finished dialogues of a run that may be interrupted; its first line says which run it is."""

    path: Path
    done: dict[str, Dialogue]

    @classmethod
    def open(cls, path: Path, dialogues: Sequence[Dialogue], client: ChatClient) -> "_Journal":
        text = json.dumps([dialogue_to_json(dialogue) for dialogue in dialogues])
        run = {"dialogues": hashlib.sha256(text.encode()).hexdigest(), "model": client.settings.model}
        journal = cls(path, {})
        if path.exists():
            journal._read(run)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(run) + "\n", encoding="utf-8")
        return journal

    def _read(self, run: dict[str, str]) -> None:
        text = self.path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # a killed run may have left half a line
        first, *records = whole.split("\n")[:-1] or [""]
        if first != json.dumps(run):
            raise JournalMismatch(str(self.path))
        if whole != text:
            self.path.write_text(whole, encoding="utf-8")
        for record in records:
            dialogue = dialogue_from_json(json.loads(record), OPEN_ONTOLOGY)
            self.done[dialogue.id] = dialogue

    def add(self, dialogue: Dialogue) -> None:
        self.done[dialogue.id] = dialogue
        with self.path.open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(dialogue_to_json(dialogue), ensure_ascii=False) + "\n")

    def counts(self, dialogue: Dialogue) -> tuple[int, int]:
        """Turns with new words for the user, and turns that kept the old ones."""
        pairs = zip(dialogue.turns, self.done[dialogue.id].turns, strict=True)
        new = sum(old.user != new.user for old, new in pairs)
        return new, len(dialogue.turns) - new

    def finish(self, out: Path, dialogues: Sequence[Dialogue]) -> None:
        part = out.with_name(f"{out.name}.part")
        write_jsonl(part, (dialogue_to_json(self.done[dialogue.id]) for dialogue in dialogues))
        part.replace(out)
        self.path.unlink()
