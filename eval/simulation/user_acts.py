"""What a user does in one turn: words, and what they change."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from ...dialogue.ontology import ONTOLOGY, SINGLE_VALUED, excluded_by
from .talk import Talk
from .wording import carried, request


class Words(NamedTuple):
    """An utterance and its meaning: values taken back, then values added, after emptying the state where `is_reset`.

    `kind` says what was done in the end: an act that finds nothing to say falls back to a simpler one.
    """

    text: str
    added: Sequence[str] = ()
    removed: Sequence[str] = ()
    is_reset: bool = False
    kind: str = ""


def perform(talk: Talk, kind: str) -> Words:
    """What the user says and means; `kind` is one of `USER_ACTS` that makes sense in this talk."""
    words = USER_ACTS[kind](talk)
    return words if words.kind else words._replace(kind=kind)


_NUM_REQUESTED = {1: 26, 2: 43, 3: 31}  # so that a dialogue asks for nearly as much as the paper's (Table 3)


# Requests and answers ---------------------------------------------------------------------------


def _request(talk: Talk) -> Words:
    (count,) = talk.rng.choices(list(_NUM_REQUESTED), weights=list(_NUM_REQUESTED.values()))
    values = talk.wanted(count)
    return Words(request(talk.speaker, values), values) if values else perform(talk, "small talk")


def _accept(talk: Talk) -> Words:
    value = talk.last_act.value
    if talk.rng.random() < 0.3:
        return Words(_phrase(talk, value, "react_yes"), [value])
    return Words(_act(talk, "accept"), [value])


def _accept_with(talk: Talk) -> Words:
    suggested = talk.last_act.value
    more = [
        value
        for value in talk.wanted(talk.rng.choice((1, 1, 2)), ONTOLOGY.values)
        if value != suggested and not talk.are_rivals(value, suggested)
    ]
    if not more:
        return perform(talk, "accept")
    if talk.rng.random() < 0.35:
        return Words(f"{_act(talk, 'accept')} {request(talk.speaker, more)}", [suggested, *more])
    return Words(_carried(talk, "accept_with", more[0]), [suggested, more[0]])


def _decline(talk: Talk) -> Words:
    if talk.rng.random() < 0.3:
        return Words(_phrase(talk, talk.last_act.value, "react_no"))
    return Words(_act(talk, "decline"))


def _decline_with(talk: Talk) -> Words:
    suggested = talk.last_act.value
    more = [value for value in talk.wanted(1) if value != suggested]
    if not more:
        return perform(talk, "decline")
    if talk.rng.random() < 0.4:
        no = _phrase(talk, suggested, "react_no") if talk.rng.random() < 0.5 else _act(talk, "decline")
        return Words(f"{no} {request(talk.speaker, more)}", more)
    return Words(_carried(talk, "decline_with", more[0]), more)


def _answer(talk: Talk) -> Words:
    values = talk.wanted(1, ONTOLOGY.slots[talk.last_act.slot])
    if not values:
        return perform(talk, "answer no")
    way = talk.rng.random()
    if way < 0.5:
        return Words(_carried(talk, "answer", values[0]), values)
    if way < 0.7:
        return Words(_phrase(talk, values[0], "short", "noun"), values)
    if talk.rng.random() < 0.5:
        values += [value for value in talk.wanted(1, ONTOLOGY.values) if not talk.are_rivals(value, values[0])]
        values = list(dict.fromkeys(values))
    if way < 0.85:
        return Words(f"{_act(talk, 'accept')} {request(talk.speaker, values)}", values)
    return Words(request(talk.speaker, values), values)


def _answer_no(talk: Talk) -> Words:
    return Words(_act(talk, "answer_no"))


# Taking back ------------------------------------------------------------------------------------


def _undo_last(talk: Talk) -> Words:
    return Words(_act(talk, "undo_last"), removed=talk.last_added)


def _undo_named(talk: Talk) -> Words:
    value = talk.rng.choice(talk.held)
    if talk.rng.random() < 0.5 and talk.speaker.bank.has(value, "remove"):
        return Words(_phrase(talk, value, "remove"), removed=[value])
    return Words(_act(talk, "undo_named", name=_name(talk, value)), removed=[value])


def _undo_two(talk: Talk) -> Words:
    a, b = talk.rng.sample(talk.held, 2)
    return Words(_act(talk, "undo_two", a=_name(talk, a), b=_name(talk, b)), removed=[a, b])


def _undo_all_but(talk: Talk) -> Words:
    kept = talk.rng.choice(talk.held)
    removed = [value for value in talk.held if value != kept]
    return Words(_act(talk, "undo_all_but", name=_name(talk, kept)), removed=removed)


def _start_over(talk: Talk) -> Words:
    text = _act(talk, "start_over")
    if talk.rng.random() < 0.3:
        values = talk.emptied().wanted(talk.rng.choice((1, 2)))
        if values:
            return Words(f"{text} {request(talk.speaker, values)}", values, is_reset=True)
    return Words(text, is_reset=True)


# Changes of mind --------------------------------------------------------------------------------


def _exchange(talk: Talk) -> Words:
    old = talk.rng.choice(talk.held)
    new = [value for value in talk.wanted(1) if value not in excluded_by(old)]
    if not new:
        return perform(talk, "undo named")
    if talk.rng.random() < 0.35 and talk.speaker.bank.has(old, "remove"):
        return Words(f"{_phrase(talk, old, 'remove')} {request(talk.speaker, new)}", new, [old])
    return Words(_carried(talk, "exchange", new[0], name=_name(talk, old)), new, [old])


def _correct(talk: Talk) -> Words:
    """A change of mind inside one utterance: only the second wish counts."""
    wanted = talk.wanted(1, ONTOLOGY.values)
    if not wanted:
        return perform(talk, "small talk")
    rivals = [v for v in ONTOLOGY.slots[ONTOLOGY.slot_of(wanted[0])] if v != wanted[0] and v not in talk.held]
    if talk.rng.random() < 0.25 or not rivals:
        rivals = [v for v in ONTOLOGY.values if v != wanted[0] and v not in talk.held]
    slots = {}
    for key, value in (("a", talk.rng.choice(rivals)), ("b", wanted[0])):
        slots[key] = _part(talk, value, "noun")
        slots[f"look_{key}"] = _part(talk, value, "look")
        slots[f"verb_{key}"] = _part(talk, value, "verb")
    return Words(_act(talk, "correct", **slots), wanted)


def _correct_previous(talk: Talk) -> Words:
    """A value of an earlier turn gives way to another one of its slot."""
    replaceable = [v for v in talk.held if v in ONTOLOGY.values and ONTOLOGY.slot_of(v) in SINGLE_VALUED]
    if not replaceable:
        return perform(talk, "exchange")
    old = talk.rng.choice(replaceable)
    new = talk.wanted(1, [v for v in ONTOLOGY.slots[ONTOLOGY.slot_of(old)] if v != old])
    if not new:
        return perform(talk, "undo named")
    kind = "look" if talk.rng.random() < 0.6 else "noun"
    text = _act(talk, "correct_previous", old=_part(talk, old, kind), new=_part(talk, new[0], kind))
    return Words(text, new, [old])


# Keeping, mentioning, chatting ------------------------------------------------------------------


def _keep_with(talk: Talk) -> Words:
    kept = talk.rng.choice(talk.keepable())
    new = [value for value in talk.wanted(1) if not talk.are_rivals(value, kept)]
    if not new:
        return perform(talk, "keep")
    if talk.rng.random() < 0.3 and talk.speaker.bank.has(kept, "mention"):
        parts = [request(talk.speaker, new), _phrase(talk, kept, "mention")]
        return Words(" ".join(talk.rng.sample(parts, 2)), new)
    return Words(_carried(talk, "keep_with", new[0], name=_name(talk, kept)), new)


def _keep(talk: Talk) -> Words:
    return Words(_act(talk, "keep", name=_name(talk, talk.rng.choice(talk.keepable()))))


def _undo_and_keep(talk: Talk) -> Words:
    old = talk.rng.choice(talk.held)
    kept = talk.rng.choice([value for value in talk.keepable() if value != old] or ["bangs"])
    return Words(_act(talk, "undo_and_keep", name=_name(talk, old), keep=_name(talk, kept)), removed=[old])


def _mention(talk: Talk) -> Words:
    near = [value for value in talk.keepable() if talk.speaker.bank.has(value, "mention")]
    return Words(_phrase(talk, talk.rng.choice([*near, *talk.rng.sample(ONTOLOGY.values, 2)]), "mention"))


def _small_talk(talk: Talk) -> Words:
    kinds = ("thanks", "praise", "question", "small_talk", "filler", "praise", "question")
    return Words(_act(talk, talk.rng.choice(kinds)))


USER_ACTS: Mapping[str, Callable[[Talk], Words]] = {
    "request": _request,
    "accept": _accept,
    "accept with more": _accept_with,
    "decline": _decline,
    "decline with more": _decline_with,
    "answer": _answer,
    "answer no": _answer_no,
    "undo last": _undo_last,
    "undo named": _undo_named,
    "undo two": _undo_two,
    "undo all but": _undo_all_but,
    "start over": _start_over,
    "exchange": _exchange,
    "correct": _correct,
    "correct previous": _correct_previous,
    "keep with": _keep_with,
    "keep": _keep,
    "undo and keep": _undo_and_keep,
    "mention": _mention,
    "small talk": _small_talk,
}
"""Kind of turn -> what the user says."""


# Wording ----------------------------------------------------------------------------------------


def _act(talk: Talk, kind: str, **slots: str) -> str:
    return talk.speaker.say(talk.speaker.bank.act(kind, talk.rng), **slots)


def _carried(talk: Talk, kind: str, value: str, **slots: str) -> str:
    return carried(talk.speaker, talk.speaker.bank.act(kind, talk.rng), value, **slots)


def _phrase(talk: Talk, value: str, *kinds: str) -> str:
    return talk.speaker.say(talk.speaker.phrase(value, *kinds))


def _name(talk: Talk, value: str) -> str:
    return _phrase(talk, value, "name", "noun")


def _part(talk: Talk, value: str, kind: str) -> str:
    kinds = ("look", "noun") if kind == "look" else (kind,)
    return _phrase(talk, value, *kinds).strip().rstrip(".!")
