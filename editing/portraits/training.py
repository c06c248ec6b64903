"""The registry of trainings: which parts there are, what each needs, how long each trains."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from .attribute_net import (
    FEATURE_SEED,
    FEATURE_WIDTHS,
    READER_SEED,
    READER_WIDTHS,
    AttributeNet,
    AttributeTrainer,
    load_attribute_net,
)
from .clip import FIRST_CYCLE, LATER_CYCLE, NUM_LATER, ClipTrainer
from .data import Renders, load_renders
from .encoder import EncoderTrainer
from .fitting import Budget, Progress, Trainer, fit
from .generator import STAGES, Distilled, GeneratorTrainer
from .identity import IdentityTrainer
from .outside import OutsideTrainer
from .parts import MissingPart, load_trained_part


@dataclass(frozen=True, slots=True)
class TrainingConfig:
    """How much data the trainings share.

    Attributes:
        renders: portraits that all parts but the reader train on; `seed` is their stream.
        reader_renders: portraits of the reader's own stream, `READER_SEED`.
    """

    renders: int = 30_000
    seed: int = 1
    reader_renders: int = 8_000


@dataclass(frozen=True, slots=True)
class Training:
    """One part: how its trainer is built from (config, folder, report of renders done), and its number of steps."""

    build: Callable[[TrainingConfig, Path, Callable[[int], None]], Trainer]
    steps: int


def train_part(
    name: str,
    config: TrainingConfig,
    out_dir: Path,
    minutes: float = float("inf"),
    report: Callable[[Progress], None] = lambda progress: None,
    report_renders: Callable[[int], None] = lambda done: None,
) -> int:
    """Train one part of `TRAININGS`, from where it stands; returns its steps so far.

    Raises:
        MissingPart: it needs a part that has not been trained.
        ValueError: no such part.
    """
    if name not in TRAININGS:
        raise ValueError(f"no part {name!r}; there are: {', '.join(TRAININGS)}")
    training = TRAININGS[name]
    trainer = training.build(config, out_dir, report_renders)
    return fit(trainer, out_dir, Budget(training.steps, minutes), report)


def _renders(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Renders:
    return load_renders(out_dir / "renders", config.renders, config.seed, report)


def _features(out_dir: Path) -> AttributeNet:
    path = out_dir / "features.pt"
    if not path.exists():
        raise MissingPart(str(path))
    return load_attribute_net(path, FEATURE_WIDTHS)


def _build_features(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Trainer:
    return AttributeTrainer("features", FEATURE_WIDTHS, _renders(config, out_dir, report), FEATURE_SEED)


def _build_reader(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Trainer:
    own = load_renders(out_dir / "renders", config.reader_renders, READER_SEED, report)
    return AttributeTrainer("reader", READER_WIDTHS, own, READER_SEED)


def _build_generator(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Trainer:
    features = _features(out_dir)  # first: drawing renders takes minutes
    return GeneratorTrainer(_renders(config, out_dir, report), features)


def _build_identity(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Trainer:
    return IdentityTrainer(_renders(config, out_dir, report))


def _build_clip(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Trainer:
    return ClipTrainer(_renders(config, out_dir, report))


def _build_encoder(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Trainer:
    distilled = load_trained_part(out_dir, "generator")
    assert isinstance(distilled, Distilled)
    features = _features(out_dir)
    return EncoderTrainer(_renders(config, out_dir, report), distilled, features)


def _build_outside(config: TrainingConfig, out_dir: Path, report: Callable[[int], None]) -> Trainer:
    return OutsideTrainer()


TRAININGS: Mapping[str, Training] = MappingProxyType(
    {
        "features": Training(_build_features, 600),
        "generator": Training(_build_generator, sum(stage.steps for stage in STAGES)),
        "identity": Training(_build_identity, 300),
        "clip": Training(_build_clip, FIRST_CYCLE + NUM_LATER * LATER_CYCLE),
        "encoder": Training(_build_encoder, 1600),
        "outside": Training(_build_outside, 300),
        "reader": Training(_build_reader, 350),
    }
)
"""In the order in which `--part all` trains them."""
