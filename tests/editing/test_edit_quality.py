"""What the judge of edits counts, on hand-worked readings."""

import pytest
import torch
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.editing.edit_quality import Originals, judge
from chatedit.editing.pack import load_pack
from small_pack import write_small_pack

SMILING_BLOND, BANGS = from_values(["smiling", "blond hair"]), from_values(["bangs"])


@pytest.fixture(scope="module")
def pack(tmp_path_factory):
    return load_pack(write_small_pack(tmp_path_factory.mktemp("quality")))


@pytest.fixture(scope="module")
def originals(pack):
    w_plus = pack.latents.latent_avg + 0.1 * torch.randn(
        2, *pack.latents.latent_avg.shape, generator=torch.Generator().manual_seed(1)
    )
    return Originals(pack.generator(w_plus).clamp(-1.0, 1.0), w_plus)


def reader_of(*readings: list[set[str]]):
    """A reader that says what each call should see."""
    said = iter(readings)
    return lambda pictures: torch.tensor([[value in seen for value in ONTOLOGY.values] for seen in next(said)])


def test_values_and_whole_edits_are_counted(pack, originals):
    reader = reader_of([set(), set()], [{"smiling"}, {"bangs"}])
    quality = judge(pack, reader, originals, originals.pictures, [SMILING_BLOND, BANGS])
    assert quality.present == pytest.approx(2 / 3)
    assert quality.complete == 0.5
    assert quality.present_by_value == {"smiling": 1.0, "blond hair": 0.0, "bangs": 1.0}


def test_what_nobody_asked_for_counts_as_changed_whether_it_comes_or_goes(pack, originals):
    reader = reader_of([{"lipstick"}, set()], [{"goatee"}, {"no bangs"}])
    quality = judge(pack, reader, originals, originals.pictures, [BANGS, BANGS])
    others = 2 * (len(ONTOLOGY.values) - 2)  # neither "bangs" nor "no bangs", which it excludes
    assert quality.changed == pytest.approx(2 / others)


def test_an_edit_that_changes_nothing_keeps_person_and_background(pack, originals):
    quality = judge(pack, None, originals, originals.pictures, [BANGS, BANGS])
    assert quality.identity == pytest.approx(1.0, abs=1e-5)
    assert quality.present is None
    assert quality.background is None  # the small pack does not tell the background


def test_another_person_is_seen(pack, originals):
    quality = judge(pack, None, originals, originals.pictures.flip(0), [BANGS, BANGS])
    assert quality.identity < 0.9999
    assert quality.identity_to_photo == pytest.approx(quality.identity, abs=1e-5)  # the photo is what is drawn


def test_results_must_match_the_states(pack, originals):
    with pytest.raises(ValueError, match="1 states and 2 results of 2 originals"):
        judge(pack, None, originals, originals.pictures, [BANGS])
