"""What turns token ids into output text: CTranslate2 (fast on CPUs), Hugging Face generate, and a constrained step."""

# torch and transformers type sub-modules and token ids too widely:
# pyright: reportAttributeAccessIssue=false, reportCallIssue=false, reportOperatorIssue=false, reportArgumentType=false
# pyright: reportIndexIssue=false, reportReturnType=false

import hashlib
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import torch
from transformers import PreTrainedTokenizerBase, T5ForConditionalGeneration

from .encoding import pad


@dataclass(frozen=True, slots=True)
class Sampling:
    """How words are drawn: `seed` None is greedy, else the `top_k` likeliest at `temperature`."""

    seed: int | None = None
    top_k: int = 12
    temperature: float = 0.9


GREEDY = Sampling()


class Decoder(Protocol):
    """Ids in, text out (special tokens kept, `</s>` and padding dropped)."""

    def decode(self, rows: Sequence[Sequence[int]], max_new_tokens: int) -> list[str]:
        """One greedy output a row; all rows run as one padded batch."""
        ...


class TorchDecoder:
    """Hugging Face generate: the reference, and the way on GPUs."""

    def __init__(self, model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase) -> None:
        self.model = model.eval()
        self.tokenizer = tokenizer

    @torch.inference_mode()
    def decode(self, rows: Sequence[Sequence[int]], max_new_tokens: int, sampling: Sampling = GREEDY) -> list[str]:
        """One output a row."""
        return self._generate(rows, max_new_tokens, sampling)

    @torch.inference_mode()
    def decode_within(self, rows: Sequence[Sequence[int]], allowed: Any, max_new_tokens: int) -> list[str]:
        """Greedy outputs that cannot leave a grammar: `allowed(row, ids so far) -> next ids`."""
        return self._generate(rows, max_new_tokens, GREEDY, prefix_allowed_tokens_fn=allowed)

    def _generate(self, rows: Sequence[Sequence[int]], limit: int, sampling: Sampling, **more: Any) -> list[str]:
        model: Any = self.model  # transformers types generate and pad ids too widely
        tokenizer: Any = self.tokenizer
        ids = pad(rows, tokenizer.pad_token_id).to(model.device)
        how: dict[str, Any] = {"do_sample": False, "num_beams": 1}
        if sampling.seed is not None:
            torch.manual_seed(sampling.seed)
            how = {"do_sample": True, "top_k": sampling.top_k, "temperature": sampling.temperature}
        output = model.generate(
            input_ids=ids,
            attention_mask=ids.ne(tokenizer.pad_token_id).long(),
            max_new_tokens=limit,
            **how,
            **more,
        )
        return [text_of(self.tokenizer, row.tolist()) for row in output]


class CTranslate2Decoder:
    """The same model, converted once (kept in `cache`), run by CTranslate2.

    `compute_type` is `int8`, or `float32` where outputs are to equal the reference's.
    """

    def __init__(
        self,
        folder: Path,
        tokenizer: PreTrainedTokenizerBase,
        cache: Path,
        threads: int = 0,
        compute_type: str = "int8",
    ) -> None:
        import ctranslate2

        self.tokenizer = tokenizer
        self._translator = ctranslate2.Translator(
            str(converted(folder, cache, compute_type)), device="cpu", compute_type=compute_type, intra_threads=threads
        )

    def decode(self, rows: Sequence[Sequence[int]], max_new_tokens: int) -> list[str]:
        """One greedy output a row."""
        tokens = [self.tokenizer.convert_ids_to_tokens(list(row)) for row in rows]
        results = self._translator.translate_batch(tokens, beam_size=1, max_decoding_length=max_new_tokens)
        return [text_of(self.tokenizer, self.tokenizer.convert_tokens_to_ids(r.hypotheses[0])) for r in results]


def text_of(tokenizer: PreTrainedTokenizerBase, ids: Sequence[int]) -> str:
    """Text of output ids: special tokens of the formats stay, padding and `</s>` go."""
    kept = [i for i in ids if i not in (tokenizer.pad_token_id, tokenizer.eos_token_id)]
    return tokenizer.decode(kept, skip_special_tokens=False, clean_up_tokenization_spaces=False)


def converted(folder: Path, cache: Path, compute_type: str = "int8") -> Path:
    """The CTranslate2 model of a Hugging Face folder; converted on first use, atomically, keyed by its weights."""
    digest = hashlib.sha256()
    weights = [*sorted(folder.glob("*.safetensors")), *sorted(folder.glob("*.bin"))]
    rest = [folder / name for name in ("config.json", "tokenizer.json", "spiece.model")]
    for part in [*weights, *(path for path in rest if path.exists())]:
        with part.open("rb") as file:
            while block := file.read(1 << 20):
                digest.update(block)
    target = cache / f"t5-{compute_type}-{digest.hexdigest()[:24]}"
    if target.exists():
        return target
    from ctranslate2.converters import TransformersConverter

    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as scratch:
        part = Path(scratch) / "model"
        TransformersConverter(str(folder)).convert(str(part), quantization=compute_type)
        try:
            os.replace(part, target)
        except OSError:
            if not target.exists():  # another process may have been faster
                raise
    return target
