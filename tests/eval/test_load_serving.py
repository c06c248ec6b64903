"""The judge and the users of `chatedit bench serving`; the load itself needs quiet minutes."""

import warnings
from pathlib import Path

import httpx
import pytest

with warnings.catch_warnings():  # Ray's own use of pydantic is out of date
    warnings.simplefilter("ignore")
    import ray.serve  # noqa: F401

from chatedit.eval.load_memory import MemoryWatch, Sample, growth
from chatedit.eval.load_serving import LoadReport, report_lines
from chatedit.eval.load_users import Tally, use_service
from live_server import live
from scripted import FakeEditor

SCRIPTS = (("add bangs", "add lipstick", "hello"), ("add goatee", "start over"))


def flat(payload_bytes: int = 1000) -> list[Sample]:
    return [Sample(float(at), payload_bytes, 3) for at in range(9)]


def served() -> Tally:
    return Tally(latencies_s=[1.0, 2.0], accepted=2, answered=2)


def test_users_talk_to_a_real_service_and_everything_is_accounted_for(tmp_path: Path):
    with live(tmp_path, auth="off") as service:
        tally = use_service(service.url, 2, 60.0, SCRIPTS, num_threads=2)
        left = httpx.get(f"{service.url}/v1/threads").json()["items"]
    assert tally.faults == []
    assert (tally.accepted, tally.answered, len(tally.latencies_s)) == (10, 10, 10)
    assert tally.statuses == {
        ("upload", 201): 4,
        ("open", 201): 4,
        ("turn", 200): 10,
        ("state", 200): 4,
        ("picture", 200): 4,
        ("delete", 204): 4,
    }
    assert left == []
    assert LoadReport(tally, flat()).faults == []


def test_a_service_that_breaks_is_told_apart_from_one_that_is_busy(tmp_path: Path):
    class Broken(FakeEditor):
        def edit(self, request, on_progress=None):
            raise RuntimeError("the engine is on fire")

    with live(tmp_path, auth="off", editor=Broken()) as service:
        tally = use_service(service.url, 1, 60.0, SCRIPTS, num_threads=1)
    report = LoadReport(tally, flat())
    assert any("turn: 500" in fault for fault in report.faults), report.faults
    assert any(line.startswith("FAULT") for line in report_lines(report))


def test_a_turn_that_was_not_answered_is_a_fault():
    assert "1 accepted turns were not answered" in LoadReport(Tally(accepted=3, answered=2), flat()).faults
    assert "no turn was answered" in LoadReport(Tally(), flat()).faults


def test_refusals_are_no_faults():
    tally = served()
    tally.statuses["turn", 429] = 7
    report = LoadReport(tally, flat())
    assert report.faults == []
    assert "7 refused (429)" in report_lines(report)[0]


def test_memory_is_judged_by_its_first_and_last_quarter():
    samples = [Sample(float(at), 1000 + 100 * at, 3) for at in range(9)]
    assert growth(samples) == (1100.0, 1700.0)
    assert growth(samples).share == pytest.approx(0.545, abs=1e-3)
    assert any("memory grew by 54.5%" in fault for fault in LoadReport(served(), samples).faults)
    assert LoadReport(served(), samples, max_growth=0.6).faults == []


def test_memory_of_this_process_is_seen():
    with MemoryWatch(period_s=0.01) as memory:
        pass
    assert memory.samples
    assert memory.samples[-1].payload_bytes > 10_000_000
