"""LangGraph's own client against the app, in this process."""

import asyncio
import base64
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import httpx
import pytest
from langgraph_sdk import get_client
from langgraph_sdk.client import LangGraphClient
from one_server import URL, Server, serve
from scripted import FakeEditor, png

PHOTO = {"type": "image_url", "image_url": {"url": "data:image/png;base64," + base64.b64encode(png(1, 48)).decode()}}


def talk(server: Server, conversation: Callable[[LangGraphClient], Awaitable[Any]], key: str | None = None) -> Any:
    """Run a conversation of the SDK's client with the app."""

    async def run() -> Any:
        client = get_client(url=f"{URL}/langgraph", api_key=key)
        transport = httpx.ASGITransport(server.client.app)  # type: ignore[arg-type]
        headers = client.http.client.headers
        await client.http.client.aclose()
        base = f"{URL}/langgraph"
        client.http.client = httpx.AsyncClient(transport=transport, base_url=base, headers=headers, timeout=30)
        async with client.http.client:
            return await conversation(client)

    return asyncio.run(run())


def said(*content: Any, message_id: str | None = None) -> dict[str, Any]:
    message = {"role": "user", "content": list(content) if len(content) > 1 else content[0]}
    return {"messages": [message | ({"id": message_id} if message_id else {})]}


def test_a_photo_in_the_first_message_opens_the_conversation(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        thread = await client.threads.create(metadata={"case": 7})
        first = {"type": "text", "text": "add bangs"}
        values = await client.runs.wait(thread["thread_id"], "chatedit", input=said(first, PHOTO))
        state = await client.threads.get_state(thread["thread_id"])
        return thread, values, state

    thread, values, state = talk(server, conversation)
    assert thread["status"] == "idle"
    assert values["belief_state"] == {"hair": ["bangs"]}
    assert values["messages"][-1]["content"].startswith("Done")
    assert f"![version 1]({values['picture']})" in values["messages"][-1]["content"]
    assert server.client.get(values["picture"]).status_code == 200
    assert state["values"] == values
    assert state["next"] == []


def test_a_run_streams_in_the_modes_that_were_asked_for(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        thread = await client.threads.create()
        await client.runs.wait(thread["thread_id"], "chatedit", input={"image": server.image()})
        modes = ["values", "updates", "custom", "messages-tuple"]
        created: list = []
        stream = client.runs.stream(
            thread["thread_id"],
            "chatedit",
            input=said("add bangs", message_id="mine"),
            stream_mode=modes,
            on_run_created=created.append,
        )
        return created, [part async for part in stream]

    created, parts = talk(server, conversation)
    assert parts[0].event == "metadata"
    assert created[0]["run_id"] == parts[0].data["run_id"]
    nodes = [name for part in parts if part.event == "updates" for name in part.data]
    assert nodes == ["track", "edit", "gate", "respond"]
    assert [part.data["kind"] for part in parts if part.event == "custom"] == ["progress", "image"]
    assert [part.event for part in parts][-2:] == ["values", "end"]
    human = parts[-2].data["messages"][0]
    assert (human["type"], human["id"]) == ("human", "mine")


def test_without_a_photo_the_answer_asks_for_one(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        thread = await client.threads.create()
        return await client.runs.wait(thread["thread_id"], "chatedit", input=said("add bangs"))

    assert "photo" in talk(server, conversation)["messages"][-1]["content"]


def test_a_run_in_the_background_is_joined(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        thread = server.thread()
        run = await client.runs.create(thread, "chatedit", input=said("add bangs"), metadata={"by": "me"})
        values = await client.runs.join(thread, run["run_id"])
        again = await client.runs.get(thread, run["run_id"])
        runs = await client.runs.list(thread)
        streamed = [part.event async for part in client.runs.join_stream(thread, run["run_id"])]
        return values, again, runs, streamed

    values, again, runs, streamed = talk(server, conversation)
    assert values["belief_state"] == {"hair": ["bangs"]}
    assert (again["status"], again["metadata"]) == ("success", {"by": "me"})
    assert [run["run_id"] for run in runs] == [again["run_id"]]
    assert streamed == ["metadata", "values", "end"]


class AtOnce(ThreadPoolExecutor):
    """Runs work before it returns: a thread that is as fast as can be."""

    def submit(self, fn, /, *args, **kwargs):
        future: Future[Any] = Future()
        future.set_result(fn(*args, **kwargs))
        return future


def test_a_run_has_its_id_however_soon_it_begins(server: Server):
    state = server.client.app.state  # type: ignore[attr-defined]
    state.border = replace(state.border, pool=AtOnce(1))

    async def conversation(client: LangGraphClient) -> Any:
        thread = await client.threads.create()
        run = await client.runs.create(thread["thread_id"], "chatedit", input=said("hello"))
        return run, await client.runs.get(thread["thread_id"], run["run_id"])

    created, found = talk(server, conversation)
    assert created["run_id"] == found["run_id"] != ""


def test_a_run_can_be_cancelled(tmp_path):
    editor = FakeEditor()
    editor.wait_for = threading.Event()
    with serve(tmp_path, editor=editor) as server:

        async def conversation(client: LangGraphClient) -> Any:
            thread = server.thread()
            run = await client.runs.create(thread, "chatedit", input=said("add bangs"))
            await asyncio.to_thread(editor.started.wait, 20)
            busy = await client.threads.get(thread)
            with pytest.raises(httpx.HTTPStatusError) as refused:
                await client.runs.wait(thread, "chatedit", input=said("add lipstick"))
            await client.runs.cancel(thread, run["run_id"], wait=True)
            return (
                busy["status"],
                refused.value.response.status_code,
                (await client.runs.get(thread, run["run_id"]))["status"],
            )

        assert talk(server, conversation) == ("busy", 409, "interrupted")


def test_threads_are_searched_updated_and_deleted(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        one = await client.threads.create(metadata={"case": 1})
        await client.threads.create(metadata={"case": 2})
        await client.threads.update(one["thread_id"], metadata={"title": "first"})
        found = await client.threads.search(metadata={"case": 1})
        await client.threads.delete(one["thread_id"])
        return found, await client.threads.search(limit=10)

    found, rest = talk(server, conversation)
    assert [thread["metadata"]["title"] for thread in found] == ["first"]
    assert [thread["metadata"]["case"] for thread in rest] == [2]


def test_a_history_is_read(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        thread = server.thread()
        server.say(thread, "add bangs")
        return await client.threads.get_history(thread, limit=3)

    history = talk(server, conversation)
    assert len(history) == 3
    assert history[0]["values"]["belief_state"] == {"hair": ["bangs"]}
    assert history[0]["parent_checkpoint"]["checkpoint_id"] == history[1]["checkpoint"]["checkpoint_id"]


def test_the_assistant_is_found(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        return await client.assistants.search(), await client.assistants.get("chatedit")

    [found], got = talk(server, conversation)
    assert found == got
    assert found["graph_id"] == "chatedit"


def test_a_second_photo_needs_a_thread_of_its_own(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await client.runs.wait(server.thread(seed=5), "chatedit", input=said({"type": "text", "text": "hi"}, PHOTO))
        return refused.value.response.status_code

    assert talk(server, conversation) == 409


def test_a_url_of_a_picture_is_not_opened(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        elsewhere = {"type": "image_url", "image_url": {"url": "http://127.0.0.1:1/secret.png"}}
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await client.runs.wait(server.thread(), "chatedit", input=said({"type": "text", "text": "hi"}, elsewhere))
        return refused.value.response.status_code

    assert talk(server, conversation) == 403


def test_somebody_elses_thread_is_unknown(keyed: Server):
    thread = keyed.thread()
    keyed.say(thread, "add bangs")
    key = keyed.border.keys.create("other", "mallory")

    async def conversation(client: LangGraphClient) -> Any:
        tries = [
            lambda: client.threads.get(thread),
            lambda: client.threads.get_state(thread),
            lambda: client.threads.get_history(thread),
            lambda: client.threads.update(thread, metadata={}),
            lambda: client.threads.delete(thread),
            lambda: client.runs.list(thread),
            lambda: client.runs.wait(thread, "chatedit", input=said("add lipstick")),
            lambda: client.runs.create(thread, "chatedit", input=said("add lipstick")),
            lambda: client.threads.create(thread_id=thread, if_exists="do_nothing"),
        ]
        statuses = []
        for attempt in tries:
            with pytest.raises(httpx.HTTPStatusError) as refused:
                await attempt()
            statuses.append(refused.value.response.status_code)
        return statuses, await client.threads.search()

    statuses, found = talk(keyed, conversation, key)
    assert statuses == [404] * 8 + [409]
    assert found == []


def test_a_search_filters_before_it_counts(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        old = await client.threads.create(metadata={"case": 1})
        for case in range(2, 6):
            await client.threads.create(metadata={"case": case})
        return (
            old["thread_id"],
            await client.threads.search(metadata={"case": 1}, limit=1),
            await client.threads.search(ids=[old["thread_id"]], limit=1),
            await client.threads.search(status="idle", limit=2, offset=4),
            await client.threads.search(status="busy"),
        )

    old, by_metadata, by_id, last, busy = talk(server, conversation)
    assert [[thread["thread_id"] for thread in found] for found in (by_metadata, by_id, last, busy)] == [
        [old],
        [old],
        [old],
        [],
    ]


def test_metadata_stays_small_however_often_it_is_laid_over(server: Server):
    async def conversation(client: LangGraphClient) -> Any:
        thread = (await client.threads.create(metadata={"one": "x" * 3000}))["thread_id"]
        with pytest.raises(httpx.HTTPStatusError) as refused:
            await client.threads.update(thread, metadata={"two": "x" * 3000})
        await client.threads.update(thread, metadata={"one": "y" * 3000})
        return refused.value.response.status_code, (await client.threads.get(thread))["metadata"]

    status, metadata = talk(server, conversation)
    assert status == 403
    assert (metadata["one"], "two" in metadata) == ("y" * 3000, False)
