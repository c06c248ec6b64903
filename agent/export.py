"""A thread as files: the dialogue, the pictures, and all of it as one strip."""

import json
from pathlib import Path

from ..dialogue import belief_state
from ..dialogue.dialogue_file import Dialogue, act_from_json, dialogue_to_json, write_jsonl
from ..dialogue.dialogue_file import Turn as DialogueTurn
from ..tools.picture_strip import Tile, write_strip
from ..tools.store import Store
from .state import DialogueState, Turn
from .versions import lineage

DIALOGUE_FILE, STRIP_FILE, TURNS_FILE = "dialogue.jsonl", "strip.png", "turns.json"


def dialogue_of(state: DialogueState, name: str) -> Dialogue:
    """What led to the version shown, in the form that every command reads."""
    turns = tuple(
        DialogueTurn(
            turn["user"], belief_state.from_json(turn["belief_state"]), turn["system"], act_from_json(turn["act"])
        )
        for turn in lineage(state)[1:]
    )
    return Dialogue(name, state.get("caption", ""), tuple(state.get("attributes", ())), turns)


def strip_of(turns: list[Turn], store: Store) -> list[Tile]:
    """The photo and the picture of each turn, under the user's words."""
    return [Tile(store.image(turn["image"]), turn["user"] or "the photo") for turn in turns]


def export_thread(state: DialogueState, store: Store, name: str, folder: Path) -> list[Path]:
    """Write dialogue, turns with metrics, pictures and strip; the files written.

    Raises:
        UnknownImage: a picture is gone from the store.
    """
    folder.mkdir(parents=True, exist_ok=True)
    turns = lineage(state)
    write_jsonl(folder / DIALOGUE_FILE, [dialogue_to_json(dialogue_of(state, name))])
    (folder / TURNS_FILE).write_text(json.dumps(turns, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    write_strip(strip_of(turns, store), folder / STRIP_FILE)
    written = [folder / DIALOGUE_FILE, folder / TURNS_FILE, folder / STRIP_FILE]
    for version in sorted({turn["version"] for turn in turns}):
        image = next(turn["image"] for turn in turns if turn["version"] == version)
        path = folder / f"version-{version}.png"
        path.write_bytes(store.image(image))
        written.append(path)
    return written
