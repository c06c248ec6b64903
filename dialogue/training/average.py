"""Weights between a model and what a further training made of it (Wortsman et al. 2022, "Robust fine-tuning").

Two models of one descent lie in one valley of the loss: the mean of their weights knows what either knows, and has less
of what each learned by heart.
"""

from pathlib import Path

import torch
from transformers import T5ForConditionalGeneration

from ..errors import ModelNotFound
from ..t5 import T5Settings
from .card import history, remember
from .export import export
from .presets import load_start, validator


def average(start: Path, end: Path, share: float, data: Path, out: Path, count: int = 200) -> dict[str, float]:
    """Write the model folder `out` of weights (1 - share) * start + share * end, with a card.

    Args:
        start: model folder.
        end: folder of the model that was trained on from it.
        share: of `end`, in [0, 1].
        data: folder of `data build`; the three models are compared on `count` of its validation dialogues.
    Returns:
        Joint accuracy, in [0, 1], of `start`, `end` and `average`.
    Raises:
        ModelNotFound: one cannot be loaded, or they differ in vocabulary or shape.
    """
    settings = T5Settings.load(end)
    first, _ = load_start(str(start))
    last, tokenizer = load_start(str(end))
    validate = validator(tokenizer, settings, data / "validation.jsonl", count)
    found = {"start": validate(first.eval()), "end": validate(last.eval())}
    model = _between(first, last, share, str(end))
    found["average"] = validate(model.eval())
    export(model, tokenizer, settings, out / "model", _card(end, share, found, count))
    remember(out / "model", history(end), stage="average", share=share, **found)
    return found


@torch.no_grad()
def _between(
    first: T5ForConditionalGeneration, last: T5ForConditionalGeneration, share: float, name: str
) -> T5ForConditionalGeneration:
    """`last`, with its weights replaced by the mean."""
    old, new = first.state_dict(), last.state_dict()
    if {key: value.shape for key, value in old.items()} != {key: value.shape for key, value in new.items()}:
        raise ModelNotFound(name, "not trained on from the first model: their weights have other names or shapes")
    last.load_state_dict({key: torch.lerp(old[key].float(), value.float(), share) for key, value in new.items()})
    return last


def _card(folder: Path, share: float, found: dict[str, float], count: int) -> str:
    """The card of the last training, with what was done to its weights."""
    card = (folder / "README.md").read_text(encoding="utf-8").rstrip()
    return f"""{card}

## Averaged

These weights lie between the model above ({share:.0%}) and the model that its training started from
(`chatedit train average`). Joint accuracy on {count} validation dialogues: start {found["start"]:.3f}, end
{found["end"]:.3f}, average {found["average"]:.3f}.
"""
