import pytest
import torch
from chatedit.dialogue.errors import ModelNotFound
from chatedit.dialogue.special_tokens import START_OVER
from chatedit.dialogue.training.earlier_decoder import take_decoder
from chatedit.dialogue.training.presets import add_picks
from tiny_models import tiny_t5, tiny_tokenizer
from transformers import T5Config, T5ForConditionalGeneration


def made(seed):
    tokenizer = tiny_tokenizer()
    model = tiny_t5(tokenizer, seed)
    add_picks(model, tokenizer)
    return model, tokenizer


def test_what_was_learned_to_write_is_taken_and_what_was_learned_to_read_stays():
    (model, tokenizer), (earlier, earlier_tokenizer) = made(0), made(1)
    encoder = {name: value.clone() for name, value in model.encoder.state_dict().items() if "embed" not in name}
    word, token = (tokenizer.convert_tokens_to_ids(t) for t in ("smile", START_OVER))
    words = model.shared.weight[word].clone()
    take_decoder(model, tokenizer, earlier, earlier_tokenizer)
    for name, value in earlier.decoder.state_dict().items():
        if "embed" not in name:
            assert torch.equal(value, model.decoder.state_dict()[name]), name
    assert all(torch.equal(value, model.encoder.state_dict()[name]) for name, value in encoder.items())
    assert torch.equal(model.shared.weight[word], words)
    assert torch.equal(model.shared.weight[token], earlier.shared.weight[token])


def test_a_decoder_of_another_shape_is_refused():
    model, tokenizer = made(0)
    shape = {**model.config.to_dict(), "d_ff": 48}
    with pytest.raises(ModelNotFound, match="another shape"):
        take_decoder(model, tokenizer, T5ForConditionalGeneration(T5Config(**shape)), tokenizer)
