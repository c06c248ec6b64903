"""Record what a model answered; replay it without a key, a network or the model."""

import json
import threading
import time
from pathlib import Path
from typing import Any

from ..errors import DataNotReadable
from .errors import ReplayMissing
from .outcome import NO_ANSWER, ChatRequest, Completion, FunctionCall, Outcome
from .patience import Completer

_SHOWN = 300  # characters of the last message, for people who read a recording


class Recording:
    """Outcomes by request, as JSON Lines.

    With a completer, what the file lacks is asked for and appended, call by call, so that a stopped run goes on where
    it was; requests that got no answer then are asked again, once. Within a run the first outcome of a request counts,
    a failure too, however often and by how many threads it is asked: so a replay tells what the run told. Without a
    completer it only replays, failures included.

    Args:
        path: made when the first outcome is written.
        completer: None to replay.
    Raises:
        DataNotReadable: the file is no recording.
    """

    def __init__(self, path: Path, completer: Completer | None = None) -> None:
        self._path, self._completer = path, completer
        self._lock = threading.Lock()
        self._outcomes: dict[str, Outcome] = {}
        self.dates: set[str] = set()
        if path.exists():
            self._read()
        elif completer is None:
            raise DataNotReadable(str(path), "there is no such recording")
        self._again = {key for key, outcome in self._outcomes.items() if outcome.failure in NO_ANSWER}

    def complete(self, request: ChatRequest) -> Outcome:
        """See `Completer.complete`."""
        with self._lock:
            known = self._outcomes.get(request.key)
            is_settled = request.key not in self._again
        if self._completer is None:
            if known is None:
                raise ReplayMissing(str(self._path), _last_words(request))
            return known
        if known is not None and is_settled:
            return known
        return self._append(request, self._completer.complete(request))

    def _append(self, request: ChatRequest, outcome: Outcome) -> Outcome:
        """Keep an outcome, unless another thread was faster with the same request; what counts."""
        today = time.strftime("%Y-%m-%d", time.gmtime())
        record = {"key": request.key, "model": request.model, "date": today, "asked": _last_words(request)}
        with self._lock:
            if request.key in self._outcomes and request.key not in self._again:
                return self._outcomes[request.key]
            self._again.discard(request.key)
            self._outcomes[request.key] = outcome
            self.dates.add(today)
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as lines:
                lines.write(json.dumps(record | _to_json(outcome), ensure_ascii=False) + "\n")
        return outcome

    def _read(self) -> None:
        text = self._path.read_text(encoding="utf-8")
        whole = text[: text.rfind("\n") + 1]  # a killed run may have left half a line
        for number, line in enumerate(whole.split("\n")[:-1], 1):
            try:
                record = json.loads(line)
                self._outcomes[record["key"]] = _from_json(record)
                self.dates.add(record["date"])
            except (ValueError, KeyError, TypeError) as error:
                raise DataNotReadable(f"{self._path}:{number}", f"not an outcome of a recording ({error})") from error
        if whole != text and self._completer is not None:
            self._path.write_text(whole, encoding="utf-8")


def _to_json(outcome: Outcome) -> dict[str, Any]:
    record: dict[str, Any] = {"latency_ms": round(outcome.latency_ms, 1)}
    if outcome.mishaps:
        record["mishaps"] = dict(outcome.mishaps)
    if outcome.failure:
        record |= {"failure": outcome.failure, "reason": outcome.reason}
    if (done := outcome.completion) is not None:
        record |= {"text": done.text, "tokens_in": done.tokens_in, "tokens_out": done.tokens_out}
        record |= {"calls": [list(call) for call in done.calls], "is_cut": done.is_cut, "refusal": done.refusal}
    return record


def _from_json(record: dict[str, Any]) -> Outcome:
    completion = None
    if "text" in record:
        calls = tuple(FunctionCall(*call) for call in record["calls"])
        tokens = (record["tokens_in"], record["tokens_out"])
        completion = Completion(record["text"], calls, record["is_cut"], record["refusal"], *tokens)
    mishaps, reason = record.get("mishaps", {}), record.get("reason", "")
    return Outcome(completion, record.get("failure", ""), reason, mishaps, record["latency_ms"])


def _last_words(request: ChatRequest) -> str:
    return str(request.messages[-1]["content"])[-_SHOWN:]
