"""The MCP server, whatever carries its messages: lists the tools, calls them, tells errors."""

import base64
import logging
from collections.abc import Awaitable, Callable

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.types import (
    CallToolRequestParams,
    CallToolResult,
    ImageContent,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from pydantic import ValidationError

from .. import __version__
from .mcp_tools import TOOLS, McpCaller, McpTool, TurnCameToNothing
from .problems import problem_of

logger = logging.getLogger(__name__)
INSTRUCTIONS = """Edits portraits by conversation. `upload_image` (or `list_sample_portraits`) gives an image id; \
`converse` starts a conversation about it and goes on with it; every answer names the picture that is shown now, and \
`get_image` shows it."""
_ADVICE = {
    "UnknownImage": "use an id from upload_image, list_sample_portraits or an earlier answer",
    "UnknownThread": "start a conversation: call converse with `image` instead of `thread`",
}
CallerOf = Callable[[ServerRequestContext], Awaitable[McpCaller]]


def mcp_server(caller_of: CallerOf) -> Server:
    """A server whose callers `caller_of` tells by the context of a request."""

    async def list_tools(_: ServerRequestContext, __: PaginatedRequestParams | None) -> ListToolsResult:
        return ListToolsResult(tools=[_described(tool) for tool in TOOLS.values()])

    async def call_tool(context: ServerRequestContext, params: CallToolRequestParams) -> CallToolResult:
        return await _called(lambda: caller_of(context), params)

    return Server(
        "chatedit",
        version=__version__,
        title="ChatEdit",
        instructions=INSTRUCTIONS,
        on_list_tools=list_tools,
        on_call_tool=call_tool,
    )


def _described(tool: McpTool) -> Tool:
    return Tool(
        name=tool.name,
        description=tool.description,
        input_schema=tool.takes.model_json_schema(),
        output_schema=tool.gives.model_json_schema() if tool.gives is not None else None,
        annotations=ToolAnnotations(
            read_only_hint=tool.is_read_only, destructive_hint=False, idempotent_hint=False, open_world_hint=False
        ),
    )


async def _called(caller: Callable[[], Awaitable[McpCaller]], params: CallToolRequestParams) -> CallToolResult:
    """The result of a call; whatever goes wrong is told to the model, so that it can do better."""
    tool = TOOLS.get(params.name)
    if tool is None:
        return _failed(f"UnknownTool: there is no tool {params.name!r}; the tools are {', '.join(TOOLS)}")
    try:
        given = tool.takes.model_validate(params.arguments or {})
    except ValidationError as error:
        return _failed(_wrong_arguments(error))
    try:
        result = await tool.run(await caller(), given)
    except Exception as error:  # outermost: a tool's failure is an answer
        return _failed(_told(error))
    if isinstance(result, bytes):
        picture = ImageContent(type="image", data=base64.b64encode(result).decode(), mime_type="image/png")
        return CallToolResult(content=[picture])
    data = result.model_dump(exclude_none=True)
    # as text too: not every client shows structured content to its model
    text = TextContent(type="text", text=result.model_dump_json(exclude_none=True))
    return CallToolResult(content=[text], structured_content=data)


def _told(error: Exception) -> str:
    if isinstance(error, TurnCameToNothing):
        return f"{error.args[0]}: {error}"
    problem, headers = problem_of(error)
    if problem.status >= 500:
        logger.error("an MCP tool failed: %s", type(error).__name__, exc_info=error)
    name = problem.type.rsplit(":", 1)[-1]
    advice = _ADVICE.get(name, "")
    if (seconds := headers.get("Retry-After")) is not None:
        advice = f"call again in {seconds} s"
    return f"{name}: {problem.detail}" + (f"; {advice}" if advice else "")


def _wrong_arguments(error: ValidationError) -> str:
    wrong = [f"{'.'.join(map(str, one['loc'])) or 'arguments'}: {one['msg']}" for one in error.errors()]
    return "InvalidArguments: " + "; ".join(wrong)


def _failed(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(type="text", text=text)], is_error=True)
