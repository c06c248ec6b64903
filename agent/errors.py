"""What a caller of the agent may have to handle. Positional arguments only: they must survive pickling."""


class AgentError(Exception):
    """Base of what the agent raises for a reason that the caller can be told."""


class ThreadBusy(AgentError):
    """Another turn runs on this thread. Args: the thread's id."""

    def __str__(self) -> str:
        return f"a turn is still running on thread {self.args[0]!r}: wait for it, or cancel it"


class UnknownThread(AgentError):
    """A thread without a photo. Args: its id."""

    def __str__(self) -> str:
        return f"thread {self.args[0]!r} has no photo yet: open it with one first"


class UnknownVersion(AgentError):
    """A version that the thread does not have. Args: the number asked for, the highest there is."""

    def __str__(self) -> str:
        asked, highest = self.args
        return f"there is no version {asked}; there are 0 (the photo) to {highest}"


class NothingToUndo(AgentError):
    """The conversation stands at the photo itself."""

    def __str__(self) -> str:
        return "there is nothing to undo: this is the photo as it came"


class NothingToRedo(AgentError):
    """No undo to take back."""

    def __str__(self) -> str:
        return "there is nothing to redo"
