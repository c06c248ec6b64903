"""A pruned WordPiece vocabulary: what English and this domain need, and not more bytes than can ship."""

import re
from collections import Counter
from collections.abc import Iterable

from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from ..special_tokens import SPECIAL_TOKENS

PAD, EOS, UNK = "<pad>", "</s>", "<unk>"
PRINTABLE = re.compile(r"(##)?[!-~]+")
COMMON_TOKENS = 16_000  # BERT's vocabulary is sorted by frequency: the head is common English
MIN_CORPUS_COUNT = 6


def printable_vocabulary(teacher: Tokenizer) -> list[int]:
    """Teacher ids of all printable ASCII tokens, ascending."""
    return sorted(i for token, i in teacher.get_vocab().items() if PRINTABLE.fullmatch(token) and token[0] != "[")


def pruned_vocabulary(teacher: Tokenizer, corpus: Iterable[str], domain: Iterable[str]) -> list[int]:
    """Teacher ids to keep, ascending: common printable tokens, tokens frequent in `corpus`, all tokens of `domain`."""
    printable = set(printable_vocabulary(teacher))
    counts: Counter[int] = Counter()
    for encoding in teacher.encode_batch(list(corpus)):
        counts.update(encoding.ids)
    frequent = {i for i, count in counts.items() if count >= MIN_CORPUS_COUNT}
    needed = {i for encoding in teacher.encode_batch(list(domain)) for i in encoding.ids}
    return sorted(printable & ({i for i in printable if i < COMMON_TOKENS} | frequent | needed))


def build_tokenizer(teacher: Tokenizer, kept: list[int]) -> PreTrainedTokenizerFast:
    """WordPiece tokenizer over the kept tokens, lower-casing like its teacher, closing each text with `</s>`."""
    vocabulary = {index: token for token, index in teacher.get_vocab().items()}
    tokens = [PAD, EOS, UNK, *SPECIAL_TOKENS, *(vocabulary[i] for i in kept)]
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token=UNK))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True, strip_accents=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece(prefix="##", cleanup=False)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in (PAD, EOS, UNK)])
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL_TOKENS])
    tokenizer.post_processor = processors.TemplateProcessing(
        single=f"$A {EOS}", pair=f"$A {EOS} $B {EOS}", special_tokens=[(EOS, tokens.index(EOS))]
    )
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        pad_token=PAD,
        eos_token=EOS,
        unk_token=UNK,
        additional_special_tokens=list(SPECIAL_TOKENS),
        model_max_length=512,
        truncation_side="left",
    )
