"""A language model as a tracker."""

import threading
from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from ..belief_state import diff
from ..formats import Context
from ..measured import Measured
from ..ontology import OPEN_ONTOLOGY
from ..protocols import Tracked
from .endpoint import OpenAiEndpoint
from .errors import AnswerNotReadable
from .method import Asked, Method, Reading
from .outcome import ChatRequest, Completion, Message, Outcome
from .patience import Completer, Patient
from .prices import Price, load_prices, price_of
from .settings import LlmSettings

_REMEMBERED = 20_000  # answers; the oldest are forgotten, and the state then stands for them
_SHOWN = 400  # characters of an unreadable answer that the model is shown again


class LlmTracker:
    """Asks a language model by one of three methods (`updates`, `full_state`, `functions`).

    Bad answers, refusals and an endpoint that fails leave the state as it was and set `Tracked.error`; `measure` says
    of which kind they were. Only what would fail for every turn raises (EndpointUnusable, ReplayMissing).

    Args:
        completer: an endpoint with patience, or a recording.
        corrections: how often the model is told that its answer could not be read, and asked again.
    """

    def __init__(
        self,
        method: Method,
        completer: Completer,
        settings: LlmSettings,
        prices: Mapping[str, Price] | None = None,
    ) -> None:
        self._method, self._completer, self._settings = method, completer, settings
        self.price = price_of(settings.model, load_prices() if prices is None else prices)
        self._notes: OrderedDict[tuple[object, ...], str] = OrderedDict()
        self._lock = threading.Lock()
        self._total_cost_usd = 0.0

    def track(self, contexts: Sequence[Context]) -> list[Tracked]:
        """See `protocols.Tracker.track`; several contexts are asked about at the same time."""
        with ThreadPoolExecutor(self._settings.concurrency) as pool:
            return [measured.tracked for measured in pool.map(self.measure, contexts)]

    def total_cost_usd(self) -> float:
        """What all turns have cost so far, as far as it is known."""
        return self._total_cost_usd

    def measure(self, context: Context) -> Measured:
        """See `MeasuredTracker.measure`; safe to call from several threads."""
        if not context.user.strip():
            return Measured(Tracked(context.state))
        asked = self._method.ask(context, self._earlier_notes(context))
        outcomes: list[Outcome] = []
        unread: list[AnswerNotReadable] = []
        reading: Reading | None = None
        while reading is None and len(unread) <= self._settings.corrections:
            outcome = self._completer.complete(self._request(asked))
            outcomes.append(outcome)
            if outcome.completion is None or outcome.completion.refusal:
                break
            try:
                reading = self._method.read(context, outcome.completion)
            except AnswerNotReadable as error:
                unread.append(error)
                asked = _corrected(asked, outcome.completion, error)
        self._remember(context, reading)
        return self._measured(context, outcomes, unread, reading)

    def _request(self, asked: Asked) -> ChatRequest:
        settings = self._settings
        return ChatRequest(settings.model, asked.messages, settings.temperature, asked.schema, asked.tools)

    def _measured(
        self,
        context: Context,
        outcomes: Sequence[Outcome],
        unread: Sequence[AnswerNotReadable],
        reading: Reading | None,
    ) -> Measured:
        mishaps = Counter(error.args[0] for error in unread)
        for outcome in outcomes:
            mishaps.update(outcome.mishaps)
        tracked, failure = Tracked(context.state), ""
        last = outcomes[-1]
        if reading is not None:
            tracked = Tracked(reading.state, diff(context.state, reading.state, OPEN_ONTOLOGY))
        elif last.completion is None:
            failure, tracked = last.failure, Tracked(context.state, error=f"{last.failure}: {last.reason}")
        elif last.completion.refusal:
            failure, tracked = "refusal", Tracked(context.state, error=f"refusal: {last.completion.refusal}")
            mishaps["refusal"] += 1
        else:
            failure, tracked = unread[-1].args[0], Tracked(context.state, error=str(unread[-1]))
        tokens_in, tokens_out, cost_usd = self._paid([o.completion for o in outcomes if o.completion is not None])
        latency_ms = sum(outcome.latency_ms for outcome in outcomes)
        return Measured(tracked, failure, mishaps, latency_ms, tokens_in, tokens_out, cost_usd)

    def _paid(self, completions: Sequence[Completion]) -> tuple[int | None, int | None, float | None]:
        used = [(done.tokens_in, done.tokens_out) for done in completions]
        tokens_in = sum(count or 0 for count, _ in used)
        tokens_out = sum(count or 0 for _, count in used)
        if any(count is None for pair in used for count in pair):
            return None, None, None
        cost_usd = self.price.cost_usd(tokens_in, tokens_out) if self.price else None
        with self._lock:
            self._total_cost_usd += cost_usd or 0.0
        return tokens_in, tokens_out, cost_usd

    def _earlier_notes(self, context: Context) -> Sequence[str] | None:
        """The model's own answers so far; None where one of them is not known."""
        keys = [_turn_key(context, index) for index in range(len(context.exchanges))]
        with self._lock:
            notes = [self._notes.get(key) for key in keys]
        return None if None in notes else [note for note in notes if note is not None]

    def _remember(self, context: Context, reading: Reading | None) -> None:
        with self._lock:
            note = self._method.nothing if reading is None else reading.note
            self._notes[_turn_key(context, len(context.exchanges))] = note
            while len(self._notes) > _REMEMBERED:
                self._notes.popitem(last=False)


def open_llm_tracker(method: Method, settings: LlmSettings, prices: Mapping[str, Price] | None = None) -> LlmTracker:
    """A tracker over a real endpoint.

    Raises:
        ExtraMissing: langchain-openai is not installed.
    """
    return LlmTracker(method, Patient(OpenAiEndpoint(settings), settings), settings, prices)


def _turn_key(context: Context, index: int) -> tuple[object, ...]:
    """Names turn `index` (from 0) of the conversation that the context belongs to."""
    before = context.exchanges[:index]
    user = context.exchanges[index][0] if index < len(context.exchanges) else context.user
    return context.caption, before, user


def _corrected(asked: Asked, completion: Completion, error: AnswerNotReadable) -> Asked:
    """The request with the answer and what is wrong with it; roles alternate, as some chat templates demand."""
    answered = completion.text or "; ".join(f"{call.name}({call.arguments})" for call in completion.calls)
    answer: Message = {"role": "assistant", "content": answered[:_SHOWN] or "(nothing)"}
    words = f"Your answer could not be read ({error.args[1]}). Answer that last turn again."
    return asked._replace(messages=(*asked.messages, answer, {"role": "user", "content": words}))
