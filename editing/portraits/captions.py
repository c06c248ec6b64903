"""Captions of portraits for the small CLIP; what they leave out they say nothing about."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np

from .factors import VALUES

SINGLE_TEMPLATE, JOINED_TEMPLATE = "a portrait of a face with {phrase}", "a portrait of a face with {phrases}"
PHRASES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "smiling": ("smiling", "a smile", "a big smile", "a happy look"),
        "no smiling": ("no smiling", "no smile", "a neutral expression", "a calm look"),
        "angry": ("angry", "an angry look", "anger", "a furious face"),
        "sad": ("sad", "a sad look", "sadness", "a crying face"),
        "brown hair": ("brown hair", "chestnut hair"),
        "blond hair": ("blond hair", "blonde hair", "golden hair"),
        "black hair": ("black hair", "dark black hair"),
        "gray hair": ("gray hair", "grey hair", "silver hair"),
        "receding hairline": ("receding hairline", "a receding hairline", "thinning hair"),
        "sideburns": ("sideburns", "long sideburns"),
        "bangs": ("bangs", "a fringe", "hair over the forehead"),
        "no bangs": ("no bangs", "no fringe", "a free forehead"),
        "mustache": ("mustache", "a mustache", "a moustache"),
        "goatee": ("goatee", "a goatee", "a chin beard"),
        "no beard": ("no beard", "a clean shave", "a shaved face"),
        "no makeup": ("no makeup", "a natural face without makeup"),
        "heavy makeup": ("heavy makeup", "eye shadow and eyeliner", "strong makeup"),
        "lipstick": ("lipstick", "red lipstick", "red lips"),
        "bushy eyebrows": ("bushy eyebrows", "thick eyebrows", "thick brows"),
        "rosy cheeks": ("rosy cheeks", "blush", "red cheeks"),
        "pale skin": ("pale skin", "very pale skin", "white skin"),
    }
)
_OPENINGS = (
    "a portrait of a face with {}",
    "a portrait of a person with {}",
    "a drawing of a face with {}",
    "a photo of a face with {}",
    "{}",
)


def single_captions(rng: np.random.Generator) -> list[str]:
    """One caption for each of `VALUES`, in their order."""
    return [_phrase_opening(rng).format(_phrase(value, rng)) for value in VALUES]


def joined_caption(values: Sequence[str], rng: np.random.Generator) -> str:
    """One caption for several values, in random order."""
    order: list[int] = rng.permutation(len(values)).tolist()
    phrases = [_phrase(values[i], rng) for i in order]
    text = (
        ", ".join(phrases) if rng.random() < 0.6 else " and ".join(filter(None, (", ".join(phrases[:-1]), phrases[-1])))
    )
    return _phrase_opening(rng).format(text)


def _phrase(value: str, rng: np.random.Generator) -> str:
    options = PHRASES[value]
    return options[0] if rng.random() < 0.5 else options[int(rng.integers(len(options)))]


def _phrase_opening(rng: np.random.Generator) -> str:
    return _OPENINGS[0] if rng.random() < 0.5 else _OPENINGS[int(rng.integers(len(_OPENINGS)))]
