from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from chatedit.agent.conversation import Conversations
from chatedit.agent.graph import build_graph
from chatedit.tools.edit_face import edit_face_tool
from chatedit.tools.leases import FolderLeases
from chatedit.tools.photo import admit_photo
from chatedit.tools.store import Store
from fakes import FakeEditor, WordModel, png
from langgraph.checkpoint.memory import InMemorySaver


class Setup(NamedTuple):
    """A conversation `t` about one photo, with everything that it is made of."""

    talk: Conversations
    editor: FakeEditor
    model: WordModel
    store: Store


def make(folder: Path, editor: FakeEditor | None = None, checkpointer=None, **options) -> Setup:
    editor, model, store = editor or FakeEditor(), WordModel(), Store(folder / "store")
    tool = edit_face_tool(editor, store)
    graph = build_graph(model, tool, checkpointer=checkpointer or InMemorySaver(), **options)
    talk = Conversations(graph, FolderLeases(folder / "leases"), editor.cancel)
    talk.open("t", admit_photo(editor, store, png(), "This is a photo of a woman.", ["brown hair"]))
    return Setup(talk, editor, model, store)


@pytest.fixture
def setup(tmp_path: Path) -> Iterator[Setup]:
    yield make(tmp_path)
