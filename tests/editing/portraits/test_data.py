import numpy as np
import pytest
from chatedit.editing.portraits.data import has_value, is_clear, load_renders


def test_rendering_that_was_cut_short_goes_on_where_it_stood(tmp_path):
    whole = load_renders(tmp_path / "whole", 6, seed=3)
    interrupted = tmp_path / "interrupted"
    load_renders(interrupted, 6, seed=3)
    (interrupted / "seed3-6.json").write_text('{"done": 2}')
    again = load_renders(interrupted, 6, seed=3)
    assert np.array_equal(again.images, whole.images)
    assert np.array_equal(again.labels, whole.labels)


def test_another_seed_shows_other_people(tmp_path):
    assert not np.array_equal(load_renders(tmp_path, 2, seed=1).images, load_renders(tmp_path, 2, seed=2).images)


@pytest.mark.parametrize("count", [0, 3])
def test_an_odd_or_empty_number_of_portraits_is_refused(tmp_path, count):
    with pytest.raises(ValueError, match="pairs"):
        load_renders(tmp_path, count, seed=1)


def test_half_strengths_are_masked():
    labels = np.array([[0.0, 0.5, 0.9]])
    assert has_value(labels).tolist() == [[False, False, True]]
    assert is_clear(labels).tolist() == [[True, False, True]]
