"""A decoder goes on where an earlier model's stood: what it writes is the same, only the encoder has learned more."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportIndexIssue=false, reportArgumentType=false, reportOptionalCall=false
# pyright: reportCallIssue=false

import torch
from transformers import PreTrainedTokenizerBase, T5ForConditionalGeneration

from ..errors import ModelNotFound


@torch.no_grad()
def take_decoder(
    model: T5ForConditionalGeneration,
    tokenizer: PreTrainedTokenizerBase,
    earlier: T5ForConditionalGeneration,
    earlier_tokenizer: PreTrainedTokenizerBase,
) -> None:
    """Give `model` the decoder of `earlier`, and the places of the special tokens that both have; words stay its own.

    Raises:
        ModelNotFound: the decoders have different shapes.
    """
    inherited = {name: value for name, value in earlier.decoder.state_dict().items() if "embed_tokens" not in name}
    try:
        model.decoder.load_state_dict(inherited, strict=False)
    except RuntimeError as error:
        raise ModelNotFound(earlier.name_or_path, f"its decoder has another shape ({error})") from error
    known = earlier_tokenizer.get_added_vocab()
    for token, row in tokenizer.get_added_vocab().items():
        if token in known:
            model.shared.weight[row] = earlier.shared.weight[known[token]]
