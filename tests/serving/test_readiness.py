import threading

import pytest
from chatedit.serving import readiness
from chatedit.serving.readiness import Readiness


def test_that_all_is_well_is_remembered_and_that_it_is_not_is_asked_again(monkeypatch: pytest.MonkeyPatch):
    asked, broken = [], [True]

    def check() -> None:
        asked.append(1)
        if broken:
            raise ConnectionError("no route to db.internal")

    ready = Readiness({"database": check})
    assert ready.problems() == {"database": "ConnectionError"}
    broken.clear()
    assert [ready.problems() for _ in range(5)] == [{}] * 5
    assert len(asked) == 2
    ready._good_until = 0.0
    broken.append(True)
    assert ready.problems() == {"database": "ConnectionError"}


def test_a_part_that_does_not_answer_is_asked_once(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(readiness, "ANSWER_S", 0.05)
    asked, go_on = [], threading.Event()

    def check() -> None:
        asked.append(1)
        assert go_on.wait(20)

    ready = Readiness({"database": check})
    assert [ready.problems() for _ in range(3)] == [{"checks": "TimeoutError"}] * 3
    go_on.set()
    monkeypatch.setattr(readiness, "ANSWER_S", 20)
    assert ready.problems() == {}
    assert len(asked) == 1
