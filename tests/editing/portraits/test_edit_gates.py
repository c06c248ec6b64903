"""The cases on which edits are measured, and the section of the card."""

import numpy as np
import pytest
from chatedit.dialogue.belief_state import values
from chatedit.editing.edit_quality import EditQuality
from chatedit.editing.pack import load_pack
from chatedit.editing.portraits.edit_gates import (
    CARD_TITLE,
    EditGateReport,
    edit_cases,
    measure_edits,
    random_state,
    sample_requests,
    write_edits,
)
from chatedit.editing.portraits.factors import VALUES, attributes_of


@pytest.fixture(scope="module")
def pack():
    return load_pack("portraits")


def report(present: float = 0.95, identity: float = 0.95, lipstick: float = 0.9) -> EditGateReport:
    quality = EditQuality(3, present, 0.9, {"lipstick": lipstick}, 0.01, identity, identity, 0.01)
    return EditGateReport("fast", 10, quality, quality, 0.4)


def test_every_value_is_asked_for_and_no_single_value_is_there_already():
    portraits, single, several = sample_requests(2 * len(VALUES))
    asked = [value for state in single for value in values(state)]
    assert set(asked) == set(VALUES)
    assert all(value not in attributes_of(portrait) for value, portrait in zip(asked, portraits, strict=True))
    assert all(2 <= len(values(state)) <= 6 for state in several)


def test_random_states_have_the_size_asked_for():
    rng = np.random.default_rng(0)
    assert [len(values(random_state(rng, size))) for size in (2, 4, 6)] == [2, 4, 6]


def test_two_portraits_are_measured(pack):
    done = []
    measured = measure_edits(pack, pack.preset("fast"), edit_cases(pack, 2), done.append)
    assert sum(done) == 4
    assert measured.single.edits == measured.several.edits == 2


def test_a_report_says_what_misses_its_target():
    assert report().failures() == []
    assert any("identity 0.850" in failure for failure in report(identity=0.85).failures())
    assert "fast, lipstick: 0.50 present" in report(lipstick=0.5).failures()


def test_the_section_of_a_preset_is_replaced_and_the_others_stay(tmp_path):
    card = tmp_path / "README.md"
    card.write_text(
        f"# Pack\n\ntext\n\n{CARD_TITLE}: fast\n\nold\n\n{CARD_TITLE}: full\n\nkept too\n\n## Other\n\nkept\n",
        encoding="utf-8",
    )
    for present in (0.5, 0.95):
        write_edits(card, [report(present)], "chatedit portraits edits")
    text = card.read_text(encoding="utf-8")
    assert text.startswith("# Pack\n\ntext\n\n")
    assert text.endswith(f"\n\n{CARD_TITLE}: full\n\nkept too\n\n## Other\n\nkept\n")
    assert "old" not in text
    assert text.count(f"{CARD_TITLE}: fast") == 1
    assert "| single values | 0.950 |" in text
    assert "0.500" not in text
