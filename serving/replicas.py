"""Replicas as Ray Serve's health checks see them."""

from ray import serve

from ..tools.errors import EditorGone


def check_replicas(application: str, deployment: str) -> None:
    """Whether replicas of a deployment run, busy or not (a request of ours would wait in the queue behind the edits).

    Raises:
        EditorGone
    """
    found = serve.status().applications[application].deployments[deployment]
    is_running = any(count and state == "RUNNING" for state, count in found.replica_states.items())
    if not is_running and found.status != "HEALTHY":  # it is healthy without any where none is needed
        raise EditorGone(f"{deployment} is {found.status}")
