"""Replicas as Ray Serve's health checks see them."""

from ray import serve
from ray.serve.schema import ReplicaState

from ..tools.errors import EditorGone


def check_replicas(application: str, deployment: str) -> None:
    """Whether replicas of a deployment run, busy or not (a request of ours would wait in the queue behind the edits).

    Raises:
        EditorGone
    """
    found = serve.status().applications[application].deployments[deployment]
    if not found.replica_states.get(ReplicaState.RUNNING) and found.status != "HEALTHY":  # none where none is needed
        raise EditorGone(f"{deployment} is {found.status}")
