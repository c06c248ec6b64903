"""Run a dialogue model over whole dialogues: its own states are carried, system turns are taken from the file."""

from collections.abc import Callable, Sequence

from . import belief_state
from .belief_state import BeliefState
from .contexts import context_at
from .dialogue_file import Act, Dialogue, Prediction
from .formats import Context
from .protocols import Reply, Tracked

TurnModel = Callable[[Sequence[Context], Sequence[Sequence[str]]], list[tuple[Tracked, Reply | None]]]
"""Contexts and the photos' attributes to what the model tracked and, where it answers, its reply."""


def predict(
    dialogues: Sequence[Dialogue],
    model: TurnModel,
    batch_size: int = 32,
    on_turn: Callable[[int], None] = lambda n: None,
) -> list[Prediction]:
    """Predictions for all dialogues, a turn of many dialogues at a time.

    A turn whose output could not be read is None in the prediction; the state before it is carried on.
    """
    predictions = []
    for start in range(0, len(dialogues), batch_size):
        predictions += _predict_together(dialogues[start : start + batch_size], model, on_turn)
    return predictions


def _predict_together(
    dialogues: Sequence[Dialogue], model: TurnModel, on_turn: Callable[[int], None]
) -> list[Prediction]:
    states: list[list[BeliefState]] = [[] for _ in dialogues]
    shown: list[list[BeliefState | None]] = [[] for _ in dialogues]
    systems: list[list[str]] = [[] for _ in dialogues]
    acts: list[list[Act | None]] = [[] for _ in dialogues]
    responses: list[list[str]] = [[] for _ in dialogues]
    repairs: list[list[bool]] = [[] for _ in dialogues]
    for turn in range(max((len(d.turns) for d in dialogues), default=0)):
        active = [i for i, d in enumerate(dialogues) if turn < len(d.turns)]
        contexts = [context_at(dialogues[i], turn, states[i], systems[i]) for i in active]
        results = model(contexts, [dialogues[i].attributes for i in active])
        for i, (tracked, reply) in zip(active, results, strict=True):
            states[i].append(tracked.state)
            shown[i].append(None if tracked.error else tracked.state)
            responses[i].append(reply.text if reply else "")
            acts[i].append(reply.act if reply else None)
            if reply:
                repairs[i].append(reply.is_repaired)
            given = dialogues[i].turns[turn].system
            systems[i].append(given if given is not None else responses[i][-1])
        on_turn(len(active))
    return [
        Prediction(d.id, tuple(shown[i]), tuple(responses[i]), tuple(acts[i]), tuple(repairs[i]))
        for i, d in enumerate(dialogues)
    ]


def exact_turns(predictions: Sequence[Prediction], dialogues: Sequence[Dialogue]) -> list[bool]:
    """Per turn, in order: is the whole predicted state right?"""
    return [
        state is not None and belief_state.to_json(state) == belief_state.to_json(turn.state or {})
        for prediction, dialogue in zip(predictions, dialogues, strict=True)
        for state, turn in zip(prediction.states, dialogue.turns, strict=True)
    ]
