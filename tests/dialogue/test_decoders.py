import pytest
import torch
from chatedit.dialogue.decoders import CTranslate2Decoder, Sampling, TorchDecoder, converted
from chatedit.dialogue.encoding import input_ids
from chatedit.dialogue.formats import parse_update
from chatedit.dialogue.grammar import UpdateGrammar, allowed
from tiny_models import SENTENCES, tiny_t5, tiny_tokenizer

torch.set_num_threads(1)


@pytest.fixture(scope="module")
def tokenizer():
    return tiny_tokenizer()


@pytest.fixture(scope="module")
def folder(tokenizer, tmp_path_factory):
    folder = tmp_path_factory.mktemp("model")
    tiny_t5(tokenizer).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


@pytest.fixture(scope="module")
def reference(tokenizer):
    return TorchDecoder(tiny_t5(tokenizer), tokenizer)


@pytest.fixture(scope="module")
def fast(folder, cache, tokenizer):
    return CTranslate2Decoder(folder, tokenizer, cache, threads=1, compute_type="float32")


@pytest.fixture(scope="module")
def rows(tokenizer):
    return input_ids(tokenizer, [("translate dialogue to dialogue state:", text) for text in SENTENCES])


def test_ctranslate2_in_float32_writes_what_the_reference_writes(reference, fast, rows):
    expected = reference.decode(rows, 12)
    assert any(expected)
    assert fast.decode(rows, 12) == expected


def test_a_batch_of_four_equals_four_batches_of_one(fast, rows):
    assert fast.decode(rows, 12) == [text for row in rows for text in fast.decode([row], 12)]


def test_the_same_seed_samples_the_same_words_and_another_seed_others(reference, rows):
    how = Sampling(seed=3, top_k=50, temperature=1.5)
    assert reference.decode(rows, 12, how) == reference.decode(rows, 12, how)
    assert reference.decode(rows, 12, how) != reference.decode(rows, 12, Sampling(4, 50, 1.5))


def test_a_random_model_cannot_leave_the_grammar(reference, rows, tokenizer):
    for output in reference.decode_within(rows, allowed(UpdateGrammar(tokenizer)), 48):
        parse_update(output)


def test_the_converted_model_is_kept(folder, cache, fast):
    kept = converted(folder, cache, "float32")
    before = (kept / "model.bin").stat().st_mtime_ns
    assert (converted(folder, cache, "float32") / "model.bin").stat().st_mtime_ns == before


def test_other_weights_are_another_converted_model(tokenizer, cache, tmp_path):
    torch.save(tiny_t5(tokenizer, seed=0).state_dict(), tmp_path / "pytorch_model.bin")
    tiny_t5(tokenizer).config.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    before = converted(tmp_path, cache, "float32")
    torch.save(tiny_t5(tokenizer, seed=1).state_dict(), tmp_path / "pytorch_model.bin")
    assert converted(tmp_path, cache, "float32") != before
