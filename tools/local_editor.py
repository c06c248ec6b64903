"""The editor in this process: one pack, one engine, any number of callers."""

import dataclasses
import hashlib
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from threading import Lock

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from ..dialogue import belief_state
from ..dialogue.belief_state import BeliefState
from ..dialogue.errors import DialogueError
from ..dialogue.ontology import ONTOLOGY
from ..editing.credentials import ContentCredentials
from ..editing.edit_job import EditHandle, EditJob, Progress
from ..editing.engine import Engine
from ..editing.image_file import to_png
from ..editing.pack import DEFAULT_PACK, Pack, load_pack
from ..editing.pack_format import PACK_YAML
from ..editing.photo import open_photo
from ..editing.text_targets import TextTargets
from .editor import EditMetrics, EditOptions, EditProgress, EditRequest, EditResult, Inversion
from .errors import EditorBroke, InvalidBeliefState
from .tracing import span

CODE_VERSION = 2  # raise it when the same pack would give other pictures
NUM_PREVIEWS = 3


class LocalEditor:
    """`tools.editor.Editor` over a pack; see there.

    Args:
        pack: the frozen networks.
        max_batch: edits that advance together.
        credentials: sign every picture that is made; with the key of the environment where None.
    Raises:
        SigningKeyUnusable
    """

    def __init__(self, pack: Pack, max_batch: int = 4, credentials: ContentCredentials | None = None) -> None:
        self.pack = pack
        self._credentials = credentials or ContentCredentials()
        digest = hashlib.sha256((pack.folder / PACK_YAML).read_bytes()).hexdigest()  # it holds the weights' hashes
        self._version = f"{pack.name}-{digest[:16]}-{CODE_VERSION}"
        self._engine = Engine(pack.models(), pack.device, max_batch=max_batch)
        self._engine.start()
        self._lock = Lock()
        self._running: dict[str, EditHandle] = {}

    @property
    def version(self) -> str:
        return self._version

    def invert(self, image: bytes) -> Inversion:
        photo = open_photo(self.pack, image)
        picture = photo.picture[None].to(self.pack.device)
        return Inversion(
            photo.w_plus.detach().cpu().numpy().astype(np.float32),
            to_png(photo.picture),
            relevance_of(self.pack, picture, ONTOLOGY.values),
        )

    def edit(self, request: EditRequest, on_progress: Callable[[EditProgress], None] | None = None) -> EditResult:
        started = time.monotonic()
        state = _state_of(request.belief_state)
        job = self._job(request, state, on_progress)
        handle = self._engine.submit(job)
        with self._lock:
            self._running[request.id] = handle
        try:
            with span("engine") as traced:
                done = handle.result()
                traced.set_attribute("steps", done.steps)
        except (RuntimeError, MemoryError) as error:  # torch: out of memory, a device that is gone
            raise EditorBroke(str(error)) from error
        finally:
            with self._lock:
                self._running.pop(request.id, None)
        picture = done.image[None].to(self.pack.device)
        metrics = EditMetrics(
            relevance_of(self.pack, picture, belief_state.values(state)),
            self._identity(job.w_source, picture),
            done.steps,
            time.monotonic() - started,
        )
        return EditResult(self._signed(done.image, request), done.w_plus.numpy(), metrics)

    def cancel(self, request_id: str) -> bool:
        with self._lock:
            handle = self._running.get(request_id)
        if handle is None:
            return False
        handle.cancel()
        return True

    def close(self) -> None:
        """Stop the engine; edits that are not done fail."""
        self._engine.close()

    def _job(
        self, request: EditRequest, state: BeliefState, on_progress: Callable[[EditProgress], None] | None
    ) -> EditJob:
        preset = self.pack.preset(request.options.preset).seeded(request.options.seed)
        job = self.pack.job(
            torch.from_numpy(np.array(request.w_source, dtype=np.float32)),
            state,
            preset,
            seed=request.options.seed,
            timeout_s=request.timeout_s,
            on_progress=_progress_of(request.id, on_progress, lambda preview: self._signed(preview, request)),
            preview_every=max(1, preset.steps // (NUM_PREVIEWS + 1)) if on_progress is not None else 0,
        )
        return dataclasses.replace(job, targets=self._emphasised(job.targets, state, request.options))

    def _emphasised(self, targets: TextTargets, state: BeliefState, options: EditOptions) -> TextTargets:
        """Targets with more weight on some values; a value that shares a joined prompt gets one of its own too."""
        weights = {value: weight for value, weight in options.emphasis if value in belief_state.values(state)}
        if not weights:
            return targets
        texts, target_weights, keep_weights = targets
        unit = float(target_weights[0])
        for value, weight in weights.items():
            text = self._text_features([value])[0].to(texts)
            same = (texts @ text > 1 - 1e-5) & (target_weights > 0)
            if same.any():
                target_weights = torch.where(same, target_weights * weight, target_weights)
            else:
                texts = torch.cat([texts, text[None]])
                target_weights = torch.cat([target_weights, target_weights.new_tensor([unit * (weight - 1.0)])])
                keep_weights = torch.cat([keep_weights, keep_weights.new_zeros(1)])
        return TextTargets(texts, target_weights.clamp(min=0.0), keep_weights)

    def _signed(self, picture: Tensor, request: EditRequest) -> bytes:
        """PNG of an edited picture, or of one on the way there, with its content credentials."""
        return self._credentials.signed(to_png(picture), request.belief_state, self.pack.name)

    def _text_features(self, values: list[str]) -> Tensor:
        return text_features(self.pack, values)

    @torch.no_grad()
    def _identity(self, w_source: Tensor, picture: Tensor) -> float:
        """Cosine of the identity features of the original, as the generator draws it, and the result."""
        original = self.pack.generator(w_source[None].to(self.pack.device))
        features = self.pack.identity_features(torch.cat([original, picture]))
        return float(features[0] @ features[1])


def load_local_editor(pack: str | Path = DEFAULT_PACK, device: str = "cpu") -> LocalEditor:
    """The editor of a pack by name or folder.

    Raises:
        PackError: no such pack, or something is wrong with it.
    """
    return LocalEditor(load_pack(pack, device))


@torch.no_grad()
def relevance_of(pack: Pack, picture: Tensor, values: tuple[str, ...]) -> Mapping[str, float]:
    """How sure the pack's CLIP is that a picture [1, 3, S, S] shows each value, in [0, 1].

    A CLIP trained with a sigmoid loss says so itself. Of another one it is the share of the value's prompt against
    the pack's neutral prompt, under CLIP's own temperature.
    """
    if not values:
        return {}
    seen = F.normalize(pack.clip.image_features(picture).float(), dim=1)[0]
    similarities = text_features(pack, values) @ seen
    if pack.file.clip.architecture.has_sigmoid_loss:
        scores = torch.sigmoid(pack.clip.logit_scale * similarities + pack.clip.logit_bias)
    else:
        neutral = F.normalize(pack.clip.text_features(pack.file.templates.neutral).float(), dim=1) @ seen
        scores = torch.sigmoid(pack.clip.net.logit_scale.exp() * (similarities - neutral.max()))
    return {value: float(score) for value, score in zip(values, scores, strict=True)}


@torch.no_grad()
def text_features(pack: Pack, values: tuple[str, ...] | list[str]) -> Tensor:
    """Unit features [V, C] of the single prompts of values."""
    words = pack.file.templates
    prompts = [words.single.format(phrase=words.phrases.get(value, value)) for value in values]
    return F.normalize(pack.clip.text_features(prompts).float(), dim=1)


def _state_of(data: Mapping[str, list[str]]) -> BeliefState:
    try:
        return belief_state.from_json(dict(data))
    except DialogueError as error:
        raise InvalidBeliefState(str(error)) from error


def _progress_of(
    request_id: str, on_progress: Callable[[EditProgress], None] | None, as_file: Callable[[Tensor], bytes]
) -> Callable[[Progress], None] | None:
    if on_progress is None:
        return None

    def report(progress: Progress) -> None:
        preview = None if progress.preview is None else as_file(progress.preview)
        on_progress(EditProgress(request_id, progress.step, progress.num_steps, preview))

    return report
