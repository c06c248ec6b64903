"""What the deployments do inside a replica, without Ray around them."""

import asyncio
import threading

import numpy as np
import pytest
from chatedit.dialogue.belief_state import EMPTY
from chatedit.dialogue.formats import Context
from chatedit.serving import deployments
from chatedit.serving.deployments import DialogueDeployment, EditorDeployment, EngineStuck
from chatedit.tools.editor import EditProgress, EditRequest, EditResult
from chatedit.tools.errors import EditCancelled
from scripted import Diverged, FakeEditor, WordModel

Editor = EditorDeployment.func_or_class
Dialogue = DialogueDeployment.func_or_class
REQUEST = EditRequest("a" * 64, np.zeros((2, 4), dtype=np.float32), {"hair": ["bangs"]})


def collected(editor: FakeEditor) -> list:
    """Everything that an edit streams."""

    async def run() -> list:
        return [item async for item in Editor(lambda: editor, 2, 60.0).edit(REQUEST)]

    return asyncio.run(run())


def test_an_edit_streams_progress_under_the_callers_name_and_then_the_result():
    progress, result = collected(FakeEditor())
    assert progress == EditProgress(REQUEST.id, 5, 10)
    assert isinstance(result, EditResult)


def test_two_runs_of_one_edit_have_names_of_their_own_inside():
    editor = FakeEditor()
    for _ in range(2):
        collected(editor)
    one, other = (request.id for request in editor.requests)
    assert one != other
    assert one.startswith(REQUEST.id)


def test_an_edit_that_fails_ends_its_stream_with_the_error():
    editor = FakeEditor()
    editor.fail = [Diverged()]
    assert isinstance(collected(editor)[-1], Diverged)


def test_who_stops_listening_cancels_the_edit():
    editor = FakeEditor()
    editor.wait_for = threading.Event()

    async def run() -> None:
        stream = Editor(lambda: editor, 2, 60.0).edit(REQUEST)
        await anext(stream)
        await stream.aclose()

    asyncio.run(run())
    assert editor.wait_for.is_set()  # by `cancel`
    assert editor._cancelled == {editor.requests[0].id}


def test_an_edit_that_is_cancelled_before_it_starts_does_nothing():
    editor = FakeEditor()

    async def run() -> None:
        replica = Editor(lambda: editor, 1, 60.0)
        is_free = threading.Event()
        replica._pool.submit(is_free.wait, 20)  # the one worker is taken
        stream = replica.edit(REQUEST)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await stream.aclose()
        is_free.set()
        replica._pool.shutdown(wait=True)

    asyncio.run(run())
    assert editor.requests == []


def test_progress_after_a_cancel_fails_the_edit():
    class Deaf(FakeEditor):
        """Hears no `cancel`, as an engine that has not begun with the edit."""

        def cancel(self, request_id: str) -> bool:
            return False

        def edit(self, request, on_progress=None):
            self.started.wait(20)
            try:
                on_progress(EditProgress(request.id, 1, 10))
            except EditCancelled as error:
                self.heard = error
                raise

    editor = Deaf()

    async def run() -> None:
        replica = Editor(lambda: editor, 1, 60.0)
        stream = replica.edit(REQUEST)
        waiting = asyncio.ensure_future(anext(stream))
        await asyncio.sleep(0)
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)
        await stream.aclose()
        editor.started.set()
        await asyncio.to_thread(replica._pool.shutdown, True)

    asyncio.run(run())
    assert isinstance(editor.heard, EditCancelled)


def test_a_stuck_engine_is_noticed_and_an_idle_one_is_not(monkeypatch: pytest.MonkeyPatch):
    now = [100.0]
    monkeypatch.setattr(deployments.time, "monotonic", lambda: now[0])
    replica = Editor(FakeEditor, 2, 60.0)
    now[0] += 1000.0
    replica.check_health()  # nothing to do
    replica._num_running, replica._moved_at = 1, now[0]
    now[0] += 59.0
    replica.check_health()
    replica._note_step()
    now[0] += 61.0
    with pytest.raises(EngineStuck, match="61 s"):
        replica.check_health()


def test_turns_that_arrive_together_run_together_seed_by_seed():
    class Counting(WordModel):
        def __init__(self) -> None:
            super().__init__()
            self.passes: list[tuple[int, int | None]] = []

        def turn(self, contexts, attributes, seed=None):
            self.passes.append((len(contexts), seed))
            return super().turn(contexts, attributes, seed)

    model = Counting()
    replica = Dialogue(lambda: model, 4, 0.01)
    said = [("add bangs", None), ("add goatee", 7), ("add lipstick", None)]
    calls = [(Context("", (), words, EMPTY), (), seed) for words, seed in said]
    results = replica._all(calls)
    assert [reply.text for _, reply in results] == [f"Done with {words}. What else?" for words, _ in said]
    assert sorted(model.passes, key=str) == [(1, 7), (2, None)]
