"""Give `edit_face` to an agent of your own.

Run it as it stands: a scripted chat model stands in for yours, so that no key is needed, and the portraits that ship
are edited for real.  With a model of your own, replace `ScriptedModel(...)` by, say, `ChatOpenAI(model="...")`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from chatedit.tools import edit_face_tool
from chatedit.tools.errors import tell_edit_error
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessage, BaseMessage, ToolMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from langchain_core.tools import BaseTool
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.state import CompiledStateGraph
from langgraph.prebuilt import ToolNode, tools_condition


class ScriptedModel(BaseChatModel):
    """Calls the tool once for the picture `image`, then reports what the tool said."""

    image: str

    @property
    def _llm_type(self) -> str:
        return "scripted"

    def bind_tools(self, tools: Sequence[Any], **_: Any) -> "ScriptedModel":
        return self

    def _generate(self, messages: list[BaseMessage], *_: Any, **__: Any) -> ChatResult:
        if isinstance(messages[-1], ToolMessage):
            answer = AIMessage(f"Here you are. {messages[-1].text}")
        else:
            wanted = {"hair color": ["blond hair"], "expression": ["smiling"]}
            arguments = {"image": self.image, "belief_state": wanted}
            answer = AIMessage("", tool_calls=[{"name": "edit_face", "args": arguments, "id": "call-1"}])
        return ChatResult(generations=[ChatGeneration(message=answer)])


def build_agent(model: BaseChatModel, tool: BaseTool) -> CompiledStateGraph:
    """The usual loop: the model asks for tools until it answers."""
    bound = model.bind_tools([tool])
    graph = StateGraph(MessagesState)
    graph.add_node("model", lambda state: {"messages": [bound.invoke(state["messages"])]})
    graph.add_node("tools", ToolNode([tool], handle_tool_errors=tell_edit_error))
    graph.add_edge(START, "model")
    graph.add_conditional_edges("model", tools_condition, {"tools": "tools", "__end__": END})
    graph.add_edge("tools", "model")
    return graph.compile()


def main() -> None:
    from chatedit.tools.local_editor import load_local_editor
    from chatedit.tools.samples import shipped_samples
    from chatedit.tools.store import Store

    editor, store = load_local_editor("portraits"), Store(Path("chatedit-example"))
    image = store.put_image(shipped_samples("portraits")[1].path.read_bytes())
    agent = build_agent(ScriptedModel(image=image), edit_face_tool(editor, store))
    result = agent.invoke({"messages": [("user", "Make the person in my picture blond and happy.")]})
    print(result["messages"][-1].text)
    picture = next(m.artifact["image"] for m in result["messages"] if isinstance(m, ToolMessage))
    print("picture:", store.image_path(picture))
    editor.close()


if __name__ == "__main__":
    main()
