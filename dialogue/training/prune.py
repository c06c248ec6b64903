"""Drop the words that neither English at large nor this domain needs: a third of an embedded model is vocabulary."""

from collections.abc import Iterable
from pathlib import Path

import torch
from transformers import AutoTokenizer, PreTrainedTokenizerBase, T5ForConditionalGeneration

from .inherit import load_teacher
from .vocabulary import build_tokenizer, printable_vocabulary, pruned_vocabulary


def prune(
    folder: Path, teacher_path: Path, corpus: Iterable[str], domain: Iterable[str]
) -> tuple[T5ForConditionalGeneration, PreTrainedTokenizerBase]:
    """The inherited model of `folder` with the rows of the kept tokens only, and its tokenizer.

    Words that lose their own token are spelled with the pieces that remain.
    """
    model = T5ForConditionalGeneration.from_pretrained(folder)
    old = AutoTokenizer.from_pretrained(folder)
    _, teacher_tokenizer = load_teacher(teacher_path)
    kept = pruned_vocabulary(teacher_tokenizer, corpus, domain)
    assert set(kept) <= set(printable_vocabulary(teacher_tokenizer))
    tokenizer = build_tokenizer(teacher_tokenizer, kept)
    places = old.get_vocab()
    words = sorted(tokenizer.get_vocab().items(), key=lambda item: item[1])
    rows = model.shared.weight.detach()[torch.tensor([places[token] for token, _ in words])].clone()
    model.resize_token_embeddings(len(tokenizer))
    with torch.no_grad():
        model.shared.weight.copy_(rows)
    return model, tokenizer
