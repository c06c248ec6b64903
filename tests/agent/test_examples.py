"""The examples of embedding, run over scripted models; `langgraph.json` too."""

import importlib
import json
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest
from chatedit.agent import assembly
from chatedit.tools import edit_face_tool
from chatedit.tools.store import Store
from langchain_core.messages import ToolMessage
from scripted import Diverged, FakeEditor, WordModel, png

ROOT = Path(__file__).parents[2]


def example(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tool_works_in_another_agent(tmp_path: Path):
    module, editor, store = example("tool_in_another_agent"), FakeEditor(), Store(tmp_path)
    model = module.ScriptedModel(image=store.put_image(png()))
    agent = module.build_agent(model, edit_face_tool(editor, store))
    messages = agent.invoke({"messages": [("user", "blond and happy, please")]})["messages"]
    [answer] = [message for message in messages if isinstance(message, ToolMessage)]
    assert store.image(answer.artifact["image"])
    assert editor.requests[0].belief_state == {"expression": ["smiling"], "hair color": ["blond hair"]}
    assert "blond hair" in messages[-1].text


def test_another_agents_model_hears_why_an_edit_failed(tmp_path: Path):
    module, editor, store = example("tool_in_another_agent"), FakeEditor(), Store(tmp_path)
    editor.fail = [Diverged()]
    model = module.ScriptedModel(image=store.put_image(png()))
    messages = module.build_agent(model, edit_face_tool(editor, store)).invoke({"messages": [("user", "go")]})
    assert "the optimisation diverged" in messages["messages"][-1].text


def test_the_whole_agent_works_as_a_subgraph(tmp_path: Path):
    module, editor, store = example("agent_as_a_subgraph"), FakeEditor(), Store(tmp_path)
    studio = module.build_studio(WordModel(), edit_face_tool(editor, store))
    thread = {"configurable": {"thread_id": "t"}}
    given = {"image": store.put_image(png()), "caption": "", "attributes": []}
    said = {}
    for words in ("add blond hair", "what is the price?", "add bangs", "undo", "add lipstick"):
        said[words] = studio.invoke({**given, "messages": [("user", words)]}, thread)
    assert "12 euros" in said["what is the price?"]["messages"][-1].text
    assert said["add bangs"]["belief_state"] == {"hair color": ["blond hair"], "hair": ["bangs"]}
    assert said["undo"]["belief_state"] == {"hair color": ["blond hair"]}
    assert said["add lipstick"]["belief_state"] == {"hair color": ["blond hair"], "makeup": ["lipstick"]}
    assert said["add lipstick"]["num_questions"] == 1


def test_langgraph_json_names_a_graph_that_loads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    place = json.loads((ROOT / "langgraph.json").read_text())["graphs"]["chatedit"]
    module, _, name = place.partition(":")
    editor = FakeEditor()
    editor.pack = type("Pack", (), {"presets": {"fast": None}})()  # type: ignore[attr-defined]
    loaded = []
    monkeypatch.setattr(assembly, "_local_editor", lambda pack: loaded.append(pack) or editor)
    monkeypatch.setattr(assembly, "_dialogue_model", lambda _: WordModel())
    monkeypatch.setattr(assembly, "default_home", lambda: tmp_path)
    make_graph = getattr(importlib.import_module(module), name)
    make_graph.cache_clear()
    graph = make_graph()
    assert make_graph() is graph  # a server asks for each run
    assert loaded == ["portraits"]
    make_graph.cache_clear()
    image = Store(tmp_path / "pictures").put_image(png())
    state = graph.invoke({"image": image, "messages": [("user", "add bangs")]})
    assert state["belief_state"] == {"hair": ["bangs"]}
    assert editor.requests[0].options.preset == "fast"
