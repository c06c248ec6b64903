"""What an edit may raise.  Positional arguments only: an error must survive pickling through a Ray handle."""


class EditError(Exception):
    """Base of everything that goes wrong with an edit for a reason that a user or an agent can be told."""


class RetryableCall(EditError):
    """The call was wrong: with other arguments it may succeed."""


class EditFailed(EditError):
    """The call was right, yet no image came of it: tell the user."""


class NothingToEdit(RetryableCall):
    """The belief state requests nothing, so there is nothing to optimise."""

    def __str__(self) -> str:
        return "the belief state requests nothing: name at least one attribute value"


class UnknownPreset(RetryableCall):
    """Args: the name asked for, the names there are."""

    def __str__(self) -> str:
        name, known = self.args
        return f"unknown preset {name!r}; there are: {', '.join(known)}"


class InvalidPreset(EditError):
    """A preset's data is wrong (an unknown field, a value out of range).  Args: preset name, what is wrong."""

    def __str__(self) -> str:
        name, problem = self.args
        return f"preset {name!r}: {problem}"


class OptimiserDiverged(EditFailed):
    """A loss or a gradient became NaN or infinite.  Args: the step, from 0."""

    def __str__(self) -> str:
        return f"the optimisation diverged at step {self.args[0]}: try fewer or other values, or a lower learning rate"


class EditCancelled(EditFailed):
    """Somebody called `cancel`.  Args: steps done."""

    def __str__(self) -> str:
        return f"the edit was cancelled after {self.args[0]} steps"


class EditTimedOut(EditFailed):
    """The deadline passed.  Args: steps done, seconds allowed."""

    def __str__(self) -> str:
        steps, allowed_s = self.args
        return f"the edit was not done within {allowed_s:g} s ({steps} steps done): allow more time or take fewer steps"


class EngineBusy(EditFailed):
    """The queue is full.  Args: its limit."""

    def __str__(self) -> str:
        return f"{self.args[0]} edits are waiting already: try again later"


class EngineClosed(EditFailed):
    """The engine was closed before the edit was done."""

    def __str__(self) -> str:
        return "the engine was closed before the edit was done"
