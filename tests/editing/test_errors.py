import pickle

import pytest
from chatedit.editing import errors

EXAMPLES = [
    errors.NothingToEdit(),
    errors.UnknownPreset("quick", ("paper", "fast")),
    errors.InvalidPreset("full", "steps must be positive, not 0"),
    errors.OptimiserDiverged(3),
    errors.EditCancelled(4),
    errors.EditTimedOut(5, 2.5),
    errors.EngineBusy(64),
    errors.EngineClosed(),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_errors_survive_a_pickle_and_say_something(error: errors.EditError):
    copy = pickle.loads(pickle.dumps(error))
    assert repr(copy) == repr(error)
    assert str(copy) == str(error) != ""


def test_every_error_is_of_a_family():
    families = (errors.RetryableCall, errors.EditFailed, errors.InvalidPreset)
    assert all(isinstance(error, families) for error in EXAMPLES)
