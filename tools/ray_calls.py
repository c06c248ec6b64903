"""Calls through a Ray Serve handle: bounded, repeated where a replica died, refused where its queue is full."""

import time
from collections.abc import Callable
from typing import Any, cast

from ray.exceptions import ObjectLostError, RayActorError, RayTaskError, WorkerCrashedError
from ray.serve.exceptions import BackPressureError, DeploymentUnavailableError, ReplicaUnavailableError
from ray.serve.handle import DeploymentHandle, DeploymentResponse

from .errors import EditorBusy, EditorGone

REPLICA_LOST = (RayActorError, ReplicaUnavailableError, WorkerCrashedError, ObjectLostError)
MAX_ATTEMPTS = 4
BUSY_RETRY_AFTER_S = 2.0


def call(method: DeploymentHandle, *arguments: Any, timeout_s: float) -> Any:
    """What a method of a deployment returns. It must be free of effects: it may run more than once.

    Raises:
        EditorBusy: its queue is full.
        EditorGone: no replica answered in time, or several died one after the other.
        Exception: what the method raised.
    """
    deadline = time.monotonic() + timeout_s

    def once() -> Any:
        response = cast(DeploymentResponse, method.remote(*arguments))
        try:
            return response.result(timeout_s=max(0.0, deadline - time.monotonic()))
        except TimeoutError as error:
            response.cancel()
            raise EditorGone(f"no answer within {timeout_s:g} s") from error

    return repeated(once)


def repeated(once: Callable[[], Any]) -> Any:
    """Do it, again where the replica that did it died."""
    for attempt in range(MAX_ATTEMPTS):
        try:
            return once()
        except REPLICA_LOST as error:
            if attempt == MAX_ATTEMPTS - 1:
                raise EditorGone(f"{MAX_ATTEMPTS} replicas died") from error
        except BackPressureError as error:
            raise EditorBusy(BUSY_RETRY_AFTER_S) from error
        except DeploymentUnavailableError as error:
            raise EditorGone(str(error)) from error
        except RayTaskError as error:  # what the deployment's own code raised
            raise error.cause if isinstance(error.cause, Exception) else error from None
    raise AssertionError("unreachable")
