"""MCP over stdin and stdout, with the models in this process: what `chatedit mcp` runs."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import anyio
from mcp.server.context import ServerRequestContext
from mcp.server.stdio import stdio_server
from starlette.concurrency import run_in_threadpool

from .assembly import open_border
from .border import Border
from .config import Settings
from .keys import LOCAL_OWNER
from .mcp_server import mcp_server
from .mcp_tools import McpCaller
from .service import ServiceLimits
from .usage import RateLimits

UNLIMITED = ServiceLimits(rates=RateLimits(None, None))  # it is the user's own machine


def serve_local(settings: Settings, pack: str | Path) -> None:
    """Serve until stdin is closed. The models load meanwhile: clients wait seconds for an answer, not minutes."""
    with ExitStack() as stack, ThreadPoolExecutor(1) as loader:
        opening = loader.submit(_open, stack, settings, pack)
        serve_stdio(opening.result)


def serve_stdio(border: Callable[[], Border]) -> None:
    """Serve one client until stdin is closed; it is this machine's user. The first call waits for the border."""

    async def caller_of(context: ServerRequestContext) -> McpCaller:
        opened = await run_in_threadpool(border)
        return McpCaller(opened, LOCAL_OWNER, lambda _: None, context.session.report_progress)

    async def run() -> None:
        server = mcp_server(caller_of)
        async with stdio_server() as (read, write):
            await server.run(read, write, server.create_initialization_options())

    anyio.run(run)


def _open(stack: ExitStack, settings: Settings, pack: str | Path) -> Border:
    from ..agent.assembly import quick_preset  # late: torch takes seconds to import
    from ..dialogue.t5 import load_dialogue_model
    from ..tools.local_editor import load_local_editor
    from ..tools.samples import shipped_samples

    model, editor = load_dialogue_model(), load_local_editor(pack)
    stack.callback(editor.close)
    preset, portraits = quick_preset(editor), shipped_samples(pack)
    return stack.enter_context(open_border(model, editor, settings, UNLIMITED, preset=preset, portraits=portraits))
