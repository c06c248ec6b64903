"""Typed errors of the human evaluation. Positional arguments only: they must survive pickling."""

from ..errors import EvalError


class PairsNotReadable(EvalError):
    """A file of pairs that cannot be used. Args: where, reason."""

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class AnswersMismatch(EvalError):
    """Answers that were given to other pairs. Args: path of the answers."""

    def __str__(self) -> str:
        return f"{self.args[0]} holds answers to other pairs; give another folder with --answers, or move it away"


class NothingToReport(EvalError):
    """No question has an answer yet. Args: folder of the answers."""

    def __str__(self) -> str:
        return f"{self.args[0]} holds no answers yet; `chatedit eval human serve` collects them"
