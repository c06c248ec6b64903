"""The editor behind Ray Serve handles; see `tools.editor.Editor`."""

from collections.abc import Callable
from threading import Lock, Timer
from typing import cast

from ray.serve.exceptions import RequestCancelledError
from ray.serve.handle import DeploymentHandle, DeploymentResponseGenerator

from .editor import EditProgress, EditRequest, EditResult, Inversion
from .errors import EditCancelled, EditError, EditorGone, EditTimedOut
from .ray_calls import call, repeated
from .tracing import carrier, span

ANSWER_S = 60.0  # beyond an edit's own time: a replica may have to be started first
INVERSION_S = 120.0


class RayEditor:
    """Edits on whatever replica is free. An edit whose replica dies is done again by another one.

    Args:
        editor: handle of the `Editor` deployment.
        inverter: handle of the `Inverter` deployment.
    """

    def __init__(self, editor: DeploymentHandle, inverter: DeploymentHandle) -> None:
        self._editor, self._inverter = editor, inverter
        self._stream = editor.options(stream=True).edit  # made once: each new handle costs
        self._version: str | None = None
        self._lock = Lock()
        self._running: dict[str, DeploymentResponseGenerator] = {}

    @property
    def version(self) -> str:
        """Name and digest of pack and code; asked for once, a new pack comes with new replicas of everything."""
        version = self._version or call(self._editor.version, timeout_s=ANSWER_S)
        self._version = version
        return version

    def invert(self, image: bytes) -> Inversion:
        """See `Editor.invert`."""
        with span("invert"):
            outcome = call(self._inverter.invert, image, carrier(), timeout_s=INVERSION_S)
        if isinstance(outcome, EditError):
            raise outcome
        return outcome

    def edit(self, request: EditRequest, on_progress: Callable[[EditProgress], None] | None = None) -> EditResult:
        """See `Editor.edit`; `on_progress` is called from this thread."""
        with span("edit"):
            return repeated(lambda: self._edit_once(request, on_progress))

    def cancel(self, request_id: str) -> bool:
        """See `Editor.cancel`; knows the edits of this process."""
        with self._lock:
            stream = self._running.get(request_id)
        if stream is None:
            return False
        stream.cancel()
        return True

    def _edit_once(self, request: EditRequest, on_progress: Callable[[EditProgress], None] | None) -> EditResult:
        stream = cast(DeploymentResponseGenerator, self._stream.remote(request, carrier()))
        with self._lock:
            self._running[request.id] = stream
        watch = _Watch(stream, request.timeout_s)
        step = 0
        try:
            for item in stream:
                if isinstance(item, EditResult):
                    return item
                if isinstance(item, EditError):
                    raise item
                step = item.step
                if on_progress is not None:
                    on_progress(item)
        except RequestCancelledError as error:
            if watch.is_late:
                raise EditTimedOut(step, request.timeout_s or 0.0) from error
            raise EditCancelled(step) from error
        except BaseException:
            stream.cancel()  # whoever listened has failed: nobody needs the result
            raise
        finally:
            watch.end()
            with self._lock:
                self._running.pop(request.id, None)
        raise EditorGone("the editor's answer ended without a result")


class _Watch:
    """Ends a stream that says nothing any more, long after the time of its edit."""

    def __init__(self, stream: DeploymentResponseGenerator, timeout_s: float | None) -> None:
        self.is_late = False
        self._stream = stream
        self._timer = None if timeout_s is None else Timer(timeout_s + ANSWER_S, self._stop)
        if self._timer is not None:
            self._timer.daemon = True
            self._timer.start()

    def end(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _stop(self) -> None:
        self.is_late = True
        self._stream.cancel()
