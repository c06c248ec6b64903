"""MCP with the official client, over both transports, and with langchain-mcp-adapters."""

import asyncio
import base64
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest
from chatedit.editing.image_file import ImageLimits
from chatedit.serving.service import ServiceLimits
from live_server import Live, live
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.types import CallToolResult, ImageContent, TextContent
from scripted import Diverged, FakeEditor, png

TESTS = Path(__file__).parent
PHOTO = base64.b64encode(png(3, 48)).decode()


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Live]:
    with live(tmp_path) as running:
        yield running


def talk(
    service: Live, conversation: Callable[[Client], Awaitable[Any]], key: str | None = None, mode: str = "auto"
) -> Any:
    """Run a conversation with a client that sends a key (alice's)."""

    async def run() -> Any:
        headers = {"Authorization": f"Bearer {key or service.key('alice')}"}
        async with (
            httpx2.AsyncClient(headers=headers, timeout=30) as http,
            Client(streamable_http_client(f"{service.url}/mcp", http_client=http), mode=mode) as client,
        ):
            return await conversation(client)

    return asyncio.run(run())


async def call(client: Client, name: str, **arguments: Any) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    assert not result.is_error, text_of(result)
    return result.structured_content


def text_of(result: CallToolResult) -> str:
    [content] = result.content
    assert isinstance(content, TextContent)
    return content.text


async def whole_conversation(client: Client) -> list[dict[str, Any]]:
    photo = await call(client, "upload_image", data=PHOTO)
    first = await call(client, "converse", image=photo["image"], utterance="add bangs")
    second = await call(client, "converse", thread=first["thread"], utterance="add lipstick")
    third = await call(
        client, "edit_by_state", thread=first["thread"], belief_state={"hair color": ["blond hair"], "hair": []}
    )
    back = await call(client, "undo", thread=first["thread"])
    picture = await client.call_tool("get_image", {"image": first["image"]})
    [content] = picture.content
    assert isinstance(content, ImageContent)
    assert (content.mime_type, base64.b64decode(content.data)[:4]) == ("image/png", b"\x89PNG")
    return [first, second, third, back]


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_whole_conversation_over_http(service: Live, mode: str):
    first, second, third, back = talk(service, whole_conversation, mode=mode)
    assert first["belief_state"] == {"hair": ["bangs"]}
    assert second["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}
    assert third["belief_state"] == {"hair color": ["blond hair"]}
    assert (back["version"], back["image"]) == (2, second["image"])
    assert first["reply"].startswith("Done")
    assert httpx2.get(first["url"]).content.startswith(b"\x89PNG")


def test_tools_tell_what_they_take_and_give(service: Live):
    async def listed(client: Client) -> Any:
        return (await client.list_tools()).tools

    tools = {tool.name: tool for tool in talk(service, listed)}
    assert set(tools) == {
        "upload_image",
        "list_sample_portraits",
        "converse",
        "edit_by_state",
        "undo",
        "get_image",
    }
    slots = str(tools["edit_by_state"].input_schema)
    assert "'blond hair'" in slots
    assert "'hair color'" in slots
    assert tools["get_image"].output_schema is None
    assert tools["get_image"].annotations.read_only_hint


def test_a_sample_portrait_starts_a_conversation(service: Live):
    async def conversation(client: Client) -> Any:
        samples = (await call(client, "list_sample_portraits"))["portraits"]
        return samples, await call(
            client, "edit_by_state", image=samples[0]["image"], belief_state={"makeup": ["lipstick"]}
        )

    samples, answer = talk(service, conversation)
    assert samples[0]["caption"].startswith("This is a photo of a")
    assert answer["belief_state"] == {"makeup": ["lipstick"]}


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("upload_image", {"data": "https://example.org/a.png"}, "ImageDamaged: .*base64"),
        ("upload_image", {"data": base64.b64encode(b"nothing").decode()}, "NotAnImage: .*use one of"),
        ("upload_image", {"path": "/etc/passwd"}, "InvalidArguments: data: Field required; path: Extra inputs"),
        ("converse", {"thread": "nowhere", "utterance": "hi"}, "UnknownThread: .*with `image` instead"),
        ("converse", {"utterance": "hi"}, "InvalidArguments: arguments: .*give either `thread`"),
        ("converse", {"image": "0" * 64, "utterance": "hi"}, "UnknownImage: .*from upload_image"),
        ("converse", {"image": "0" * 64, "utterance": ""}, "InvalidArguments: utterance: .*at least 1"),
        ("edit_by_state", {"thread": "t", "belief_state": {"hat": ["red"]}}, "InvalidArguments: belief_state.hat"),
        ("get_image", {"image": "file:///etc/passwd"}, "InvalidArguments: image"),
        ("dance", {}, "UnknownTool: .*the tools are upload_image"),
    ],
)
def test_errors_say_what_to_do(service: Live, name: str, arguments: dict, told: str):
    async def failing(client: Client) -> CallToolResult:
        return await client.call_tool(name, arguments)

    result = talk(service, failing)
    assert result.is_error
    assert re.search(told, text_of(result)), text_of(result)


def test_an_edit_that_fails_is_an_error_that_names_the_conversation(service: Live):
    service.editor.fail = [Diverged(), None]

    async def failing(client: Client) -> Any:
        photo = await call(client, "upload_image", data=PHOTO)
        result = await client.call_tool("converse", {"image": photo["image"], "utterance": "add bangs"})
        thread = text_of(result).split("thread '")[1].split("'")[0]
        return result, await call(client, "converse", thread=thread, utterance="try again")

    failed, answer = talk(service, failing)
    assert failed.is_error
    assert "diverged" in text_of(failed)
    assert answer["belief_state"] == {"hair": ["bangs"]}


def test_progress_is_reported(service: Live):
    told: list[tuple[float, float | None]] = []

    async def on_progress(done: float, total: float | None, _: str | None) -> None:
        told.append((done, total))

    async def conversation(client: Client) -> Any:
        photo = await call(client, "upload_image", data=PHOTO)
        return await client.call_tool(
            "converse", {"image": photo["image"], "utterance": "add bangs"}, progress_callback=on_progress
        )

    assert not talk(service, conversation).is_error
    assert told == [(5.0, 10.0)]


def test_a_call_that_is_given_up_is_cancelled(tmp_path: Path):
    editor = FakeEditor()
    editor.wait_for = threading.Event()
    with live(tmp_path, editor=editor) as service:

        async def conversation(client: Client) -> Any:
            photo = await call(client, "upload_image", data=PHOTO)
            record = service.border.service.open_thread("alice", photo["image"])
            task = asyncio.create_task(client.call_tool("converse", {"thread": record.id, "utterance": "add bangs"}))
            await asyncio.to_thread(editor.started.wait, 20)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            await asyncio.to_thread(editor.wait_for.wait, 20)  # type: ignore[union-attr]
            while (run := service.border.service.board.list(record.id, 1)[0]).status == "running":
                await asyncio.sleep(0.05)
            return run.status

        assert talk(service, conversation) == "interrupted"


def test_a_key_sees_nothing_of_another(service: Live):
    async def mine(client: Client) -> Any:
        photo = await call(client, "upload_image", data=PHOTO)
        return await call(client, "converse", image=photo["image"], utterance="add bangs")

    answer = talk(service, mine)

    async def theirs(client: Client) -> list[str]:
        tries = [
            ("converse", {"thread": answer["thread"], "utterance": "add lipstick"}),
            ("edit_by_state", {"thread": answer["thread"], "belief_state": {}}),
            ("undo", {"thread": answer["thread"]}),
            ("get_image", {"image": answer["image"]}),
            ("converse", {"image": answer["image"], "utterance": "add lipstick"}),
        ]
        return [text_of(await client.call_tool(name, arguments)).split(":")[0] for name, arguments in tries]

    assert talk(service, theirs, service.key("mallory")) == ["UnknownThread"] * 3 + ["UnknownImage"] * 2


def test_without_a_key_there_is_no_answer(service: Live):
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"}
    refused = httpx2.post(f"{service.url}/mcp", json=body, headers=headers)
    assert (refused.status_code, refused.headers["www-authenticate"]) == (401, "Bearer")
    assert httpx2.get(f"{service.url}/mcp", headers=headers).status_code == 405


def test_a_body_beyond_the_limit_is_refused(tmp_path: Path):
    with live(tmp_path, limits=ServiceLimits(images=ImageLimits(max_bytes=1000))) as service:
        headers = {"Authorization": f"Bearer {service.key('alice')}"}
        assert httpx2.post(f"{service.url}/mcp", content=b"{" * 100_000, headers=headers).status_code == 413


def stdio(*command: str | Path) -> StdioServerParameters:
    path = os.pathsep.join((str(TESTS), str(TESTS.parent / "agent")))
    environment = {"PYTHONPATH": path, "OMP_NUM_THREADS": "1", "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}
    return StdioServerParameters(command=str(command[0]), args=[str(one) for one in command[1:]], env=environment)


def test_a_whole_conversation_over_stdio(tmp_path: Path):
    async def run() -> Any:
        async with Client(stdio(sys.executable, TESTS / "scripted_mcp.py", tmp_path)) as client:
            return await whole_conversation(client)

    first, *_, back = asyncio.run(run())
    assert "url" not in first
    assert back["belief_state"] == {"hair": ["bangs"], "makeup": ["lipstick"]}


@pytest.mark.slow
def test_the_command_edits_with_the_shipped_models(tmp_path: Path):
    async def run() -> Any:
        async with Client(stdio(Path(sys.executable).with_name("chatedit"), "mcp", "--home", tmp_path)) as client:
            [first, *_] = (await call(client, "list_sample_portraits"))["portraits"]
            return await call(client, "converse", image=first["image"], utterance="Make the hair blond, please.")

    assert asyncio.run(run())["belief_state"] == {"hair color": ["blond hair"]}


def adapters(folder: Path) -> Path:
    """langchain-mcp-adapters with its own MCP SDK: it needs `mcp<2`, so it never shares an environment with ours."""
    if not (folder / "langchain_mcp_adapters").is_dir():
        wanted = ["langchain-mcp-adapters==0.3.2", "mcp==1.30.0", "httpx-sse==0.4.3"]
        command = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", folder, *wanted]
        if subprocess.run(command, check=False).returncode:
            pytest.skip("langchain-mcp-adapters cannot be installed: no package index is reachable")
    return folder


@pytest.mark.parametrize("transport", ["http", "stdio"])
def test_langchain_mcp_adapters_work(service: Live, tmp_path: Path, transport: str):
    place = adapters(Path(sys.prefix) / "langchain-mcp-adapters")
    path = os.pathsep.join(map(str, (place, TESTS, TESTS.parent / "agent")))
    target = [f"{service.url}/mcp", service.key("alice")] if transport == "http" else [str(tmp_path / "home")]
    result = subprocess.run(
        [sys.executable, TESTS / "langchain_client.py", *target],
        env={**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr[-3000:]
    told = json.loads(result.stdout.splitlines()[-1])
    assert told["tools"][:2] == ["upload_image", "list_sample_portraits"]
    assert told["answer"]["belief_state"] == {"hair": ["bangs"]}
    assert told["picture"] == ["image", "image/png"]
    assert told["error"].startswith("UnknownThread")
