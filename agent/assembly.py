"""An agent with the real models, from names: what the commands and LangGraph's own tools start."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from langgraph.graph.state import CompiledStateGraph

from ..dialogue.protocols import DialogueModel
from ..dialogue.second_trackers import open_second_tracker
from ..tools.edit_face import DEFAULT_TIMEOUT_S, edit_face_tool
from ..tools.editor import Editor
from ..tools.leases import FolderLeases
from ..tools.store import Store
from .checkpointers import is_postgres, open_checkpointer
from .conversation import Conversations
from .graph import build_graph
from .second_opinion import SecondOpinion
from .thread_leases import Leases, PostgresLeases

if TYPE_CHECKING:
    from ..tools.local_editor import LocalEditor

QUICK_PRESET = "fast"  # what a conversation uses where the pack has it


def default_home() -> Path:
    """Where threads and pictures are kept unless told otherwise."""
    return Path.home() / ".local" / "share" / "chatedit"


@dataclass(frozen=True, slots=True)
class Agent:
    """Conversations with what they are made of."""

    talk: Conversations
    graph: CompiledStateGraph
    editor: Editor
    store: Store


@contextmanager
def open_agent(
    home: Path,
    pack: str | Path = "portraits",
    dialogue: str | Path | None = None,
    threads: str | None = None,
    preset: str | None = None,
    seed: int | None = None,
    second: str | None = None,
    device: str = "cpu",
    timeout_s: float | None = None,
) -> Iterator[Agent]:
    """Load the models and open the threads.

    Args:
        home: folder of pictures and threads.
        pack: name or folder of a model pack.
        dialogue: folder or hub id of the dialogue model; the embedded one where None.
        threads: DSN of PostgreSQL; a SQLite file in `home` where None.
        preset: of all edits; `fast` where None and the pack has it.
        seed: samples the wording of replies; greedy where None.
        second: another tracker to record beside the first (`dialogue.second_trackers`), for example `llm-state:gpt-4o`.
        device: of the editor, as torch names it.
        timeout_s: of one edit; the tool's own where None.
    Raises:
        PackError, UnknownPreset, ModelNotFound, UnknownTracker: a model cannot be loaded; the message says why.
        ThreadsUnavailable: threads cannot be kept there.
    """
    editor = _local_editor(pack, device)
    with ExitStack() as stack:
        stack.callback(editor.close)
        editor.pack.preset(preset)  # refused now, not at the first edit
        opinion = None if second is None else SecondOpinion(open_second_tracker(second))
        if opinion is not None:
            stack.callback(opinion.close)
        checkpointer = stack.enter_context(open_checkpointer(threads or home / "threads.sqlite"))
        leases: Leases = PostgresLeases(threads) if threads and is_postgres(threads) else FolderLeases(home / "leases")
        store = Store(home / "pictures")
        tool = edit_face_tool(
            editor, store, timeout_s or DEFAULT_TIMEOUT_S, default_preset=preset or quick_preset(editor)
        )
        graph = build_graph(_dialogue_model(dialogue), tool, checkpointer, opinion=opinion, seed=seed)
        yield Agent(Conversations(graph, leases, editor.cancel, opinion), graph, editor, store)


@cache  # LangGraph's servers ask for each run and each schema
def make_graph() -> CompiledStateGraph:
    """The graph for LangGraph's own servers (`langgraph.json`), which bring their own checkpointer."""
    editor = _local_editor("portraits")
    tool = edit_face_tool(editor, Store(default_home() / "pictures"), default_preset=quick_preset(editor))
    return build_graph(_dialogue_model(None), tool)


def quick_preset(editor: "LocalEditor") -> str | None:
    """The preset that conversations use, or None for the pack's default."""
    return QUICK_PRESET if QUICK_PRESET in editor.pack.presets else None


def _local_editor(pack: str | Path, device: str = "cpu") -> "LocalEditor":
    from ..tools.local_editor import load_local_editor  # late: torch takes seconds to import

    return load_local_editor(pack, device)


def _dialogue_model(name: str | Path | None) -> DialogueModel:
    from ..dialogue.t5 import load_dialogue_model

    return load_dialogue_model(name)
