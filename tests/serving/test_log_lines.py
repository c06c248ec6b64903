import json
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
from chatedit.serving.log_lines import ROOT, bound, install_json_lines
from one_server import Server, serve

WORDS = "my secret words about Aunt Mary"


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Path]:
    """A file that the package logs to."""
    logger = logging.getLogger(ROOT)
    before = logger.handlers[:], logger.level, logger.propagate
    path = tmp_path / "logs" / "service.jsonl"
    install_json_lines(path, "INFO", has_messages=False)
    yield path
    for handler in logger.handlers:
        handler.close()
    logger.handlers[:], logger.level, logger.propagate = before


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def test_a_turn_and_its_request_carry_the_same_ids(log: Path, server: Server):
    thread = server.thread()
    response = server.post(thread, "turns", {"utterance": "add bangs"}, X_Request_Id="mine-1")
    assert response.headers["x-request-id"] == "mine-1"
    found = [line for line in lines(log) if line.get("request") == "mine-1"]
    turn = next(line for line in found if line["message"] == "turn")
    assert (turn["thread"], turn["outcome"]) == (thread, "success")
    assert turn["turn"]
    assert set(turn["seconds"]) == {"track", "edit", "respond", "whole"}
    request = next(line for line in found if line["message"] == "request")
    assert (request["method"], request["status"], request["thread"]) == ("POST", 200, thread)
    assert request["route"] == "/v1/threads/{thread}/turns"


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, '{"a": 1}'])
def test_a_request_without_a_usable_id_gets_one(log: Path, server: Server, given: str):
    answered = server.client.get("/v1/threads", headers={"X-Request-Id": given}).headers["x-request-id"]
    assert answered != given
    assert lines(log)[-1]["request"] == answered


def test_what_people_say_is_not_logged_even_where_it_breaks_something(log: Path, tmp_path: Path):
    def broken(contexts, attributes, seed=None):
        raise ValueError(contexts[0].user)

    with serve(tmp_path / "home") as server:
        thread = server.thread()
        server.say(thread, f"add bangs; {WORDS}")
        server.model.turn = broken
        assert server.post(thread, "turns", {"utterance": WORDS}).status_code == 500
        assert server.post(thread, "turns", {"utterance": WORDS, "unknown": WORDS}).status_code == 422
    text = log.read_text(encoding="utf-8")
    assert "secret" not in text
    error = next(line["error"] for line in lines(log) if "error" in line)
    assert error["type"] == "ValueError"
    assert any("test_log_lines.py" in place for place in error["at"])


def test_messages_of_errors_are_logged_where_that_is_asked_for(log: Path):
    install_json_lines(log, "INFO", has_messages=True)
    try:
        raise ValueError(WORDS)
    except ValueError:
        logging.getLogger("chatedit.test").exception("failed")
    assert lines(log)[-1]["error"]["message"] == WORDS


def test_an_error_as_an_argument_is_logged_by_its_name(log: Path):
    logging.getLogger("chatedit.test").info("a turn ended: %s", ValueError(WORDS))
    assert lines(log)[-1]["message"] == "a turn ended: ValueError"


def test_ids_hold_inside_their_block_only(log: Path):
    logger = logging.getLogger("chatedit.test")
    with bound(thread="a"):
        with bound(turn="b"):
            logger.info("inner")
        logger.info("outer")
    logger.info("outside")
    assert [(line.get("thread"), line.get("turn")) for line in lines(log)] == [("a", "b"), ("a", None), (None, None)]


def test_the_log_goes_on_in_a_new_file_when_it_is_rotated_away(log: Path):
    logger = logging.getLogger("chatedit.test")
    logger.info("before")
    log.rename(log.with_suffix(".1"))
    logger.info("after")
    assert [line["message"] for line in lines(log)] == ["after"]
