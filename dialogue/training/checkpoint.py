"""A resumable training run: weights, optimiser, random states, step and time in one file, logs as JSON Lines."""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from ..errors import OtherRun


@dataclass(slots=True)
class Run:
    """State of a training that may be stopped at any time and continued from its last checkpoint.

    `what` names what is trained, and `epochs` counts the finished passes over the data.
    """

    folder: Path
    model: nn.Module
    optimiser: torch.optim.Optimizer
    what: Mapping[str, Any] = field(default_factory=dict)
    step: int = 0
    epochs: int = 0
    seconds: float = 0.0
    saved_at: float = 0.0
    extra: dict[str, Any] | None = None

    @classmethod
    def open(
        cls, folder: Path, model: nn.Module, optimiser: torch.optim.Optimizer, what: Mapping[str, Any] | None = None
    ) -> "Run":
        """Continue the run in `folder` where it stopped; a new run starts at step 0.

        Args:
            what: names and values (texts or numbers) that tell this training from others.
        Raises:
            OtherRun: the folder holds a training of which something in `what` is different.
        """
        folder.mkdir(parents=True, exist_ok=True)
        run = cls(folder, model, optimiser, what or {}, saved_at=time.monotonic())
        if run.path.exists():
            saved = torch.load(run.path, map_location="cpu", weights_only=True)
            found = saved.get("what", {})  # checkpoints of earlier versions tell nothing
            if any(found.get(name, value) != value for name, value in run.what.items()):
                raise OtherRun(str(folder), found, dict(run.what))
            model.load_state_dict(saved["model"])
            optimiser.load_state_dict(saved["optimiser"])
            torch.set_rng_state(saved["rng"])
            run.step, run.seconds, run.extra = saved["step"], saved["seconds"], saved["extra"]
            run.epochs = saved.get("epochs", 0)
        return run

    @property
    def path(self) -> Path:
        """The checkpoint file; removed by whoever wants a fresh start."""
        return self.folder / "training.ckpt"

    def advance(self, seconds: float) -> None:
        """Count one step and its time."""
        self.step += 1
        self.seconds += seconds

    def due(self, every_s: float) -> bool:
        """True where the last checkpoint is older than `every_s` seconds."""
        return time.monotonic() - self.saved_at >= every_s

    def save(self) -> None:
        """Write the checkpoint atomically: a killed process leaves the old one whole."""
        part = self.path.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "rng": torch.get_rng_state(),
                "step": self.step,
                "seconds": self.seconds,
                "extra": self.extra,
                "epochs": self.epochs,
                "what": dict(self.what),
            },
            part,
        )
        os.replace(part, self.path)
        self.saved_at = time.monotonic()

    def log(self, **entry: Any) -> None:
        """Append one line to `log.jsonl`."""
        with (self.folder / "log.jsonl").open("a", encoding="utf-8") as lines:
            lines.write(json.dumps(entry) + "\n")
