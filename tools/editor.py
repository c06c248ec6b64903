"""The seam between agents and the edit engine: what an editor is asked and what it answers."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np


@dataclass(frozen=True, slots=True)
class EditOptions:
    """How to edit.

    Attributes:
        preset: a preset of the pack; None for the pack's default.
        seed: each one above 0 gives its own result; 0 starts at the photo itself, where the preset brings no noise.
        emphasis: value -> weight in the objective, where it is not 1; as pairs in the order of the ontology.
    """

    preset: str | None = None
    seed: int = 0
    emphasis: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class EditRequest:
    """One edit of an original photo towards a whole belief state; survives pickling.

    Attributes:
        id: content key of the edit; `Editor.cancel` takes it.
        w_source: latent of the original photo, float32 [num_ws, D].
        belief_state: slot -> values, as `belief_state.to_json` writes it; not empty.
        options: how to edit.
        timeout_s: time allowed, waiting included; None for no limit.
    """

    id: str
    w_source: np.ndarray
    belief_state: Mapping[str, list[str]]
    options: EditOptions = EditOptions()
    timeout_s: float | None = None


@dataclass(frozen=True, slots=True)
class EditMetrics:
    """What came of an edit, as the editor's own networks see it.

    Attributes:
        relevance: requested value -> how sure CLIP is that the picture shows it, in [0, 1]; 0.5 is undecided.
        identity: cosine of the identity features of original and result, in [-1, 1].
        steps: optimiser steps taken.
        seconds: from start to end, waiting excluded where the editor knows it.
    """

    relevance: Mapping[str, float]
    identity: float
    steps: int
    seconds: float


@dataclass(frozen=True, slots=True)
class EditResult:
    """An edited picture: PNG bytes, its latent float32 [num_ws, D], and what came of it."""

    image_png: bytes
    w_plus: np.ndarray
    metrics: EditMetrics


class EditProgress(NamedTuple):
    """A running edit: its id, steps done, steps of the preset, and a preview as PNG bytes now and then."""

    id: str
    step: int
    num_steps: int
    preview_png: bytes | None = None


@dataclass(frozen=True, slots=True)
class Inversion:
    """What an editor makes of an original photo.

    Attributes:
        w_plus: its latent, float32 [num_ws, D].
        relevance: value of the ontology -> how sure CLIP is that the photo shows it, in [0, 1].
        image_png: the photo as the editor sees it: cropped and resized.
    """

    w_plus: np.ndarray
    image_png: bytes
    relevance: Mapping[str, float] = field(default_factory=dict)


class Editor(Protocol):
    """Edits photos; may live in this process or behind a handle. Methods may be called from several threads."""

    @property
    def version(self) -> str:
        """Name and digest of pack and code: equal versions give equal results."""
        ...

    def invert(self, image: bytes) -> Inversion:
        """Latent of a photo, given as the bytes of its file.

        Raises:
            RetryableCall: not a picture, no face, or outside the pack's domain; the message says what to do.
        """
        ...

    def edit(self, request: EditRequest, on_progress: Callable[[EditProgress], None] | None = None) -> EditResult:
        """Do one edit; `on_progress` may be called from another thread.

        Raises:
            RetryableCall: the request is wrong.
            EditFailed: diverged, timed out, was cancelled, or the editor has too much to do.
        """
        ...

    def cancel(self, request_id: str) -> bool:
        """Ask for the end of a running edit, which then fails with `EditCancelled`; False where none runs."""
        ...
