import io
import os
import signal
import threading
from pathlib import Path

import pytest
from chatedit.agent.assembly import Agent
from chatedit.agent.chat import Chat
from one_conversation import make
from rich.console import Console
from scripted import FakeEditor


@pytest.mark.parametrize("line", ["add bangs", "/try add bangs | add lipstick"])
def test_ctrl_c_cancels_what_runs_and_the_chat_goes_on(tmp_path: Path, line: str):
    editor, said = FakeEditor(), io.StringIO()
    setup = make(tmp_path, editor)
    agent = Agent(setup.talk, setup.talk._graph, editor, setup.store)
    chat = Chat(agent, "t", Console(file=said), tmp_path / "pictures", is_shown=False)
    editor.wait_for = threading.Event()

    def interrupt() -> None:
        assert editor.started.wait(20)
        os.kill(os.getpid(), signal.SIGINT)

    user = threading.Thread(target=interrupt)
    user.start()
    assert chat.read(line)
    user.join()
    assert "Cancelled" in said.getvalue()
    assert len(editor.requests) == 1
    assert chat.read("add goatee")
    assert setup.talk.state("t")["belief_state"] == {"hair": ["goatee"]}
