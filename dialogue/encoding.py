"""Texts to token ids: the prefix is always whole, the body loses its oldest tokens where it is too long."""

from collections.abc import Sequence

import torch
from torch import Tensor
from transformers import PreTrainedTokenizerBase

MAX_INPUT_TOKENS = 256
MAX_BODY_CHARACTERS = 4_000  # nobody reads 10,000 words into one wish; the end of what was said counts


def input_ids(
    tokenizer: PreTrainedTokenizerBase, inputs: Sequence[tuple[str, str]], max_tokens: int = MAX_INPUT_TOKENS
) -> list[list[int]]:
    """Ids of `(prefix, body)` pairs, each ending with `</s>` and at most `max_tokens` long."""
    prefixes = tokenizer([encodable(prefix) for prefix, _ in inputs], add_special_tokens=False).input_ids
    last = [encodable(body[-MAX_BODY_CHARACTERS:]) for _, body in inputs]
    bodies = tokenizer(last, add_special_tokens=False).input_ids
    end = [tokenizer.eos_token_id]
    encoded = []
    for prefix, body in zip(prefixes, bodies, strict=True):
        room = max(max_tokens - len(prefix) - 1, max_tokens // 4)
        encoded.append(prefix[: max_tokens - 1] + body[-room:] + end)
    return encoded


def encodable(text: str) -> str:
    """`text` with a question mark for each lone surrogate: JSON may hold such halves of characters, UTF-8 may not."""
    return text.encode("utf-8", "replace").decode("utf-8")


def pad(rows: Sequence[Sequence[int]], value: int) -> Tensor:
    """Rows as one int64 tensor [B, T], filled with `value` on the right."""
    width = max(len(row) for row in rows)
    padded = torch.full((len(rows), width), value, dtype=torch.long)
    for index, row in enumerate(rows):
        padded[index, : len(row)] = torch.tensor(row)
    return padded
