"""LangGraph state machine that carries the belief state through a conversation (paper, Fig. 5)."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .graph import build_graph

__all__ = ["build_graph"]


def __getattr__(name: str) -> Any:
    """Late, so that importing the package brings no LangGraph along."""
    if name == "build_graph":
        from .graph import build_graph

        return build_graph
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
