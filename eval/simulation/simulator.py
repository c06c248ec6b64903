"""Simulated dialogues: a user with wishes, a system with a policy, the belief state after every turn."""

import random

from ...dialogue import belief_state, policy
from ...dialogue.dialogue_file import Dialogue, Turn
from ...dialogue.ontology import OPEN_ONTOLOGY
from ...dialogue.person import Person
from .photo import Photo, caption
from .phrase_bank import PhraseBank
from .scenes import scene_dialogue
from .style import Style
from .system_words import reply
from .talk import SimulationConfig, Talk
from .user_acts import Words, perform
from .wording import Speaker

_NUM_TURNS = {3: 32, 4: 42, 5: 19, 6: 7}
_STYLES: dict[Style, int] = {"plain": 62, "texting": 26, "hasty": 12}
_OWN_PHOTO, _NEUTRAL, _GENDERED = 16, 6, 78  # in a hundred dialogues
_AFTER_SUGGESTION = {"accept": 28, "accept with more": 22, "decline": 10, "decline with more": 24, "": 16}
_AFTER_REQUEST = {"answer": 66, "answer no": 10, "": 24}
_OPENINGS = ("request", "correct", "keep with")
_EASY = {"request": 100, "small talk": 3, "mention": 1}
_HARD = {
    "request": 42,
    "small talk": 7,
    "mention": 5,
    "undo named": 11,
    "exchange": 9,
    "correct": 7,
    "correct previous": 8,
    "keep with": 6,
    "keep": 2,
    "undo and keep": 3,
    "undo last": 5,
    "start over": 5,
    "undo two": 2,
    "undo all but": 2,
}
_HELD_NEEDED = {  # values in the state without which a kind makes no sense
    "undo named": 1,
    "exchange": 1,
    "undo and keep": 1,
    "undo last": 1,
    "start over": 1,
    "undo two": 2,
    "undo all but": 2,
    "correct previous": 1,
}


def simulate(bank: PhraseBank, photo: Photo, name: str, rng: random.Random, config: SimulationConfig) -> Dialogue:
    """One dialogue about `photo`, in the words of `bank`; the same `rng` state gives the same dialogue."""
    if bank.scenes and rng.random() < config.scenes:
        return scene_dialogue(rng.choice(bank.scenes), name, rng)
    persons: tuple[Person, ...] = ("self", "neutral", "man" if photo.is_male else "woman")
    (person,) = rng.choices(persons, weights=(_OWN_PHOTO, _NEUTRAL, _GENDERED))
    (style,) = rng.choices(list(_STYLES), weights=list(_STYLES.values()))
    talk = Talk(Speaker(bank, person, style, rng), photo, config, rng.random() < config.hardness)
    text = caption(photo, rng)
    (num_turns,) = rng.choices(list(_NUM_TURNS), weights=list(_NUM_TURNS.values()))
    for _ in range(num_turns):
        _take_turn(talk)
    return Dialogue(name, text, photo.attributes, tuple(talk.turns))


def _take_turn(talk: Talk) -> None:
    words = perform(talk, _choose_kind(talk))
    before = talk.held
    _update_state(talk, words)
    talk.last_added = tuple(value for value in talk.held if value not in before)
    if words.kind.startswith("decline"):
        talk.declined.add(talk.last_act.value)
    avoided = talk.declined | (set() if talk.photo.is_male else policy.FACIAL_HAIR)
    act = policy.next_act(talk.state, talk.photo.attributes, talk.rng, avoided)
    system = reply(talk.speaker, words.kind, talk.last_added, words.removed, act)
    talk.turns.append(Turn(talk.speaker.finish(words.text), talk.state, system, act, words.kind))
    talk.last_act = act


def _update_state(talk: Talk, words: Words) -> None:
    state = belief_state.EMPTY if words.is_reset else talk.state
    for value in words.removed:
        state = belief_state.remove(state, talk.slot_of(value), value, OPEN_ONTOLOGY)
    for value in words.added:
        if talk.counts(value):
            state = belief_state.add(state, talk.slot_of(value), value, OPEN_ONTOLOGY)
    talk.state = state


def _choose_kind(talk: Talk) -> str:
    replies = {"suggest": _AFTER_SUGGESTION, "request": _AFTER_REQUEST}.get(talk.last_act.type)
    if replies and talk.turns:
        (kind,) = talk.rng.choices(list(replies), weights=list(replies.values()))
        if kind:
            return kind
    odds = {k: weight for k, weight in (_HARD if talk.is_hard else _EASY).items() if _makes_sense(talk, k)}
    (kind,) = talk.rng.choices(list(odds), weights=list(odds.values()))
    return kind


def _makes_sense(talk: Talk, kind: str) -> bool:
    if not talk.turns:
        return kind in _OPENINGS
    if kind == "undo last" and not talk.last_added:
        return False
    return len(talk.held) >= _HELD_NEEDED.get(kind, 0)
