import numpy as np
import pytest
from chatedit.editing.portraits.factors import ABSENCES, VALUES, Portrait, sample_portrait, with_state
from chatedit.editing.portraits.renderer import render

SIZE = 96
BARE = ["no smiling", "no bangs", "no beard", "no makeup"]
# boxes (left, right, top, bottom) in which each value must show, as shares of the side
FACE, MOUTH, BROWS, TOP = (0.2, 0.8, 0.1, 0.95), (0.3, 0.7, 0.62, 0.92), (0.2, 0.8, 0.36, 0.56), (0.2, 0.8, 0.0, 0.42)
WHERE = {
    **dict.fromkeys(("smiling", "angry", "sad"), MOUTH),
    **dict.fromkeys(("brown hair", "blond hair", "black hair", "gray hair", "receding hairline", "bangs"), TOP),
    "sideburns": FACE,
    "mustache": MOUTH,
    "goatee": (0.3, 0.7, 0.75, 0.98),
    "heavy makeup": BROWS,
    "bushy eyebrows": BROWS,
    "lipstick": MOUTH,
    "rosy cheeks": (0.2, 0.8, 0.55, 0.75),
    "pale skin": FACE,
}


def person(seed: int) -> Portrait:
    """Somebody with none of the values but a hair colour."""
    bare = with_state(sample_portrait(np.random.default_rng(seed)), BARE)
    strengths = {**bare.strengths, "receding hairline": 0.0, "sideburns": 0.0, "bushy eyebrows": 0.0, "pale skin": 0.0}
    hair = {"brown hair": 0.4, "blond hair": 0.0, "black hair": 0.0, "gray hair": 0.6}
    return Portrait(bare.identity, bare.scene, strengths | hair)


def changed(first: np.ndarray, second: np.ndarray, box: tuple[float, float, float, float]) -> float:
    """Mean absolute change, in [0, 255], inside a box."""
    left, right, top, bottom = (round(SIZE * share) for share in box)
    difference = np.abs(first.astype(int) - second.astype(int))
    return float(difference[top:bottom, left:right].mean())


def test_the_same_factors_give_the_same_pixels():
    portrait = sample_portrait(np.random.default_rng(1))
    assert np.array_equal(render(portrait, SIZE), render(portrait, SIZE))


def test_the_same_seed_gives_the_same_person():
    assert sample_portrait(np.random.default_rng(7)) == sample_portrait(np.random.default_rng(7))


def test_a_picture_is_rgb_bytes_of_the_size_asked_for():
    picture = render(sample_portrait(np.random.default_rng(2)), 48)
    assert picture.shape == (48, 48, 3)
    assert picture.dtype == np.uint8
    assert picture.std() > 20  # something is drawn


@pytest.mark.parametrize("size", [0, 15, 5000])
def test_a_size_out_of_range_is_refused(size):
    with pytest.raises(ValueError, match="size_px"):
        render(sample_portrait(np.random.default_rng(2)), size)


@pytest.mark.parametrize("value", [value for value in VALUES if value not in ABSENCES])
@pytest.mark.parametrize("seed", [3, 4])
def test_every_value_changes_the_picture_where_it_should(value, seed):
    before = person(seed)
    after = render(with_state(before, [value]), SIZE)
    assert changed(render(before, SIZE), after, WHERE[value]) > 2.0


@pytest.mark.parametrize("absence", ABSENCES)
def test_an_absence_undoes_what_it_is_the_absence_of(absence):
    before = person(5)
    there = with_state(before, ABSENCES[absence][:1])
    again = with_state(there, [absence])
    assert np.array_equal(render(again, SIZE), render(before, SIZE))
    assert not np.array_equal(render(there, SIZE), render(before, SIZE))


def test_a_value_leaves_the_background_alone():
    before = person(6)
    after = render(with_state(before, ["smiling", "lipstick", "heavy makeup", "goatee"]), SIZE)
    corner = (0.0, 0.1, 0.0, 0.3)
    assert changed(render(before, SIZE), after, corner) == 0.0
