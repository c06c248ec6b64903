"""The real application on a real local Ray cluster over scripted models: `scripted_service.py HOME PORT`.

An edit that is to show `goatee` takes 400 steps of 50 ms, any other one 4. What editors do is logged in
`HOME/edits.log` as `what pid key`: start, done, cancelled.
"""

import os
import sys
import threading
from pathlib import Path

from chatedit.serving.app_config import AppConfig
from chatedit.serving.application import ModelLoaders, build_with
from chatedit.serving.config import Settings
from chatedit.serving.local_cluster import serving_here
from chatedit.tools.editor import EditMetrics, EditProgress, EditResult, Inversion
from chatedit.tools.errors import EditCancelled
from scripted import FakeEditor, WordModel, png

STEP_S = 0.05
CONFIG = {
    "preset": None,
    "ingress": {"num_cpus": 0.1, "max_turns": 4, "health_check_period_s": 2},
    "dialogue": {"num_cpus": 0.1},
    "inverter": {"num_cpus": 0.1},
    "editor": {"num_cpus": 0.1, "max_batch": 2, "max_ongoing_requests": 2, "max_queued_requests": 1},
}


class SteppingEditor(FakeEditor):
    """Takes its time, step by step, and can be cancelled."""

    def __init__(self, log: Path) -> None:
        super().__init__()
        self._log, self._ends = log, {}

    def edit(self, request, on_progress=None):
        end = self._ends[request.id] = threading.Event()
        num_steps = 400 if "goatee" in request.belief_state.get("hair", ()) else 4
        self._note("start", request.id)
        for step in range(1, num_steps + 1):
            if end.wait(STEP_S):
                self._note("cancelled", request.id)
                raise EditCancelled(step)
            on_progress(EditProgress(request.id, step, num_steps, png(step) if step % 2 == 0 else None))
        self._note("done", request.id)
        shown = {value: 0.9 for values in request.belief_state.values() for value in values}
        return EditResult(png(int(request.id[:6], 16)), request.w_source, EditMetrics(shown, 0.9, num_steps, 0.2))

    def cancel(self, request_id):
        if (end := self._ends.get(request_id)) is not None:
            end.set()
        return end is not None

    def _note(self, what, request_id):
        with self._log.open("a") as lines:
            lines.write(f"{what} {os.getpid()} {request_id.split('/')[0]}\n")


class ScriptedInverter:
    def invert_all(self, images) -> list[Inversion]:
        return [FakeEditor().invert(image) for image in images]


def main(home: Path, port: int) -> None:
    loaders = ModelLoaders(WordModel, ScriptedInverter, lambda: SteppingEditor(home / "edits.log"))
    config = AppConfig.model_validate(CONFIG)
    with serving_here(Settings(home=home, port=port), config, build_with(config, loaders)) as (url, wait):
        (home / "url").write_text(url)
        wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
