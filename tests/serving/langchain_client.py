"""Talks to the service through langchain-mcp-adapters: `langchain_client.py URL KEY`, or `... HOME` for stdio.

Prints what came of it as JSON. A process of its own, as the adapters need another MCP SDK than the service.
"""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

from langchain_core.messages import ToolMessage
from langchain_core.tools import BaseTool
from langchain_mcp_adapters.client import MultiServerMCPClient
from langchain_mcp_adapters.tools import load_mcp_tools
from scripted import png


def connection(arguments: list[str]) -> dict[str, Any]:
    if len(arguments) == 2:
        url, key = arguments
        return {"transport": "streamable_http", "url": url, "headers": {"Authorization": f"Bearer {key}"}}
    tests = Path(__file__).parent
    path = os.pathsep.join((str(tests), str(tests.parent / "agent")))  # without the adapters' own MCP SDK
    environment = {**os.environ, "PYTHONPATH": path}
    command = [str(tests / "scripted_mcp.py"), arguments[0]]
    return {"transport": "stdio", "command": sys.executable, "args": command, "env": environment}


async def main(arguments: list[str]) -> dict[str, Any]:
    client = MultiServerMCPClient({"chatedit": connection(arguments)})
    async with client.session("chatedit") as session:  # one process for all calls
        return await conversation({tool.name: tool for tool in await load_mcp_tools(session)})


async def conversation(tools: dict[str, BaseTool]) -> dict[str, Any]:

    async def call(name: str, **given: Any) -> ToolMessage:
        return await tools[name].ainvoke({"type": "tool_call", "id": "1", "name": name, "args": given})

    photo = json.loads((await call("upload_image", data=base64.b64encode(png(3, 48)).decode())).text)
    answer = json.loads((await call("converse", image=photo["image"], utterance="add bangs")).text)
    [picture] = (await call("get_image", image=answer["image"])).content_blocks
    try:
        error = (await call("converse", thread="nowhere", utterance="hi")).text
    except Exception as raised:
        error = str(raised)
    return {
        "tools": list(tools),
        "answer": answer,
        "picture": [picture["type"], picture.get("mime_type")],
        "error": error,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(main(sys.argv[1:]))))
