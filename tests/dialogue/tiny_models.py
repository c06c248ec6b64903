"""Models small enough to build in a test: a WordPiece tokenizer of the domain's words, a random T5, a random BERT."""

import random
import string

import torch
from chatedit.dialogue.formats import PAPER_PROMPTS, all_updates_words
from chatedit.dialogue.training.teacher import Teacher, over_vocabulary
from chatedit.dialogue.training.vocabulary import build_tokenizer
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast, T5Config, T5ForConditionalGeneration

SENTENCES = [
    "make her smile",
    "give him some bangs, please",
    "what is the hair color?",
    "i am happy with this photo now",
]


def teacher_tokenizer() -> Tokenizer:
    """BERT's kind of tokenizer: the words of formats and sentences, single characters for all others."""
    texts = [*all_updates_words(), *SENTENCES, PAPER_PROMPTS.state, PAPER_PROMPTS.response, PAPER_PROMPTS.question]
    words = sorted(
        {word.strip("?,:.") for text in texts for word in text.split()} | {"last", "next", "request", "suggest"}
    )
    letters = [*string.ascii_lowercase, *string.digits, *string.punctuation.replace("[", "").replace("]", "")]
    pieces = [f"##{letter}" for letter in string.ascii_lowercase + string.digits]
    tokens = list(dict.fromkeys(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *letters, *pieces, *words]))
    tokenizer = Tokenizer(models.WordPiece({token: i for i, token in enumerate(tokens)}, unk_token="[UNK]"))
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=True)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", tokens.index("[CLS]")), ("[SEP]", tokens.index("[SEP]"))]
    )
    return tokenizer


def tiny_tokenizer() -> PreTrainedTokenizerFast:
    """The dialogue model's kind of tokenizer over the same words."""
    teacher = teacher_tokenizer()
    return build_tokenizer(teacher, [i for token, i in sorted(teacher.get_vocab().items()) if token[0] != "["])


def tiny_t5(tokenizer: PreTrainedTokenizerFast, seed: int = 0, dropout: float = 0.1) -> T5ForConditionalGeneration:
    """A random T5 of some 50,000 weights."""
    torch.manual_seed(seed)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=8,
        d_ff=64,
        num_layers=2,
        num_decoder_layers=1,
        num_heads=4,
        dropout_rate=dropout,
        pad_token_id=0,
        eos_token_id=1,
        decoder_start_token_id=0,
    )
    model = T5ForConditionalGeneration(config)
    with torch.no_grad():  # a small random decoder would only repeat its input: embeddings are tied
        for name, weight in model.decoder.named_parameters():
            if name.endswith(("o.weight", "wo.weight")):
                weight *= 20
    return model


def tiny_teacher() -> tuple[Teacher, PreTrainedTokenizerFast]:
    """A random BERT with a head, over the dialogue model's vocabulary."""
    torch.manual_seed(0)
    own = teacher_tokenizer()
    config = BertConfig(
        vocab_size=own.get_vocab_size(),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
    )
    vocabulary = tiny_tokenizer()
    return over_vocabulary(BertModel(config), own, vocabulary), vocabulary


def tiny_texts(count: int) -> list[str]:
    """Random texts of the domain's words."""
    rng = random.Random(0)
    words = sorted(token for token in teacher_tokenizer().get_vocab() if token.isalpha() and len(token) > 2)
    return [" ".join(rng.choices(words, k=rng.randint(4, 12))) for _ in range(count)]
