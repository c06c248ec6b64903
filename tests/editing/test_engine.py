import dataclasses
import threading

import pytest
import torch
from chatedit.editing.edit_batch import EditBatch
from chatedit.editing.edit_job import EditJob, EditResult, Progress
from chatedit.editing.engine import Engine
from chatedit.editing.errors import EditCancelled, EditTimedOut, EngineBusy, EngineClosed, OptimiserDiverged
from chatedit.editing.presets import PAPER, TERMS, Preset, TermWeights
from chatedit.editing.schedule import learning_rate_at
from small_models import ALL_TERMS, SIZE, job, models

IN_W_PLUS = Preset("w_plus", TermWeights(clip=1, l2=0.01, identity=0.1), steps=9, learning_rate=0.05)


def alone(one: EditJob) -> EditResult:
    [result] = Engine(models()).run([one])
    assert isinstance(result, EditResult)
    return result


def assert_same(one: EditResult, other: EditResult) -> None:
    assert one.steps == other.steps
    assert torch.allclose(one.w_plus, other.w_plus, atol=1e-4)
    assert torch.allclose(one.image, other.image, atol=1e-3)
    assert torch.allclose(one.losses, other.losses, atol=1e-3, rtol=1e-4)


def test_edits_together_equal_edits_alone_whatever_their_presets():
    jobs = [job(1), job(2, num_targets=1, num_kept=0), job(3, IN_W_PLUS), job(4, num_targets=4)]
    for together, one in zip(Engine(models()).run(jobs), jobs, strict=True):
        assert_same(together, alone(one))


def test_an_edit_that_joins_in_the_middle_equals_the_edit_alone():
    engine = Engine(models(), max_batch=2)
    handles = [engine.submit(job(1))]
    for _ in range(5):
        engine.advance()
    handles += [engine.submit(job(seed)) for seed in (2, 3)]  # the third joins when the first leaves
    while not all(handle.is_done for handle in handles):
        engine.advance()
    for seed, handle in enumerate(handles, start=1):
        assert_same(handle.result(), alone(job(seed)))


def test_the_total_falls():
    losses = alone(job(1)).losses[:, -1]
    assert losses[-1] < 0.9 * losses[0]


def test_the_engine_takes_the_steps_of_the_schedule():
    one, batch = job(1, IN_W_PLUS), EditBatch(models())
    batch.join([one])
    preset = one.preset
    for step in range(preset.steps):
        batch.step([learning_rate_at(step, preset.steps, preset.learning_rate, preset.ramp_up, preset.ramp_down)])
    assert torch.allclose(alone(one).w_plus, batch.latents([0])[0], atol=1e-6)


def test_the_image_is_rendered_from_the_latent():
    result = alone(job(1))
    assert result.image.shape == (3, SIZE, SIZE)
    assert torch.allclose(models().generator(result.w_plus[None])[0].clamp(-1, 1), result.image, atol=1e-5)


@pytest.mark.parametrize("term", TERMS)
def test_every_term_that_is_switched_on_has_an_effect(term: str):
    base = dataclasses.replace(ALL_TERMS, weights=TermWeights(clip=1.0))
    if term == "clip":
        base = dataclasses.replace(ALL_TERMS, weights=TermWeights(clip=0.0, presence=1.0))
    on = dataclasses.replace(base, weights=dataclasses.replace(base.weights, **{term: 5.0}), prior_sigma=0.1)
    without, with_term = alone(job(7, base)), alone(job(7, on))
    assert (without.w_plus - with_term.w_plus).abs().max() > 1e-4
    start = torch.zeros(1, dtype=torch.float64) if term in ("l2", "identity", "keep", "background") else None
    if start is not None:  # measured against the source, at which the edit starts
        assert torch.allclose(with_term.losses[0, TERMS.index(term)], start, atol=1e-6)


def test_a_diverging_edit_leaves_and_its_neighbours_do_not_notice():
    broken = dataclasses.replace(job(2), start_offset=torch.full((6, 16), float("nan")))
    first, failed, last = Engine(models()).run([job(1), broken, job(3)])
    assert isinstance(failed, OptimiserDiverged)
    assert_same(first, alone(job(1)))
    assert_same(last, alone(job(3)))


def test_an_edit_whose_rate_is_too_high_is_told_so_at_its_step():
    wild = dataclasses.replace(IN_W_PLUS, learning_rate=1e38, ramp_up=0.0)
    [failed] = Engine(models()).run([job(1, wild)])
    assert isinstance(failed, OptimiserDiverged)
    assert failed.args[0] >= 1


def test_a_cancelled_edit_leaves_and_its_neighbours_do_not_notice():
    engine = Engine(models())
    handles = [engine.submit(job(seed)) for seed in (1, 2)]
    for _ in range(4):
        engine.advance()
    handles[0].cancel()
    while not handles[1].is_done:
        engine.advance()
    with pytest.raises(EditCancelled, match="after 5 steps"):
        handles[0].result()
    assert_same(handles[1].result(), alone(job(2)))


def test_an_edit_cancelled_while_it_waits_never_starts():
    engine = Engine(models())
    handle = engine.submit(job(1))
    handle.cancel()
    engine.advance()
    with pytest.raises(EditCancelled, match="after 0 steps"):
        handle.result()


def test_an_edit_past_its_deadline_fails():
    [late, fine] = Engine(models()).run([job(1, timeout_s=0.0), job(2, timeout_s=60.0)])
    assert isinstance(late, EditTimedOut)
    assert isinstance(fine, EditResult)


def test_progress_and_previews_come_at_their_steps():
    seen: list[Progress] = []
    alone(job(1, on_progress=seen.append, progress_every=2, preview_every=4))
    assert [progress.step for progress in seen] == [2, 4, 6, 8, 10, 12]
    assert [progress.step for progress in seen if progress.preview is not None] == [4, 8, 12]
    assert seen[1].preview is not None
    assert seen[1].preview.shape == (3, SIZE, SIZE)
    assert {progress.num_steps for progress in seen} == {12}


def test_a_callback_that_raises_fails_its_own_edit_only():
    def listener(_: Progress) -> None:
        raise OSError("the listener hung up")

    engine = Engine(models())
    handles = [engine.submit(job(1, on_progress=listener)), engine.submit(job(2))]
    while not handles[1].is_done:
        engine.advance()
    with pytest.raises(OSError, match="hung up"):
        handles[0].result()
    assert_same(handles[1].result(), alone(job(2)))


def test_an_error_of_the_models_rises_from_every_handle_and_the_engine_goes_on():
    faulty, calls = models(), []

    def generator(w_plus: torch.Tensor) -> torch.Tensor:
        calls.append(len(w_plus))
        if len(calls) == 3:
            raise MemoryError("no memory left")
        return models().generator(w_plus)

    engine = Engine(dataclasses.replace(faulty, generator=generator))
    handle = engine.submit(job(1))
    while not handle.is_done:
        engine.advance()
    with pytest.raises(MemoryError):
        handle.result()
    assert_same(engine.run([job(1)])[0], alone(job(1)))


@pytest.mark.parametrize("shape", [(4, 16), (6, 8)])
def test_an_edit_that_cannot_join_fails_alone(shape: tuple[int, int]):
    engine = Engine(models())
    handles = [engine.submit(job(1))]
    engine.advance()
    misfit = engine.submit(dataclasses.replace(job(2), w_source=torch.zeros(shape)))
    handles.append(engine.submit(job(3)))
    while not all(handle.is_done for handle in handles):
        engine.advance()
    with pytest.raises(ValueError, match="w_plus must be"):
        misfit.result()
    assert_same(handles[0].result(), alone(job(1)))
    assert_same(handles[1].result(), alone(job(3)))


def test_a_render_that_fails_beside_a_cancelled_edit_does_not_stop_the_engine():
    good, is_broken = models(), threading.Event()

    def generator(w_plus: torch.Tensor) -> torch.Tensor:
        if is_broken.is_set() and not torch.is_grad_enabled():  # the final picture is rendered without gradients
            is_broken.clear()
            raise MemoryError("no memory left")
        return good.generator(w_plus)

    def break_at_the_end(progress: Progress) -> None:
        if progress.step == progress.num_steps:
            cancelled.cancel()
            is_broken.set()

    engine = Engine(dataclasses.replace(good, generator=generator), max_batch=2)
    finished = engine.submit(job(1, on_progress=break_at_the_end))
    cancelled = engine.submit(job(2, dataclasses.replace(ALL_TERMS, steps=13)))
    with engine:
        with pytest.raises(MemoryError):
            finished.result(60.0)
        with pytest.raises(EditCancelled):
            cancelled.result(60.0)
        assert_same(engine.submit(job(3)).result(60.0), alone(job(3)))


def test_an_edit_that_converges_goes_on_to_the_ramp_down():
    long = dataclasses.replace(ALL_TERMS, steps=400)
    patient, impatient = alone(job(1, long)), alone(job(1, dataclasses.replace(long, patience=10)))
    assert patient.steps == 400
    assert 100 <= impatient.steps < 300
    assert impatient.losses[-1, -1] < impatient.losses[0, -1]


def test_a_start_offset_is_where_the_edit_starts():
    offset = 0.3 * torch.randn(6, 16, generator=torch.Generator().manual_seed(1))
    for preset in (ALL_TERMS, IN_W_PLUS):
        one = dataclasses.replace(job(1, preset), start_offset=offset)
        batch = EditBatch(models())
        batch.join([one])
        assert torch.allclose(batch.latents([0])[0], one.w_source + offset, atol=1e-4)


def test_seeds_differ_where_the_preset_has_start_noise():
    noisy = dataclasses.replace(ALL_TERMS, start_noise=0.5)
    first, again, other = (alone(job(1, noisy, seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(first.w_plus, again.w_plus)
    assert not torch.allclose(first.w_plus, other.w_plus, atol=1e-3)
    assert torch.equal(alone(job(1, seed=1)).w_plus, alone(job(1, seed=2)).w_plus)


def test_threads_may_submit_while_the_engine_works():
    results: dict[int, EditResult] = {}

    def ask(engine: Engine, seed: int) -> None:
        results[seed] = engine.submit(job(seed)).result(60.0)

    with Engine(models(), max_batch=3) as engine:
        threads = [threading.Thread(target=ask, args=(engine, seed)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for seed in range(6):
        assert_same(results[seed], alone(job(seed)))


def test_a_full_queue_and_a_closed_engine_refuse():
    engine = Engine(models(), max_waiting=2)
    handles = [engine.submit(job(seed)) for seed in (1, 2)]
    with pytest.raises(EngineBusy, match="2 edits are waiting"):
        engine.submit(job(3))
    engine.close()
    with pytest.raises(EngineClosed):
        engine.submit(job(3))
    for handle in handles:
        with pytest.raises(EngineClosed):
            handle.result()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"w_source": torch.zeros(1, 6, 16)}, "w_source must be"),
        ({"start_offset": torch.zeros(5, 16)}, "start_offset must be"),
        ({"seed": 2**63}, "seed must be"),
        ({"progress_every": 0}, "progress_every must be"),
    ],
)
def test_a_job_of_a_wrong_shape_or_number_is_refused_at_once(change: dict, message: str):
    with pytest.raises(ValueError, match=message):
        Engine(models()).submit(dataclasses.replace(job(1), **change))


@pytest.mark.parametrize(("missing", "message"), [("prior", "latent prior"), ("outside", "background")])
def test_a_preset_that_needs_a_model_that_is_not_there_is_refused(missing: str, message: str):
    with pytest.raises(ValueError, match=message):
        Engine(dataclasses.replace(models(), **{missing: None})).submit(job(1))


def test_the_paper_preset_runs_without_prior_and_background():
    quick = dataclasses.replace(PAPER, steps=3)
    bare = dataclasses.replace(models(), prior=None, outside=None)
    [result] = Engine(bare).run([job(1, quick, num_targets=1, num_kept=0)])
    assert isinstance(result, EditResult)
    assert result.steps == 3


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_compiled_step_gives_the_same_edit():
    [result] = Engine(models(), compile_step=True).run([job(1)])
    assert isinstance(result, EditResult)
    assert_same(result, alone(job(1)))
