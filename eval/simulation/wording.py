"""How a user asks for values: one to three requests carried by frames, lists, sentences and asides."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

from ...dialogue.person import Person, fill
from .phrase_bank import PhraseBank
from .style import Style, restyle


@dataclass(frozen=True, slots=True)
class Speaker:
    """Whom the user talks about and how, for one dialogue."""

    bank: PhraseBank
    person: Person
    style: Style
    rng: random.Random

    def say(self, template: str, **slots: str) -> str:
        """The template in this speaker's words."""
        return fill(template, self.person, is_system=False, **slots)

    def phrase(self, value: str, *kinds: str) -> str:
        """A phrasing of `value`, of one of the kinds, still with placeholders."""
        return self.bank.pick(value, kinds, self.rng)

    def frame(self, kind: str) -> str:
        """A carrier sentence with slots."""
        return self.rng.choice(self.bank.frames[kind])

    def finish(self, text: str) -> str:
        """The text as this speaker types it."""
        return restyle(text[:1].upper() + text[1:] if self.style == "plain" and text[1:2].islower() else text,
                       self.style, self.rng)  # fmt: skip


def request(speaker: Speaker, values: Sequence[str]) -> str:
    """One utterance that asks for all the values, with an optional lead and tail."""
    rng = speaker.rng
    text = _one(speaker, values[0]) if len(values) == 1 else _several(speaker, values)
    if rng.random() < 0.09:
        text = f"{speaker.say(speaker.frame('lead'))} {_lowered(text)}"
    if rng.random() < 0.12:
        text = f"{_closed(text)} {speaker.say(speaker.frame('tail'))}"
    return text


def carried(speaker: Speaker, template: str, value: str, **slots: str) -> str:
    """A template with one request slot (`{verb}`, `{noun}`, `{look}` or `{short}`), filled for `value`."""
    for kind in ("verb", "noun", "look", "short"):
        if f"{{{kind}}}" in template or f"{{{kind.capitalize()}}}" in template:
            slots[kind] = request_part(speaker, value, kind)
    return speaker.say(template, **slots)


def request_part(speaker: Speaker, value: str, kind: str) -> str:
    """A phrasing that fits the slot `kind`; values that have no adjective are named by a noun phrase."""
    fallbacks = {"look": ("look", "noun"), "short": ("short", "noun"), "verb": ("verb",), "noun": ("noun",)}
    return _bare(speaker.say(speaker.phrase(value, *fallbacks[kind])))


def _one(speaker: Speaker, value: str) -> str:
    rng = speaker.rng
    (way,) = rng.choices(("sentence", "verb", "noun", "look", "short"), weights=(36, 26, 16, 12, 10))
    has_look = "look" in (speaker.bank.values.get(value) or {})
    if way == "sentence":
        return speaker.say(speaker.phrase(value, "sentence"))
    if way == "short":
        return speaker.say(speaker.phrase(value, "short", "noun"))
    if way == "look" and not has_look:
        way = "noun"
    return carried(speaker, speaker.frame(way), value)


def _several(speaker: Speaker, values: Sequence[str]) -> str:
    rng = speaker.rng
    if len(values) == 3 and rng.random() < 0.3:
        head, rest = values[:2], values[2:]
        return f"{_closed(_several(speaker, head))} {_one(speaker, rest[0])}"
    (way,) = rng.choices(("verbs", "nouns", "mixed", "sentences", "list"), weights=(32, 20, 16, 22, 10))
    if way == "mixed" and len(values) == 2:
        a, b = values
        return carried(speaker, speaker.frame("mixed").replace("{noun}", speaker.phrase(b, "noun")), a)
    if way == "nouns":
        parts = {n: request_part(speaker, v, "noun") for n, v in zip("abc", values, strict=False)}
        return speaker.say(speaker.frame("two_noun" if len(values) == 2 else "three_noun"), **parts)
    if way == "sentences":
        return " ".join(_closed(_one(speaker, value)) for value in values)
    if way == "list":
        joint = rng.choice((", ", " + ", " and ", ", ", "; ", " plus "))
        return joint.join(
            _bare(speaker.say(speaker.phrase(v, rng.choice(("short", "noun", "look")), "noun"))) for v in values
        )
    parts = {n: request_part(speaker, v, "verb") for n, v in zip("abc", values, strict=False)}
    return speaker.say(speaker.frame("two" if len(values) == 2 else "three"), **parts)


def _bare(text: str) -> str:
    return text.strip().rstrip(".!").strip()


def _closed(text: str) -> str:
    text = text.strip()
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _lowered(text: str) -> str:
    return text if text[:2].isupper() or text.startswith(("I ", "I'")) else text[:1].lower() + text[1:]
