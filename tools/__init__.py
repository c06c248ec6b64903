"""What agents call: the `edit_face` tool, the `Editor` protocol and its clients."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .edit_face import edit_face_tool

__all__ = ["edit_face_tool"]


def __getattr__(name: str) -> Any:
    """Late, so that importing the package brings no LangChain and no torch along."""
    if name == "edit_face_tool":
        from .edit_face import edit_face_tool

        return edit_face_tool
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
