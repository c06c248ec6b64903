"""An editor whose edits are counted; see `tools.editor.Editor`."""

from collections.abc import Callable

from ..tools.editor import Editor, EditProgress, EditRequest, EditResult, Inversion
from .metrics import Metrics


class MeasuredEditor:
    """Passes everything on to another editor."""

    def __init__(self, editor: Editor, metrics: Metrics) -> None:
        self._editor, self._metrics = editor, metrics

    @property
    def version(self) -> str:
        return self._editor.version

    def invert(self, image: bytes) -> Inversion:
        return self._editor.invert(image)

    def edit(self, request: EditRequest, on_progress: Callable[[EditProgress], None] | None = None) -> EditResult:
        count = _Count(self._metrics)
        outcome = "success"

        def report(progress: EditProgress) -> None:
            count.steps_to(progress.step)
            if on_progress is not None:
                on_progress(progress)

        try:
            result = self._editor.edit(request, report)
            count.steps_to(result.metrics.steps)
            return result
        except BaseException as error:
            outcome = type(error).__name__
            raise
        finally:
            count.end()
            self._metrics.edits.labels(outcome).inc()

    def cancel(self, request_id: str) -> bool:
        return self._editor.cancel(request_id)


class _Count:
    """One edit in the gauges: waiting until its first step, then running."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics, self._step = metrics, 0
        self._place = metrics.edits_waiting
        self._place.inc()

    def steps_to(self, step: int) -> None:
        if step < self._step:  # its replica died, and another one does it again
            self._step = 0
        self._metrics.edit_steps.inc(step - self._step)
        self._step = step
        if step and self._place is self._metrics.edits_waiting:
            self._place.dec()
            self._place = self._metrics.edits_running
            self._place.inc()

    def end(self) -> None:
        self._place.dec()
