import pytest
from chatedit.dialogue.detokenise import detokenise


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("done . she ' s blond now .", "Done. She's blond now."),
        ("how about a clean - shaven look ?", "How about a clean-shaven look?"),
        ("i don ' t think so , but i ' ll try", "I don't think so, but I'll try"),
        ("wait . . . what else ?", "Wait... What else?"),
        ("ready ! anything else ( really ) ?", "Ready! Anything else (really)?"),
        ("we ' re done ; you ' ve got bangs : look", "We're done; you've got bangs: look"),
        ("", ""),
        ("  two   spaces  ", "Two spaces"),
    ],
)
def test_text_reads_as_a_person_would_write_it(written, read):
    assert detokenise(written) == read


def test_text_that_is_fine_stays_as_it_is():
    text = "Done. She's blond now; what's next?"
    assert detokenise(text) == text
