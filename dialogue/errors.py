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


class NoQuestions(DialogueError):
    """A model whose format has no questions is asked for values outside the ontology. Args: format."""

    def __str__(self) -> str:
        return (
            f"values outside the ontology are asked for by questions (--open), and the {self.args[0]!r} format has none"
        )


class NothingToLearn(DialogueError):
    """Data without an example to train on or to measure with. Args: what they were to be."""

    def __str__(self) -> str:
        return f"nothing to learn from: there is no turn among {self.args[0]}"


class OtherRun(DialogueError):
    """A training that lies where another one is to be continued. Args: folder, what it is, what was asked for."""

    def __str__(self) -> str:
        folder, found, asked = self.args
        return f"{folder} holds a training of {_named(found)}, not of {_named(asked)}; take another --out, or remove it"


def _named(what: dict[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in what.items())


class UnknownTracker(DialogueError):
    """A tracker that cannot be made from what was asked for. Args: what was asked for, reason."""

    def __str__(self) -> str:
        return f"no tracker {self.args[0]!r}: {self.args[1]}"
