"""Photos to talk about: attributes as CelebA-HQ annotates them, and captions made from them (paper, Fig. 8)."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ...dialogue.errors import DataNotReadable

_POSITIVE = {
    "Brown_Hair": "brown hair",
    "Blond_Hair": "blond hair",
    "Black_Hair": "black hair",
    "Gray_Hair": "gray hair",
    "Receding_Hairline": "receding hairline",
    "Sideburns": "sideburns",
    "Mustache": "mustache",
    "Goatee": "goatee",
    "Heavy_Makeup": "heavy makeup",
    "Wearing_Lipstick": "lipstick",
    "Bushy_Eyebrows": "bushy eyebrows",
    "Rosy_Cheeks": "rosy cheeks",
    "Pale_Skin": "pale skin",
}
_HAIR_COLORS = ("Brown_Hair", "Blond_Hair", "Black_Hair", "Gray_Hair")
_MALE_ONLY = ("Sideburns", "Mustache", "Goatee")
# P(label | woman), P(label | man): CelebA-HQ's own counts (30,000 labels), rounded to a hundredth
_FREQUENCIES = {
    "Young": (0.84, 0.67),
    "Smiling": (0.53, 0.36),
    "Bangs": (0.23, 0.10),
    "Receding_Hairline": (0.05, 0.14),
    "Sideburns": (0.0, 0.22),
    "Mustache": (0.0, 0.16),
    "Goatee": (0.0, 0.20),
    "No_Beard": (1.0, 0.47),
    "Heavy_Makeup": (0.72, 0.0),
    "Wearing_Lipstick": (0.87, 0.01),
    "Bushy_Eyebrows": (0.12, 0.30),
    "Rosy_Cheeks": (0.18, 0.0),
    "Pale_Skin": (0.06, 0.03),
}
_HAIR_COLOR_WEIGHTS = {True: (0.22, 0.04, 0.27, 0.10, 0.37), False: (0.24, 0.25, 0.19, 0.01, 0.31)}


@dataclass(frozen=True, slots=True)
class Photo:
    """A portrait as the simulator knows it: who is on it and which of the 21 values it shows."""

    id: str
    is_male: bool
    is_young: bool
    attributes: tuple[str, ...]


def read_annotations(path: Path) -> list[Photo]:
    """Photos of CelebAMask-HQ's attribute file (a count, a line of names, then `file -1 1 ...`).

    Raises:
        DataNotReadable: the file is missing or has another form.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise DataNotReadable(str(path), str(error)) from error
    if len(lines) < 3 or "Smiling" not in lines[1].split():
        raise DataNotReadable(str(path), "expected a count, then the attribute names, then one photo a line")
    names = lines[1].split()
    photos = []
    for number, line in enumerate(lines[2:], 3):
        file, *marks = line.split()
        if len(marks) != len(names):
            raise DataNotReadable(f"{path}:{number}", f"{len(marks)} labels for {len(names)} names")
        labels = {name for name, mark in zip(names, marks, strict=True) if mark == "1"}
        photos.append(_photo(Path(file).stem, labels))
    return photos


def sample_photo(rng: random.Random, number: int) -> Photo:
    """A photo with plausible attributes, for use without the annotation file."""
    is_male = rng.random() < 0.37
    labels = {name for name, frequency in _FREQUENCIES.items() if rng.random() < frequency[is_male]}
    (color,) = rng.choices((*_HAIR_COLORS, ""), weights=_HAIR_COLOR_WEIGHTS[is_male])
    if labels & {"Mustache", "Goatee"}:
        labels.discard("No_Beard")
    if labels & {"Heavy_Makeup"}:
        labels.add("Wearing_Lipstick")
    return _photo(str(number), labels | {color} | ({"Male"} if is_male else set()))


def _photo(name: str, labels: set[str]) -> Photo:
    is_male = "Male" in labels
    shown = [value for label, value in _POSITIVE.items() if label in labels and (is_male or label not in _MALE_ONLY)]
    colors = [value for value in shown if value.endswith(" hair")]
    shown = [value for value in shown if value not in colors[1:]]  # a few photos carry two hair colors
    shown.append("bangs" if "Bangs" in labels else "no bangs")
    shown.append("smiling" if "Smiling" in labels else "no smiling")
    if is_male and "No_Beard" in labels and not labels & {"Mustache", "Goatee"}:
        shown.append("no beard")
    if not labels & {"Heavy_Makeup", "Wearing_Lipstick", "Rosy_Cheeks"}:
        shown.append("no makeup")
    return Photo(name, is_male, "Young" in labels, tuple(shown))


_HAS = ("brown hair", "blond hair", "black hair", "gray hair", "bangs", "sideburns", "bushy eyebrows", "rosy cheeks",
        "pale skin", "no bangs", "no beard")  # fmt: skip
_ARTICLE = ("a receding hairline", "a mustache", "a goatee")
_ANY = {"no beard": "a beard"}
_WEARS = ("heavy makeup", "lipstick", "no makeup")


def caption(photo: Photo, rng: random.Random) -> str:
    """A caption that names all of the photo's attributes, in one of several forms; Fig. 8 shows the paper's."""
    return describe(photo.is_male, photo.is_young, photo.attributes, rng)


def describe(is_male: bool, is_young: bool, attributes: Sequence[str], rng: random.Random) -> str:
    """The caption's text; the attributes are named in random order."""
    who, they = ("man", "He") if is_male else ("woman", "She")
    age = ("young" if is_young else rng.choice(("older", "elderly", "middle-aged"))) if rng.random() < 0.8 else ""
    article = "an" if age[:1] in ("o", "e") else "a"
    opening = f"This is a photo of {' '.join(filter(None, (article, age, who)))}."
    clauses = []
    for value in rng.sample(list(attributes), len(attributes)):
        if f"a {value}" in _ARTICLE:
            clauses.append(f"has a {value}")
        elif value in _HAS:
            is_denied = value[:3] == "no " and rng.random() < 0.5
            clauses.append(f"does not have {_ANY.get(value, value[3:])}" if is_denied else f"has {value}")
        elif value in _WEARS:
            clauses.append(f"is not wearing {value[3:]}" if value[:3] == "no " else f"is wearing {value}")
        else:
            clauses.append({"smiling": "is smiling", "no smiling": "is not smiling"}.get(value, f"is {value}"))
    sentences = []
    while clauses:
        count = rng.choice((1, 1, 2))
        taken, clauses = clauses[:count], clauses[count:]
        sentences.append(f"{they} {' and '.join(taken)}.")
    return " ".join([opening, *sentences])
