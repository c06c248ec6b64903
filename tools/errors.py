"""What a tool may raise beside the editor's own errors. Positional arguments only: they must survive pickling."""

from ..editing.errors import (
    EditCancelled,
    EditError,
    EditFailed,
    EditTimedOut,
    NothingToEdit,
    RetryableCall,
)


class UnknownImage(RetryableCall):
    """A reference that leads to no stored image. Args: the reference."""

    def __str__(self) -> str:
        return f"there is no image {self.args[0]!r}: use a reference that an upload or an edit returned"


class InvalidBeliefState(RetryableCall):
    """A belief state outside the ontology, or one that contradicts itself. Args: what is wrong."""

    def __str__(self) -> str:
        return f"the belief state cannot be used: {self.args[0]}"


class EditorBroke(EditFailed):
    """The editor failed for a reason of its own (out of memory, say). Args: what it said."""

    def __str__(self) -> str:
        return f"the editor failed ({self.args[0]}): try again"


class EditorBusy(EditFailed):
    """The queue of a service is full. Args: seconds to wait."""

    @property
    def retry_after_s(self) -> float:
        """Seconds after which it is worth trying again."""
        return float(self.args[0])

    def __str__(self) -> str:
        return f"too many people are waiting: try again in {self.args[0]:g} s"


class EditorGone(EditFailed):
    """The service that edits does not answer. Args: what happened."""

    def __str__(self) -> str:
        return f"the editor does not answer ({self.args[0]}): try again"


class StoreUnavailable(EditFailed):
    """The store of images cannot be read or written. Args: what the system said."""

    def __str__(self) -> str:
        return f"the image store cannot be used ({self.args[0]}): check its folder and the space on the disk"


def tell_edit_error(error: EditError) -> str:
    """An edit's error as the content of a ToolMessage: its name for programs, the sentence for people and models.

    For `ToolNode(..., handle_tool_errors=tell_edit_error)`: it catches what is annotated; programming errors rise.
    """
    return f"{type(error).__name__}: {error}"


__all__ = [
    "EditCancelled",
    "EditError",
    "EditFailed",
    "EditTimedOut",
    "EditorBroke",
    "InvalidBeliefState",
    "NothingToEdit",
    "RetryableCall",
    "StoreUnavailable",
    "UnknownImage",
    "tell_edit_error",
]
