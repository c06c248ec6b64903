import pytest
from chatedit.dialogue.person import fill


@pytest.mark.parametrize(
    ("person", "text"),
    [
        ("woman", "She has her hair cut; she looks good and she is happy with herself."),
        ("man", "He has his hair cut; he looks good and he is happy with himself."),
        ("neutral", "They have their hair cut; they look good and they are happy with themselves."),
        ("self", "I have my hair cut; I look good and I am happy with myself."),
    ],
)
def test_person_words_agree(person, text):
    template = "{They} {has} {their} hair cut; {they} look{s} good and {they} {is} happy with {themselves}."
    assert fill(template, person) == text


def test_the_system_turns_me_into_you():
    assert (
        fill("{Their} hair is blond, {they} look{s} good.", "self", is_system=True)
        == "Your hair is blond, you look good."
    )


def test_slots_may_bring_person_words_of_their_own():
    assert fill("Please {verb}.", "man", verb="cut {their} hair") == "Please cut his hair."


def test_an_unknown_placeholder_is_an_error():
    with pytest.raises(KeyError, match="hat"):
        fill("Give {them} a {hat}.", "man")
