"""Typed errors of the LLM trackers. Positional arguments only: they must survive pickling."""

from ..errors import DialogueError


class EndpointUnusable(DialogueError):
    """The endpoint answered with an error that neither waiting nor trying again mends. Args: url, status, reason."""

    def __str__(self) -> str:
        url, status, reason = self.args
        hints = {401: "check the API key", 403: "check the API key", 404: "check base URL and model name"}
        return f"{url} answered {status} ({hints.get(status, 'the request is not accepted')}): {reason}"


class CallFailed(DialogueError):
    """One call gave no answer; another try may. Args: kind (see `outcome.Failure`), reason, seconds to wait or 0."""

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class AnswerNotReadable(DialogueError):
    """The model answered, but not with a belief state. Args: kind (see `outcome.Failure`), reason."""

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class ReplayMissing(DialogueError):
    """A recording does not hold an answer that is asked for. Args: path, start of the last message."""

    def __str__(self) -> str:
        path, asked = self.args
        return (
            f"{path} has no answer to {asked!r}: it was recorded with other dialogues, prompts, examples or another "
            "model; record it again (--record)"
        )


class ExtraMissing(DialogueError):
    """A package of an optional extra is not installed. Args: package, extra."""

    def __str__(self) -> str:
        return f"this needs {self.args[0]}: pip install 'chatedit[{self.args[1]}]'"
