"""Put the whole of ChatEdit into a graph of your own, as one node.

The outer graph routes: what concerns the picture goes to ChatEdit, anything else to a desk of its own.  Both share
one thread; ChatEdit's state lives in the outer graph's state, so that one checkpointer keeps everything.
"""

from pathlib import Path
from typing import Literal

from chatedit.agent import build_graph
from chatedit.agent.state import DialogueState
from chatedit.dialogue.protocols import DialogueModel
from langchain_core.messages import AIMessage
from langchain_core.tools import BaseTool
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph


class StudioState(DialogueState):
    """ChatEdit's state and what the studio needs beside it."""

    num_questions: int


def route(state: StudioState) -> Literal["desk", "chatedit"]:
    """Prices are the desk's business."""
    return "desk" if "price" in str(state["messages"][-1].text).lower() else "chatedit"


def desk(state: StudioState) -> dict:
    answer = AIMessage("A print of your portrait costs 12 euros.")
    return {"messages": [answer], "num_questions": state.get("num_questions", 0) + 1}


def build_studio(model: DialogueModel, editor_tool: BaseTool) -> CompiledStateGraph:
    """The outer graph."""
    graph = StateGraph(StudioState)
    graph.add_node("desk", desk)
    graph.add_node("chatedit", build_graph(model, editor_tool))
    graph.add_conditional_edges(START, route)
    graph.add_edge("desk", END)
    graph.add_edge("chatedit", END)
    return graph.compile(checkpointer=InMemorySaver())


def main() -> None:
    from chatedit.dialogue.t5 import load_dialogue_model
    from chatedit.tools import edit_face_tool
    from chatedit.tools.local_editor import load_local_editor
    from chatedit.tools.photo import admit_photo
    from chatedit.tools.samples import shipped_samples
    from chatedit.tools.store import Store

    editor, store = load_local_editor("portraits"), Store(Path("chatedit-example"))
    sample = shipped_samples("portraits")[1]
    photo = admit_photo(editor, store, sample.path.read_bytes(), sample.caption, sample.attributes)
    studio = build_studio(load_dialogue_model(), edit_face_tool(editor, store))
    thread = {"configurable": {"thread_id": "a customer"}}
    given = {"image": photo.reference, "caption": photo.caption, "attributes": list(photo.attributes)}
    for words in ("Make the hair blond, please.", "What is the price of a print?", "And add bangs.", "undo"):
        state = studio.invoke({**given, "messages": [("user", words)]}, thread)
        print(f"{words}\n  {state['messages'][-1].text}\n  {state['belief_state']}")
    print("picture:", store.image_path(state["picture"]))
    editor.close()


if __name__ == "__main__":
    main()
