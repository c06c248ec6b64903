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
    """Fewer versions lie before the one shown than an undo asked for. Args: how many do."""

    def __str__(self) -> str:
        return _only(self.args[0], "undone") or "there is nothing to undo: this is the photo as it came"


class NothingToRedo(AgentError):
    """Fewer undos to take back than a redo asked for. Args: how many there are."""

    def __str__(self) -> str:
        return _only(self.args[0], "redone") or "there is nothing to redo"


class NothingToCompare(AgentError):
    """No version lies before the photo."""

    def __str__(self) -> str:
        return "there is nothing to compare with: this is the photo as it came"


class ThreadsUnavailable(AgentError):
    """Threads cannot be kept where they should be. Args: the place (never with a password), why not."""

    def __str__(self) -> str:
        place, reason = self.args
        return f"conversations cannot be kept in {place}: {reason}"


def _only(steps: int, done: str) -> str:
    return f"only {steps} {'step' if steps == 1 else 'steps'} can be {done} from here" if steps else ""
