"""The conversation as a state machine (paper, Fig. 5), on one screen."""

from langchain_core.tools import BaseTool
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import END, START, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode

from ..dialogue.protocols import DialogueModel
from ..tools.errors import tell_edit_error
from .gate import Gate
from .nodes import Check, Compare, Respond, Track, navigate, route_tracked, route_utterance
from .second_opinion import SecondOpinion
from .state import DialogueState


def build_graph(
    model: DialogueModel,
    editor_tool: BaseTool,
    checkpointer: BaseCheckpointSaver | bool | None = None,
    gate: Gate = Gate(),  # noqa: B008 - frozen
    opinion: SecondOpinion | None = None,
    seed: int | None = None,
) -> CompiledStateGraph:
    """Wire the nodes: track -> (changed?) -> edit through the tool -> gate -> respond.

    Args:
        model: tracker and responder.
        editor_tool: `tools.edit_face_tool(...)`, or a tool with its schema and artifact.
        checkpointer: where threads are kept; None inside another graph.
        gate: what counts as shown.
        opinion: a second tracker to record beside the first.
        seed: samples the wording of replies; greedy where None.
    """
    graph = StateGraph(DialogueState)
    graph.add_node("navigate", navigate)
    graph.add_node("track", Track(model, editor_tool.name, seed))
    graph.add_node("edit", ToolNode([editor_tool], name="edit", handle_tool_errors=tell_edit_error))
    graph.add_node("gate", Check(gate, editor_tool.name))
    graph.add_node("respond", Respond(gate, opinion))

    graph.add_conditional_edges(START, route_utterance, ["navigate", "track", "respond"])
    graph.add_edge("navigate", END)
    graph.add_conditional_edges("track", route_tracked, ["edit", "respond"])
    graph.add_edge("edit", "gate")
    graph.add_conditional_edges("gate", route_tracked, ["edit", "respond"])
    graph.add_edge("respond", END)
    if opinion is not None:  # beside edit or respond; it only hands the question over
        graph.add_node("compare", Compare(opinion))
        graph.add_edge("track", "compare")
        graph.add_edge("compare", END)
    return graph.compile(checkpointer=checkpointer)
