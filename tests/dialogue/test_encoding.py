from chatedit.dialogue.encoding import input_ids, pad
from tiny_models import tiny_tokenizer

TOKENIZER = tiny_tokenizer()


def test_a_long_history_loses_its_beginning_and_never_the_prefix():
    prefix, body = "translate dialogue to dialogue state:", "make her smile " * 500 + "add bangs"
    (ids,) = input_ids(TOKENIZER, [(prefix, body)], max_tokens=64)
    text = TOKENIZER.decode(ids)
    assert len(ids) <= 64
    assert text.startswith("translate dialogue to dialogue state")
    assert text.endswith(("add bangs</s>", "add bangs </s>"))


def test_a_prefix_that_is_too_long_leaves_room_for_the_body():
    (ids,) = input_ids(TOKENIZER, [("make her smile " * 100, "add bangs")], max_tokens=64)
    assert "add bangs" in TOKENIZER.decode(ids)


def test_padding_goes_to_the_right():
    assert pad([[5, 6], [7]], 0).tolist() == [[5, 6], [7, 0]]


def test_half_a_character_is_encoded_like_any_unknown_one():
    half, unknown = (input_ids(TOKENIZER, [(f"a {mark}", f"{mark} bangs")]) for mark in ("\ud83d", "?"))
    assert half == unknown
