"""How a person types: texting abbreviations, dropped capitals and marks, slips of the finger."""

import random
import re
from typing import Literal

Style = Literal["plain", "texting", "hasty"]

_ABBREVIATIONS = {
    "please": ("pls", "plz"), "and": ("n", "&"), "you": ("u",), "your": ("ur",), "are": ("r",), "thanks": ("thx", "ty"),
    "because": ("bc", "cuz"), "though": ("tho",), "with": ("w",), "want to": ("wanna",), "going to": ("gonna",),
    "really": ("rly",), "okay": ("ok", "k"), "yes": ("yh", "ye", "yea"), "right now": ("rn",), "to be honest": ("tbh",),
    "eyebrows": ("brows",), "something": ("smth",), "picture": ("pic",), "do not": ("dont",), "don't": ("dont",),
}  # fmt: skip
_WORD = re.compile(r"[a-z']{5,}")


def restyle(text: str, style: Style, rng: random.Random) -> str:
    """The same words as somebody in this style would type them; `plain` leaves them alone."""
    if style == "plain":
        return text
    if style == "texting":
        text = text.lower()
        for words, shorter in _ABBREVIATIONS.items():
            if rng.random() < 0.4:
                text = re.sub(rf"\b{words}\b", rng.choice(shorter), text)
        if rng.random() < 0.6:
            text = text.rstrip(".")
        if rng.random() < 0.3:
            text = text.replace("'", "").replace(",", "")
    return mistype(text, rng) if rng.random() < 0.35 else text


def mistype(text: str, rng: random.Random) -> str:
    """One slip in one longer word: two letters swapped, one lost, or one doubled."""
    words = list(_WORD.finditer(text))
    if not words:
        return text
    word = rng.choice(words)
    place = word.start() + rng.randrange(1, len(word.group()) - 1)
    slip = rng.choice(("swap", "lose", "double"))
    if slip == "swap":
        return text[:place] + text[place + 1] + text[place] + text[place + 2 :]
    return text[:place] + (text[place] * 2 if slip == "double" else "") + text[place + 1 :]
