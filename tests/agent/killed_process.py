"""A process that takes a turn and is killed in the middle of it: `killed_process.py FOLDER WHERE UTTERANCE`.

WHERE: `edit` kills inside the editor, `stored` after the result is stored but before the graph's next checkpoint,
`finish` runs to the end and prints what came of the turn. Every edit that is done leaves a line in `edits.log`.
"""

import json
import os
import signal
import sys
from pathlib import Path

from chatedit.agent.checkpointers import open_checkpointer
from chatedit.tools.store import Store
from one_conversation import make
from scripted import FakeEditor


class KilledEditor(FakeEditor):
    def __init__(self, folder: Path, is_killed: bool) -> None:
        super().__init__()
        self._log, self._is_killed = folder / "edits.log", is_killed

    def edit(self, request, on_progress=None):
        if self._is_killed:
            os.kill(os.getpid(), signal.SIGKILL)
        with self._log.open("a") as lines:
            lines.write(request.id + "\n")
        return super().edit(request, on_progress)


def main(folder: Path, where: str, utterance: str) -> None:
    if where == "stored":
        put = Store.put_edit

        def put_and_die(*arguments):
            put(*arguments)
            os.kill(os.getpid(), signal.SIGKILL)

        Store.put_edit = put_and_die
    with open_checkpointer(folder / "threads.sqlite") as checkpointer:
        setup = make(folder, KilledEditor(folder, where == "edit"), checkpointer)
        resumed = setup.talk.resume("t")
        answer = setup.talk.say("t", utterance)
        result = {
            "resumed": resumed and resumed.turn["belief_state"],
            "state": answer.turn["belief_state"],
            "users": [turn["user"] for turn in setup.talk.history("t")],
        }
        print(json.dumps(result))


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2], sys.argv[3])
