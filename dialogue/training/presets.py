"""Fine-tuning by preset: the paper's sizes from T5 or PPTOD checkpoints, and the embedded model."""

import random
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import load_file
from tokenizers import AddedToken
from transformers import AutoTokenizer, PreTrainedTokenizerBase, T5ForConditionalGeneration

from ..decoders import TorchDecoder
from ..dialogue_file import Dialogue, read_dialogues
from ..errors import ModelNotFound, NothingToLearn
from ..formats import PROMPTS
from ..ontology import ONTOLOGY, OPEN_ONTOLOGY, Ontology
from ..prediction import exact_turns, predict
from ..special_tokens import PICKS, SPECIAL_TOKENS
from ..t5 import T5DialogueModel, T5Settings, Wording
from . import finetune
from .card import history, model_card, remember
from .earlier_decoder import take_decoder
from .export import export
from .teacher import HEAD_FILE

Preset = Literal["embedded", "small", "base", "large"]
PromptPair = Literal["paper", "pptod"]
_SHAPES = {"small": (512, 6), "base": (768, 12), "large": (1024, 24)}  # d_model, layers (Table 7)
_VALIDATION_DIALOGUES = 100


def fine_tune(
    preset: Preset,
    start: str,
    data: Path,
    out: Path,
    minutes: float | None,
    seed: int,
    on_step: Callable[[int, float], None] = lambda step, share: None,
    decoder: str = "",
    prompts: PromptPair = "paper",
) -> dict[str, float]:
    """Train the preset from the checkpoint `start` on `data` and write the model folder `out/model`.

    Training state lies in `out/run`, so that a stopped run resumes. `decoder` names an earlier model whose decoder goes
    on over the encoder of `start`.

    Raises:
        ModelNotFound: `start` cannot be loaded or has another shape than the preset's.
        DataNotReadable: a dialogue file is missing or malformed.
        NothingToLearn: a dialogue file is empty.
        OtherRun: `out` holds the training of another preset, seed, start or pair of prompts.
    """
    model, tokenizer = load_start(start)
    if preset == "embedded":
        add_picks(model, tokenizer)
    if decoder:
        take_decoder(model, tokenizer, *load_start(decoder))
    config = finetune.EMBEDDED if preset == "embedded" else finetune.PAPER
    if preset != "embedded":
        _check_shape(model, preset, start)
    config = replace(config, seed=seed, minutes=minutes or config.minutes)
    wording: Wording = "bank" if preset == "embedded" else "model"
    settings = T5Settings(PROMPTS[prompts], config.mixture.state_format, wording)
    train_path, open_path = data / "train.jsonl", data / "train_open.jsonl"
    dialogues = _read(train_path)
    open_dialogues = _read(open_path, OPEN_ONTOLOGY) if preset == "embedded" and open_path.exists() else []
    stream = finetune.dialogue_stream(dialogues, open_dialogues, settings.prompts, config)
    validate = validator(tokenizer, settings, data / "validation.jsonl")
    head = load_head(Path(start))
    what = {"preset": preset, "seed": seed, "start": Path(start).as_posix(), "prompts": prompts}
    result = finetune.train(model, tokenizer, stream, config, out / "run", validate, on_step, head, what)
    earlier = [
        *history(Path(start)),
        *({**stage, "of": "decoder"} for stage in (history(Path(decoder)) if decoder else [])),
    ]
    card = model_card(
        preset=preset,
        earlier=earlier or [{"stage": "start", "checkpoint": start}],
        wording=wording,
        data=f"{len(dialogues)} simulated and hand-written dialogues (`chatedit data build`)",
        parameters=model.num_parameters(),
        result=result,
        config=asdict(config),
    )
    export(model, tokenizer, settings, out / "model", card)
    remember(out / "model", earlier, stage="dialogue", preset=preset, **result)
    return result


def load_start(name: str) -> tuple[T5ForConditionalGeneration, PreTrainedTokenizerBase]:
    """A T5 or PPTOD checkpoint with the special tokens of our formats added where it lacks them."""
    try:
        model = T5ForConditionalGeneration.from_pretrained(name, dtype=torch.float32)
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError) as error:
        raise ModelNotFound(name, str(error)) from error
    if tokenizer.add_special_tokens({"additional_special_tokens": list(SPECIAL_TOKENS)}):
        model.resize_token_embeddings(max(len(tokenizer), model.config.vocab_size))
    return model, tokenizer


def load_head(start: Path) -> dict[str, torch.Tensor] | None:
    """Weights of the auxiliary head that an earlier stage left, if it did."""
    path = start / HEAD_FILE
    return load_file(path) if path.exists() else None


@torch.no_grad()
def add_picks(model: T5ForConditionalGeneration, tokenizer: PreTrainedTokenizerBase) -> None:
    """Add the tokens of the format `picks`; each starts at the mean of the words that it stands for."""
    fresh: Any = [AddedToken(token, special=True, normalized=False) for token in PICKS]  # typed too narrowly
    if not tokenizer.add_tokens(fresh):
        return
    model.resize_token_embeddings(len(tokenizer), mean_resizing=False)
    for token, words in PICKS.items():
        meant = tokenizer(words, add_special_tokens=False).input_ids
        model.shared.weight[tokenizer.convert_tokens_to_ids(token)] = model.shared.weight[meant].mean(0)


def validator(
    tokenizer: PreTrainedTokenizerBase, settings: T5Settings, path: Path, count: int = _VALIDATION_DIALOGUES
) -> Callable[[T5ForConditionalGeneration], float]:
    """Joint accuracy on a fixed sample of the validation dialogues, the model's own states carried."""
    dialogues = _read(path)
    sample = random.Random(0).sample(dialogues, min(count, len(dialogues)))

    def joint_accuracy(model: T5ForConditionalGeneration) -> float:
        decoder = TorchDecoder(model, tokenizer)
        tracker = T5DialogueModel(decoder, decoder, tokenizer, settings)
        predictions = predict(sample, lambda contexts, _: [(t, None) for t in tracker.track(contexts)], len(sample))
        matches = exact_turns(predictions, sample)
        return sum(matches) / len(matches)

    return joint_accuracy


def _read(path: Path, ontology: Ontology = ONTOLOGY) -> list[Dialogue]:
    dialogues = read_dialogues(path, ontology)
    if not any(dialogue.turns for dialogue in dialogues):
        raise NothingToLearn(str(path))
    return dialogues


def _check_shape(model: T5ForConditionalGeneration, preset: str, start: str) -> None:
    found = (model.config.d_model, model.config.num_layers)
    if found != _SHAPES[preset]:
        raise ModelNotFound(start, f"d_model and layers are {found}; the preset {preset} has {_SHAPES[preset]}")
