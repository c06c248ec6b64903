"""The learning rate of StyleCLIP's optimisation (`optimization/run_optimization.py`, arXiv:2103.17249)."""

import math


def learning_rate_at(step: int, num_steps: int, peak: float, ramp_up: float, ramp_down: float) -> float:
    """Learning rate of `step` (from 0): linear up over the first `ramp_up` of the steps, cosine down over the last
    `ramp_down`.  Both are shares of `num_steps`; step 0 of a schedule with a ramp-up has rate 0, as published."""
    progress = step / num_steps
    down = min(1.0, (1.0 - progress) / ramp_down) if ramp_down else 1.0
    up = min(1.0, progress / ramp_up) if ramp_up else 1.0
    return peak * up * (0.5 - 0.5 * math.cos(math.pi * down))


def ramp_down_start(num_steps: int, ramp_down: float) -> int:
    """First step whose learning rate falls."""
    return math.ceil(num_steps * (1.0 - ramp_down))
