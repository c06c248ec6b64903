import pytest
import torch
from chatedit.dialogue.errors import OtherRun
from chatedit.dialogue.training.checkpoint import Run

WHAT = {"preset": "small", "seed": 0}


def opened(folder, **what):
    model = torch.nn.Linear(2, 2)
    return Run.open(folder, model, torch.optim.SGD(model.parameters(), lr=0.1), what)


def test_a_run_goes_on_where_it_stopped(tmp_path):
    run = opened(tmp_path, **WHAT)
    run.advance(2.5)
    run.epochs = 3
    run.save()
    again = opened(tmp_path, **WHAT)
    assert (again.step, again.seconds, again.epochs) == (1, 2.5, 3)
    assert torch.equal(again.model.weight, run.model.weight)


@pytest.mark.parametrize("other", [{"seed": 1}, {"preset": "base"}])
def test_another_training_is_not_continued(tmp_path, other):
    opened(tmp_path, **WHAT).save()
    with pytest.raises(OtherRun, match="holds a training of preset small, seed 0, not of preset"):
        opened(tmp_path, **{**WHAT, **other})


def test_a_checkpoint_that_does_not_tell_what_it_is_goes_on(tmp_path):
    opened(tmp_path).save()
    assert opened(tmp_path, **WHAT).step == 0
