"""Write a trained dialogue model as it ships: half-precision safetensors in small files, tokenizer, settings, card."""

import shutil
from pathlib import Path

import torch
from torch import nn
from transformers import PreTrainedTokenizerBase, T5ForConditionalGeneration

from ..t5 import T5Settings

SHARD_SIZE = "14MB"  # each file of the repository stays under 15 MB


def export(
    model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase, settings: T5Settings, out: Path, card: str
) -> None:
    """Replace the folder `out` by the model's files; half precision costs nothing that int8 decoding keeps."""
    part = out.with_name(f"{out.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    nn.Module.to(model, torch.float16)
    model.save_pretrained(part, max_shard_size=SHARD_SIZE)
    tokenizer.save_pretrained(part)
    settings.save(part)
    (part / "README.md").write_text(card, encoding="utf-8")
    shutil.rmtree(out, ignore_errors=True)
    part.rename(out)
