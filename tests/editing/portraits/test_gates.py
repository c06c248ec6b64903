"""What passes the gates of the portraits pack."""

import math

import pytest
from chatedit.editing.portraits.factors import VALUES
from chatedit.editing.portraits.gates import GateReport


def report(bangs: float) -> GateReport:
    good = dict.fromkeys(VALUES, 0.99)
    return GateReport(0.99, good, {**good, "bangs": bangs}, good, 0.99, 0.99, good, 0.99, good, 30.0, 30.0)


def test_a_pack_that_reaches_everything_passes():
    assert report(bangs=0.85).failures() == []


@pytest.mark.parametrize("bangs", [0.84, math.nan])
def test_a_recall_that_is_low_or_was_not_measured_does_not_pass(bangs: float):
    assert report(bangs).failures() == [f"generator recall of bangs is {bangs:.2f}"]
