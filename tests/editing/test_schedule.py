import pytest
from chatedit.editing.schedule import learning_rate_at, ramp_down_start


@pytest.mark.parametrize(
    ("step", "rate"), [(0, 0.0), (3, 0.02), (15, 0.1), (150, 0.1), (225, 0.1), (262.5, 0.05), (300, 0.0)]
)
def test_rate_of_300_steps_follows_the_published_ramps(step: int, rate: float):
    assert learning_rate_at(step, 300, 0.1, ramp_up=0.05, ramp_down=0.25) == pytest.approx(rate)


def test_without_ramps_the_rate_is_constant():
    assert {learning_rate_at(step, 10, 0.1, 0.0, 0.0) for step in range(10)} == {0.1}


def test_the_ramp_down_starts_at_the_first_falling_rate():
    start = ramp_down_start(30, 0.25)
    assert learning_rate_at(start - 1, 30, 1.0, 0.05, 0.25) == 1.0 > learning_rate_at(start, 30, 1.0, 0.05, 0.25)
