import time

from chatedit.serving.database import Database, runs
from chatedit.serving.run_board import LEFT_AFTER_S, RunBoard
from sqlalchemy import update


def statuses(board: RunBoard, status: str | None = None) -> list[str]:
    return [run.status for run in board.list("t", 10, status=status)]


def test_a_run_that_nobody_touches_counts_as_interrupted(tmp_path):
    database = Database(f"sqlite:///{tmp_path / 'service.sqlite'}")
    mine, other = RunBoard(database), RunBoard(database)
    run = mine.start("alice", "t")
    with database.begin() as connection:
        connection.execute(update(runs).values(updated_at=time.time() - LEFT_AFTER_S - 1))
    assert mine.get("t", run).status == "interrupted"
    assert (statuses(mine), statuses(mine, "running"), statuses(mine, "interrupted")) == (
        ["interrupted"],
        [],
        ["interrupted"],
    )
    assert not mine.cancel("t")
    other.touch()
    assert statuses(mine) == ["interrupted"]
    mine.touch()
    assert statuses(mine, "running") == ["running"]
    assert mine.cancel("t")
    mine.finish(run, "success")
    mine.touch()
    assert statuses(mine) == ["success"]
    database.close()


def test_runs_are_touched_while_their_process_lives(tmp_path, monkeypatch):
    monkeypatch.setattr("chatedit.serving.run_board.TOUCH_S", 0.01)
    database = Database(f"sqlite:///{tmp_path / 'service.sqlite'}")
    board = RunBoard(database)
    run = board.start("alice", "t")
    started = board.get("t", run).updated_at
    with board.touching():
        deadline = time.monotonic() + 20
        while board.get("t", run).updated_at == started:
            assert time.monotonic() < deadline
    database.close()
