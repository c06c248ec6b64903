"""Does edits for the tables: a batch of requests at a time, by one process or by several."""

import dataclasses
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import TypeVar

import torch
import torch.nn.functional as F
from torch import Tensor

from ...editing.edit_batch import TEXT_ROWS
from ...editing.edit_job import EditJob, EditResult
from ...editing.engine import Engine
from ...editing.image_file import decode, to_png, to_tensor
from ...editing.inversion import invert
from ...editing.pack import Pack, load_pack
from ...editing.text_targets import TextTargets
from .edit_store import EditRequest, EditStore, digest
from .look import Look, Looker

TOGETHER = 8  # pictures that go through the networks together
Task = TypeVar("Task")
Outcome = TypeVar("Outcome")


class Editor:
    """A pack with its store, in one process."""

    def __init__(self, pack: Pack, store: EditStore, looker: Looker) -> None:
        self._pack, self._store, self._looker = pack, store, looker

    def edit(self, requests: Sequence[EditRequest]) -> None:
        """Do the edits and keep their pictures.

        Raises:
            EditError: one failed; those of this call are not kept.
        """
        latents = self._latents([request.picture for request in requests])
        engine = Engine(self._pack.models(), self._pack.device, max_batch=TOGETHER, max_waiting=max(1, len(requests)))
        jobs = [self._job(w_plus, request) for w_plus, request in zip(latents, requests, strict=True)]
        for request, outcome in zip(requests, engine.run(jobs), strict=True):
            if not isinstance(outcome, EditResult):
                raise outcome
            self._store.keep_picture(self._store.key(request), to_png(outcome.image))

    def look(self, pairs: Sequence[tuple[bytes, bytes]]) -> list[Look]:
        """What there is to see in pictures, each beside its original (PNG)."""
        return self._looker.look(*(self._tensors([pair[side] for pair in pairs]) for side in (0, 1)))

    def _latents(self, pictures: Sequence[bytes]) -> list[Tensor]:
        """Of the pictures, each inverted once."""
        found = {picture: self._store.latent(picture) for picture in dict.fromkeys(pictures)}
        missing = [picture for picture, w_plus in found.items() if w_plus is None]
        if missing:
            for picture, w_plus in zip(missing, invert(self._pack, self._tensors(missing)).cpu(), strict=True):
                found[picture] = w_plus
                self._store.keep_latent(picture, w_plus)
        return [w_plus for picture in pictures if (w_plus := found[picture]) is not None]

    def _tensors(self, pictures: Sequence[bytes]) -> Tensor:
        return torch.cat([to_tensor(decode(picture), self._pack.image_size) for picture in pictures])

    def _job(self, w_plus: Tensor, request: EditRequest) -> EditJob:
        if not request.wish.texts:
            return self._pack.job(w_plus, request.wish.state, request.preset, seed=request.seed)
        preset = request.preset.without("keep")  # nobody knows what the words did not ask for
        texts = request.wish.texts[-TEXT_ROWS:]
        weights = torch.full((len(texts),), 1.0 / len(texts))
        features = F.normalize(self._pack.clip.text_features(texts).cpu().float(), dim=1)
        targets = TextTargets(features, weights, torch.zeros_like(weights))
        return EditJob(w_plus, targets, dataclasses.replace(preset, direction_strength=0.0), seed=request.seed)


@dataclass(frozen=True, slots=True)
class EditorConfig:
    """How each process makes its editor."""

    pack: str
    store: Path
    device: str = "cpu"
    imagenet: bool = False

    def load(self) -> Editor:
        """Load the pack and its networks.

        Raises:
            PackError, ImageNetWeightsMissing
        """
        pack = load_pack(self.pack, self.device)
        return Editor(pack, EditStore(self.store, pack), Looker.of(pack, self.imagenet))


class Editors:
    """Several processes that edit, or this one; a context manager.

    Args:
        processes: 1 works in this process.
    """

    def __init__(self, config: EditorConfig, processes: int) -> None:
        self._config, self._processes = config, processes
        self._own: Editor | None = None
        self._pool: ProcessPoolExecutor | None = None
        self._looks: dict[str, Look] = {}

    def __enter__(self) -> "Editors":
        if self._processes == 1:
            self._own = self._config.load()
        else:
            # spawn: a fork of a process that has used torch's threads hangs
            context = get_context("spawn")
            self._pool = ProcessPoolExecutor(self._processes, context, _open, (self._config,))
        return self

    def __exit__(self, *_: object) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)

    def edit(self, requests: Sequence[EditRequest], done: Callable[[int], None] = lambda count: None) -> None:
        """Do edits in batches; `done` hears how many are finished. Order does not matter, keys must differ.

        Raises:
            EditError
        """
        chunks = [requests[start : start + TOGETHER] for start in range(0, len(requests), TOGETHER)]
        for index, _ in self._map(_edit, Editor.edit, chunks):
            done(len(chunks[index]))

    def look(
        self, pairs: Sequence[tuple[bytes, bytes]], done: Callable[[int], None] = lambda count: None
    ) -> list[Look]:
        """Looks at pictures beside their originals, in order; each pair once. `done` hears of all of them."""
        keys = [digest(pair) for pair in pairs]
        new = [key for key in dict.fromkeys(keys) if key not in self._looks]
        done(len(keys) - len(new))
        of_key = dict(zip(keys, pairs, strict=True))
        chunks = [new[start : start + TOGETHER] for start in range(0, len(new), TOGETHER)]
        for index, looks in self._map(_look, Editor.look, [[of_key[key] for key in chunk] for chunk in chunks]):
            self._looks |= dict(zip(chunks[index], looks, strict=True))
            done(len(looks))
        return [self._looks[key] for key in keys]

    def _map(
        self, remote: Callable[[Task], Outcome], here: Callable[[Editor, Task], Outcome], tasks: Sequence[Task]
    ) -> Iterator[tuple[int, Outcome]]:
        """Outcomes with the index of their task, as they come."""
        if self._pool is None:
            for index, task in enumerate(tasks):
                assert self._own is not None, "use it as a context manager"
                yield index, here(self._own, task)
            return
        waiting: dict[Future[Outcome], int] = {self._pool.submit(remote, task): i for i, task in enumerate(tasks)}
        while waiting:
            for future in wait(waiting, return_when=FIRST_COMPLETED).done:
                yield waiting.pop(future), future.result()


_editor: Editor | None = None  # of this worker process


def _open(config: EditorConfig) -> None:
    global _editor
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    _editor = config.load()


def _edit(requests: Sequence[EditRequest]) -> None:
    assert _editor is not None
    _editor.edit(requests)


def _look(pairs: Sequence[tuple[bytes, bytes]]) -> list[Look]:
    assert _editor is not None
    return _editor.look(pairs)
