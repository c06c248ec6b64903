"""What an illustrated portrait is made of: who it shows (identity factors) and how the person looks (strengths)."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from types import MappingProxyType
from typing import Literal

import numpy as np

from ...dialogue.ontology import ONTOLOGY

EXPRESSIONS = ("smiling", "angry", "sad")
HAIR_COLORS = ("brown hair", "blond hair", "black hair", "gray hair")
BEARDS = ("mustache", "goatee")
MAKEUP = ("heavy makeup", "lipstick", "rosy cheeks")
STRENGTHS = (
    *EXPRESSIONS,
    *HAIR_COLORS,
    "receding hairline",
    "sideburns",
    "bangs",
    *BEARDS,
    *MAKEUP,
    "bushy eyebrows",
    "pale skin",
)
"""Values that the renderer draws with a strength in [0, 1]."""
ABSENCES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"no smiling": EXPRESSIONS, "no bangs": ("bangs",), "no beard": BEARDS, "no makeup": MAKEUP}
)
"""Values that are the absence of others: their strength is 1 - the strongest of those."""
VALUES = ONTOLOGY.values
"""The 21 values of the ontology, in its order."""
ONE_OF = (EXPRESSIONS, HAIR_COLORS)

CLEARLY_ABSENT, PRESENT, CLEARLY_PRESENT = 0.25, 0.5, 0.7
EYE_COLORS = ("brown", "hazel", "green", "blue", "gray")
EyeColor = Literal["brown", "hazel", "green", "blue", "gray"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is in the picture. Floats in [0, 1]; 0.5 is average where nothing else is said."""

    femininity: float
    age: float
    skin_tone: float
    skin_warmth: float
    face_width: float
    jaw_width: float
    chin_length: float
    eye_size: float
    eye_spacing: float
    eye_tilt: float
    eye_color: EyeColor
    brow_arch: float
    brow_height: float
    nose_width: float
    nose_length: float
    mouth_width: float
    lip_fullness: float
    ear_size: float
    hair_length: float
    hair_volume: float
    hair_part: float
    hair_wave: float
    hair_shade: float
    bun: float


@dataclass(frozen=True, slots=True)
class Scene:
    """What surrounds the face. Hues and the rest in [0, 1]."""

    clothes_hue: float
    clothes_lightness: float
    neckline: float
    background_hue: float
    background_lightness: float


@dataclass(frozen=True, slots=True)
class Portrait:
    """One portrait: identity, scene and the strength in [0, 1] of each value in `STRENGTHS`."""

    identity: Identity
    scene: Scene
    strengths: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unknown = set(self.strengths) - set(STRENGTHS)
        if unknown:
            raise ValueError(f"unknown strengths {sorted(unknown)}; the renderer draws {list(STRENGTHS)}")
        given = {name: float(self.strengths.get(name, 0.0)) for name in STRENGTHS}
        if not all(0.0 <= strength <= 1.0 for strength in given.values()):
            raise ValueError(f"strengths must lie in [0, 1], got {given}")
        object.__setattr__(self, "strengths", MappingProxyType(given))


def strength_of(portrait: Portrait, value: str) -> float:
    """Strength in [0, 1] of any of the 21 values."""
    if value in ABSENCES:
        return 1.0 - max(portrait.strengths[name] for name in ABSENCES[value])
    if value not in portrait.strengths:
        raise ValueError(f"unknown value {value!r}; the ontology has {list(VALUES)}")
    return portrait.strengths[value]


def attributes_of(portrait: Portrait) -> set[str]:
    """The values that the portrait has: strength of at least `PRESENT`."""
    return {value for value in VALUES if strength_of(portrait, value) >= PRESENT}


def unclear_of(portrait: Portrait) -> set[str]:
    """The values of which nobody can say whether the portrait has them; mask these in any loss or score."""
    return {value for value in VALUES if CLEARLY_ABSENT < strength_of(portrait, value) < CLEARLY_PRESENT}


def person_of(portrait: Portrait) -> Literal["woman", "man"]:
    """Whom most people would see: what replies call the person."""
    return "woman" if portrait.identity.femininity >= 0.5 else "man"


def with_state(portrait: Portrait, requested: Collection[str], strength: float = 1.0) -> Portrait:
    """The same person with the requested values, and without whatever these exclude (ontology, rules 2 and 3).

    Args:
        requested: any of the 21 values; of two that exclude each other the later one wins.
        strength: in [0, 1], of what is added.
    Raises:
        ValueError: a value is unknown.
    """
    strengths = dict(portrait.strengths)
    for value in requested:
        if value in ABSENCES:
            strengths.update(dict.fromkeys(ABSENCES[value], 0.0))
        elif value in strengths:
            for group in ONE_OF:
                if value in group:
                    strengths.update(dict.fromkeys(group, 0.0))
            strengths[value] = strength
        else:
            raise ValueError(f"unknown value {value!r}; the ontology has {list(VALUES)}")
    return replace(portrait, strengths=strengths)


def sample_portrait(rng: np.random.Generator) -> Portrait:
    """A plausible person: clear values only, with everyday joint frequencies."""
    feminine = bool(rng.random() < 0.5)
    age = float(rng.beta(1.6, 2.2))
    identity = _sample_identity(rng, feminine, age)
    return Portrait(identity, _sample_scene(rng), _sample_strengths(rng, feminine, age))


def sample_varied_portrait(rng: np.random.Generator) -> Portrait:
    """A portrait for training: half of them get random values on top, and some strengths are in between."""
    portrait = sample_portrait(rng)
    if rng.random() < 0.6:
        requested = rng.choice(VALUES, size=int(rng.integers(1, 6)), replace=False).tolist()
        portrait = with_state(portrait, requested, float(rng.uniform(0.8, 1.0)))
    if rng.random() < 0.15:
        faded = {
            name: strength * float(rng.uniform(0.1, 1.0)) if name not in HAIR_COLORS else strength
            for name, strength in portrait.strengths.items()
        }
        portrait = replace(portrait, strengths=faded)
    return portrait


def sample_restyled(rng: np.random.Generator, portrait: Portrait) -> Portrait:
    """The same identity in another scene with other strengths: a positive pair for the identity network."""
    other = sample_varied_portrait(rng)
    return Portrait(portrait.identity, other.scene, other.strengths)


def _sample_identity(rng: np.random.Generator, feminine: bool, age: float) -> Identity:
    values = {item.name: float(rng.random()) for item in fields(Identity) if item.name != "eye_color"}
    values["femininity"] = float(rng.uniform(0.8, 1.0) if feminine else rng.uniform(0.0, 0.2))
    values["age"] = age
    values["hair_length"] = float(rng.uniform(0.3, 1.0) if rng.random() < (0.85 if feminine else 0.12) else 0.0)
    values["bun"] = float(rng.uniform(0.6, 1.0) if feminine and rng.random() < 0.2 else 0.0)
    values["hair_wave"] = float(rng.random() if rng.random() < 0.6 else 0.0)
    color: EyeColor = EYE_COLORS[int(rng.choice(len(EYE_COLORS), p=(0.4, 0.12, 0.16, 0.22, 0.1)))]
    return Identity(**values, eye_color=color)  # type: ignore[arg-type]


def _sample_scene(rng: np.random.Generator) -> Scene:
    return Scene(*(float(rng.random()) for _ in fields(Scene)))


def _sample_strengths(rng: np.random.Generator, feminine: bool, age: float) -> dict[str, float]:
    def have(chance: float) -> float:
        return float(rng.uniform(0.8, 1.0) if rng.random() < chance else 0.0)

    gray = min(0.75, 0.05 + 0.9 * max(0.0, age - 0.35))
    color = str(rng.choice(HAIR_COLORS, p=(0.36 * (1 - gray), 0.32 * (1 - gray), 0.32 * (1 - gray), gray)))
    expression = str(rng.choice(("", *EXPRESSIONS), p=(0.32, 0.38, 0.15, 0.15)))
    receding = have(0.02 if feminine else 0.12 + 0.45 * age)
    return {
        **{name: have(1.0) if name == expression else 0.0 for name in EXPRESSIONS},
        **{name: float(name == color) for name in HAIR_COLORS},
        "receding hairline": receding,
        "bangs": have(0.1 if receding > PRESENT else 0.45),
        "sideburns": have(0.03 if feminine else 0.4),
        "mustache": have(0.02 if feminine else 0.32),
        "goatee": have(0.02 if feminine else 0.32),
        "heavy makeup": have(0.35 if feminine else 0.03),
        "lipstick": have(0.45 if feminine else 0.03),
        "rosy cheeks": have(0.35 if feminine else 0.1),
        "bushy eyebrows": have(0.18 if feminine else 0.4),
        "pale skin": have(0.2),
    }
