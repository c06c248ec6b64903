"""What edits did, read from their pictures: is it there, what else changed, is it still the same person and place."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ..dialogue.belief_state import BeliefState, values
from ..dialogue.ontology import ONTOLOGY
from .attribute_reader import Reader
from .pack import Pack
from .text_targets import unrequested

AT_A_TIME = 50  # pictures that go through a network together


class Originals(NamedTuple):
    """What was edited: pictures [N, 3, S, S] in [-1, 1] and their latents [N, num_ws, D]."""

    pictures: Tensor
    w_plus: Tensor


@dataclass(frozen=True, slots=True)
class EditQuality:
    """Shares in [0, 1]; None where the pack has no reader, or does not tell the background.

    Attributes:
        edits: how many were judged.
        present: of the values asked for, how many the reader sees in the results.
        complete: of the edits, how many show every value asked for.
        present_by_value: value -> share of the edits that asked for it.
        changed: of the values that were neither asked for nor excluded by a request, how many the reader sees appear
            or vanish between the original picture and the result.
        identity: mean cosine of the identity features of the original, as the generator draws it, and the result: what
            the edit did to the person.
        identity_to_photo: the same to the original picture itself, so that the inversion counts, too.
        background: root mean square change of the pixels outside face and hair (1 is from black to white), between
            the original, as the generator draws it, and the result; mean over edits.
    """

    edits: int
    present: float | None
    complete: float | None
    present_by_value: Mapping[str, float]
    changed: float | None
    identity: float
    identity_to_photo: float
    background: float | None


def judge(
    pack: Pack, reader: Reader | None, originals: Originals, results: Tensor, states: Sequence[BeliefState]
) -> EditQuality:
    """Judge the pictures `results` [N, 3, S, S] of edits of `originals` towards `states`."""
    if not len(originals.pictures) == len(originals.w_plus) == len(results) == len(states) > 0:
        raise ValueError(f"{len(states)} states and {len(results)} results of {len(originals.pictures)} originals")
    drawn = _in_parts(lambda w_plus: pack.generator(w_plus).clamp(-1.0, 1.0), originals.w_plus.to(pack.device))
    results, photos = results.to(drawn), originals.pictures.to(drawn)
    before, photo, after = (_in_parts(pack.identity_features, pictures) for pictures in (drawn, photos, results))
    identity, to_photo = (float((features * after).sum(dim=1).mean()) for features in (before, photo))
    background = _background_change(pack, photos, drawn, results)
    if reader is None:
        return EditQuality(len(states), None, None, {}, None, identity, to_photo, background)
    seen_before, seen_after = (reader(pictures).numpy() for pictures in (originals.pictures, results))
    by_value, complete = _presence(seen_after, states)
    return EditQuality(
        len(states),
        float(np.mean([seen for answers in by_value.values() for seen in answers])),
        complete,
        {value: float(np.mean(answers)) for value, answers in by_value.items()},
        _changed(seen_before, seen_after, states),
        identity,
        to_photo,
        background,
    )


def _presence(seen: np.ndarray, states: Sequence[BeliefState]) -> tuple[dict[str, list[bool]], float]:
    """Value -> whether each edit that asked for it shows it; the share of edits that show all they asked for."""
    by_value: dict[str, list[bool]] = {}
    complete = []
    for row, state in zip(seen, states, strict=True):
        answers = {value: bool(row[ONTOLOGY.values.index(value)]) for value in values(state)}
        complete.append(all(answers.values()))
        for value, is_there in answers.items():
            by_value.setdefault(value, []).append(is_there)
    return {value: by_value[value] for value in ONTOLOGY.values if value in by_value}, float(np.mean(complete))


def _changed(before: np.ndarray, after: np.ndarray, states: Sequence[BeliefState]) -> float | None:
    answers: list[bool] = []
    for row, state in enumerate(states):
        others = [ONTOLOGY.values.index(value) for value in unrequested(state)]
        answers += (after[row, others] != before[row, others]).tolist()
    return float(np.mean(answers)) if answers else None


@torch.no_grad()
def _background_change(pack: Pack, pictures: Tensor, drawn: Tensor, results: Tensor) -> float | None:
    outside = pack.models().outside
    if outside is None:
        return None
    where = _in_parts(outside, pictures)  # [N, 1, S, S]
    change = ((results - drawn) / 2.0).square().mean(dim=1, keepdim=True) * where
    return float((change.flatten(1).sum(dim=1) / where.flatten(1).sum(dim=1).clamp(min=1.0)).sqrt().mean())


@torch.no_grad()
def _in_parts(network: Callable[[Tensor], Tensor], inputs: Tensor) -> Tensor:
    return torch.cat([network(part) for part in inputs.split(AT_A_TIME)])
