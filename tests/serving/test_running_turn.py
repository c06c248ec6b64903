import asyncio
import threading

import pytest
from chatedit.serving.border import Caller
from chatedit.serving.langgraph_runs import Run
from chatedit.serving.langgraph_schemas import RunCreate
from chatedit.serving.running_turn import RunningTurn
from chatedit.serving.views import Views
from chatedit.tools.errors import EditCancelled
from one_server import Server, serve
from scripted import FakeEditor

OWNER = "local"


class Gate(FakeEditor):
    """Inverts and edits when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.inverting, self.may_invert = threading.Event(), threading.Event()

    def invert(self, image: bytes):
        self.inverting.set()
        assert self.may_invert.wait(20)
        return super().invert(image)


def test_a_client_that_leaves_while_its_photo_is_inverted_starts_no_edit(tmp_path):
    with serve(tmp_path, editor=Gate()) as server:
        editor, caller = server.editor, Caller(OWNER, Views("http://here", OWNER, None))
        assert isinstance(editor, Gate)
        server.border.service.threads.create(OWNER, "t")
        given = RunCreate.model_validate(
            {"input": {"image": server.image(), "messages": [{"role": "user", "content": "add bangs"}]}}
        )

        async def leave() -> None:
            run = Run(server.border, caller, "t", given, is_detached=False)
            await asyncio.to_thread(editor.inverting.wait, 20)
            run.turn.cancel()
            editor.may_invert.set()
            await run.turn.wait()
            with pytest.raises(EditCancelled):
                run.turn.outcome()

        asyncio.run(leave())
        assert editor.requests == []
        assert [run.status for run in server.border.service.board.list("t", 9)] == ["interrupted"]
        assert server.border.service.state(OWNER, "t")["belief_state"] == {}


def test_a_client_that_leaves_gets_no_further_ideas(tmp_path):
    editor = FakeEditor()
    editor.wait_for = threading.Event()
    with serve(tmp_path, editor=editor) as server:
        thread, service = server.thread(), server.border.service

        async def leave() -> None:
            turn: RunningTurn = RunningTurn(
                server.border,
                lambda on_event: service.try_ideas(OWNER, thread, ["add bangs", "add goatee"], on_event),
                lambda: editor.wait_for.set(),  # the first is done before anybody could cancel it
            )
            await asyncio.to_thread(editor.started.wait, 20)
            turn.cancel()
            await turn.wait()
            with pytest.raises(EditCancelled):
                turn.outcome()

        asyncio.run(leave())
        assert len(editor.requests) == 1
        assert [run.status for run in service.board.list(thread, 9)] == ["interrupted", "success"]


def test_a_detached_turn_goes_on_without_its_client(server: Server):
    service, thread = server.border.service, server.thread()
    left = threading.Event()

    def work(on_event):
        assert left.wait(20)
        return service.say(OWNER, thread, "add bangs", on_event=on_event)

    async def leave():
        turn = RunningTurn(server.border, work, lambda: service.cancel(OWNER, thread), is_detached=True)
        waiting = asyncio.ensure_future(turn.started())
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.wait({waiting})
        left.set()
        await turn.wait()
        return turn.outcome()

    assert asyncio.run(leave())["turn"]["belief_state"] == {"hair": ["bangs"]}
