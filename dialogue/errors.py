"""Typed errors of the dialogue module. Positional arguments only: they must survive pickling."""


class DialogueError(Exception):
    """Base of what the dialogue module raises on bad input."""


class UnknownSlot(DialogueError):
    """A slot that the ontology does not have. Args: slot, known slots."""

    def __str__(self) -> str:
        return f"unknown slot {self.args[0]!r}; the slots are {', '.join(self.args[1])}"


class UnknownValue(DialogueError):
    """A value that the ontology does not have (in this slot). Args: slot or '', value, known values."""

    def __str__(self) -> str:
        where = f" for slot {self.args[0]!r}" if self.args[0] else ""
        return f"unknown value {self.args[1]!r}{where}; choose from {', '.join(self.args[2])}"


class ContradictoryState(DialogueError):
    """Two values of one state exclude each other. Args: value, value."""

    def __str__(self) -> str:
        return f"{self.args[0]!r} and {self.args[1]!r} exclude each other; keep one of them"


class BeliefStateNotReadable(DialogueError):
    """Text or JSON that is not a belief state. Args: text, reason."""

    def __str__(self) -> str:
        return f"not a belief state: {self.args[0]!r} ({self.args[1]})"


class OutputNotReadable(DialogueError):
    """A model's output that left the grammar of its format. Args: output, reason."""

    def __str__(self) -> str:
        return f"the model's output cannot be read: {self.args[0]!r} ({self.args[1]})"


class DataNotReadable(DialogueError):
    """A file that is missing or malformed. Args: path (with line where known), reason."""

    def __str__(self) -> str:
        return f"cannot read {self.args[0]}: {self.args[1]}"


class ModelNotFound(DialogueError):
    """A checkpoint folder or hub id that cannot be loaded. Args: name, reason."""

    def __str__(self) -> str:
        return f"cannot load a dialogue model from {self.args[0]!r}: {self.args[1]}"


class UnknownTracker(DialogueError):
    """A tracker that cannot be made from what was asked for. Args: what was asked for, reason."""

    def __str__(self) -> str:
        return f"no tracker {self.args[0]!r}: {self.args[1]}"
