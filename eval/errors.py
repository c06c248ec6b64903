"""Typed errors of the evaluation module. Positional arguments only: they must survive pickling."""


class EvalError(Exception):
    """Base of what this module raises on bad input; the message says what to do."""


class ReviewRefused(EvalError):
    """Reviewed rows that cannot be applied. Args: one `row N: reason` a problem."""

    def __str__(self) -> str:
        return "the review is not applied; correct these rows first:\n" + "\n".join(self.args)


class EndpointFailed(EvalError):
    """The LLM endpoint did not give a usable answer however often it was asked. Args: url, attempts, last reason."""

    def __str__(self) -> str:
        return f"{self.args[0]} gave no usable answer in {self.args[1]} attempts; the last one: {self.args[2]}"


class JournalMismatch(EvalError):
    """An interrupted paraphrase run belongs to other input or settings. Args: path of the journal."""

    def __str__(self) -> str:
        return f"{self.args[0]} belongs to a run with other dialogues or settings; finish that run or delete the file"


class PredictionsDoNotFit(EvalError):
    """Predictions and dialogues that do not belong together. Args: name of the predictions, reason."""

    def __str__(self) -> str:
        return f"{self.args[0]}: {self.args[1]}"


class ImageNetWeightsMissing(EvalError):
    """FID and LPIPS were asked for, and their weights cannot be had. Args: reason."""

    def __str__(self) -> str:
        return (
            f"the ImageNet weights of FID and LPIPS cannot be had here ({self.args[0]}); put them into the cache of "
            "torch (see torch.hub.get_dir), or leave --imagenet out for a pack with a reader of its own"
        )
