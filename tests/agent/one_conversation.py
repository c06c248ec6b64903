"""A conversation `t` about one photo over scripted models, with everything that it is made of."""

from pathlib import Path
from typing import NamedTuple

from chatedit.agent.conversation import Conversations
from chatedit.agent.graph import build_graph
from chatedit.tools.edit_face import edit_face_tool
from chatedit.tools.leases import FolderLeases
from chatedit.tools.photo import admit_photo
from chatedit.tools.store import Store
from langgraph.checkpoint.memory import InMemorySaver
from scripted import FakeEditor, WordModel, png


class Setup(NamedTuple):
    talk: Conversations
    editor: FakeEditor
    model: WordModel
    store: Store


def make(folder: Path, editor: FakeEditor | None = None, checkpointer=None, **options) -> Setup:
    """`options` go to `build_graph`."""
    editor, model, store = editor or FakeEditor(), WordModel(), Store(folder / "store")
    tool = edit_face_tool(editor, store)
    graph = build_graph(model, tool, checkpointer=checkpointer or InMemorySaver(), **options)
    talk = Conversations(graph, FolderLeases(folder / "leases"), editor.cancel, options.get("opinion"))
    talk.open("t", admit_photo(editor, store, png(), "This is a photo of a woman.", ["brown hair"]))
    return Setup(talk, editor, model, store)
