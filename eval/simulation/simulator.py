"""Simulated dialogues: a user with wishes, a system with a policy, the belief state after every turn."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ...dialogue import belief_state, policy
from ...dialogue.belief_state import BeliefState
from ...dialogue.dialogue_file import Act, Dialogue, Turn
from ...dialogue.ontology import ONTOLOGY, OPEN_ONTOLOGY, SINGLE_VALUED, UNSEEN, excluded_by
from ...dialogue.person import Person
from .photo import Photo, caption
from .phrase_bank import PhraseBank
from .scenes import scene_dialogue
from .system_words import reply
from .wording import Speaker, carried, request


@dataclass(frozen=True, slots=True)
class SimulationConfig:
    """How dialogues are drawn.

    Attributes:
        hardness: share of dialogues whose user also corrects, takes back, keeps, and wanders off.
        scenes: share of dialogues taken whole from the hand-written scenes.
        extra: chance that a request names a value outside the ontology (which then changes nothing, unless the
            dialogue is an open one).
        is_open: values outside the ontology enter the state: training data of the question format.
        unseen: chance that a request names a value of Table 9 (the out-of-distribution test set).
    """

    hardness: float = 0.5
    scenes: float = 0.12
    extra: float = 0.02
    is_open: bool = False
    unseen: float = 0.0


@dataclass(slots=True)
class _Scene:
    """What both sides know in the middle of a dialogue."""

    speaker: Speaker
    photo: Photo
    config: SimulationConfig
    is_hard: bool
    state: BeliefState = field(default_factory=lambda: belief_state.EMPTY)
    last_added: tuple[str, ...] = ()
    last_act: Act = field(default_factory=lambda: Act("next"))
    turns: list[Turn] = field(default_factory=list)

    @property
    def rng(self) -> random.Random:
        return self.speaker.rng

    @property
    def held(self) -> tuple[str, ...]:
        return belief_state.values(self.state)


_Words = tuple[str, list[str], list[str], bool]  # utterance, added, removed, is_reset
_PERSONS: tuple[tuple[Person, float], ...] = (("self", 0.16), ("neutral", 0.06))
_PERSON_ODDS_GENDERED = 0.78


def simulate(bank: PhraseBank, photo: Photo, name: str, rng: random.Random, config: SimulationConfig) -> Dialogue:
    """One dialogue about `photo`, in the words of `bank`; the same `rng` state gives the same dialogue."""
    if bank.scenes and rng.random() < config.scenes:
        return scene_dialogue(rng.choice(bank.scenes), name, rng)
    gendered: Person = "man" if photo.is_male else "woman"
    person: Person = rng.choices(("self", "neutral", gendered), weights=(0.16, 0.06, _PERSON_ODDS_GENDERED))[0]
    style = rng.choices(("plain", "texting", "hasty"), weights=(0.62, 0.26, 0.12))[0]
    scene = _Scene(Speaker(bank, person, style, rng), photo, config, rng.random() < config.hardness)
    text = caption(photo, rng)
    for _ in range(rng.choices((3, 4, 5, 6), weights=(32, 42, 19, 7))[0]):
        _take_turn(scene)
    return Dialogue(name, text, photo.attributes, tuple(scene.turns))


def _take_turn(scene: _Scene) -> None:
    kind = _choose_kind(scene)
    utterance, added, removed, is_reset = _KINDS[kind](scene)
    before = scene.state
    state = belief_state.EMPTY if is_reset else before
    for value in removed:
        state = belief_state.remove(state, _slot(scene, value), value, OPEN_ONTOLOGY)
    for value in added:
        if _counts(scene, value):
            state = belief_state.add(state, _slot(scene, value), value, OPEN_ONTOLOGY)
    scene.state = state
    fresh = [v for v in belief_state.values(state) if v not in belief_state.values(before)]
    scene.last_added = tuple(fresh)
    attributes = scene.photo.attributes
    avoid = set(policy.FACIAL_HAIR) if not scene.photo.is_male else set()
    if kind.startswith("declin") and scene.last_act.type == "suggest":
        avoid.add(scene.last_act.value)
    act = policy.next_act(_closed_state(state), attributes, scene.rng, avoid)
    system = reply(scene.speaker, kind, fresh, removed, act)
    scene.turns.append(Turn(scene.speaker.finish(utterance), state, system, act, kind))
    scene.last_act = act


def _closed_state(state: BeliefState) -> BeliefState:
    return belief_state.from_json(belief_state.to_json(state), OPEN_ONTOLOGY)


def _slot(scene: _Scene, value: str) -> str:
    return scene.speaker.bank.slots.get(value) or ONTOLOGY.slot_of(value)


def _counts(scene: _Scene, value: str) -> bool:
    """Values outside the ontology are tracked in open dialogues only."""
    return value in ONTOLOGY.values or scene.config.is_open


def _wanted(scene: _Scene, count: int, among: Sequence[str] | None = None) -> list[str]:
    """Up to `count` values that neither the photo nor the state has and that go together."""
    rng = scene.rng
    pool = [v for v in (among or ONTOLOGY.values) if policy.is_worth_asking(v, scene.photo.attributes)]
    pool = [v for v in pool if v not in scene.held]
    if not scene.photo.is_male and rng.random() < 0.96:
        pool = [v for v in pool if v not in policy.FACIAL_HAIR]
    if scene.photo.is_male and rng.random() < 0.5:
        pool = [v for v in pool if v not in ("heavy makeup", "lipstick", "no makeup")] or pool
    chosen: list[str] = []
    for _ in range(count):
        open_values = _outside(scene) if among is None else []
        if open_values:
            chosen.append(rng.choice(open_values))
        elif pool:
            chosen.append(rng.choice(pool))
        taken = {_slot(scene, v) for v in chosen} & SINGLE_VALUED
        clash = {x for v in chosen for x in excluded_by(v)} | set(chosen)
        pool = [v for v in pool if v not in clash and ONTOLOGY.slot_of(v) not in taken]
    return list(dict.fromkeys(_compatible(scene, chosen)))


def _compatible(scene: _Scene, chosen: list[str]) -> list[str]:
    slots: set[str] = set()
    kept = []
    for value in chosen:
        slot = _slot(scene, value)
        if slot in SINGLE_VALUED and slot in slots:
            continue
        slots.add(slot)
        kept.append(value)
    return kept


def _outside(scene: _Scene) -> list[str]:
    rng, config = scene.rng, scene.config
    if rng.random() < config.unseen:
        slot = rng.choice(list(UNSEEN))
        return [v for v in UNSEEN[slot] if v not in scene.held]
    if scene.speaker.bank.extra and rng.random() < config.extra:
        slot = rng.choice(sorted({scene.speaker.bank.slots[v] for v in scene.speaker.bank.extra}))
        return [v for v in scene.speaker.bank.extra if scene.speaker.bank.slots[v] == slot and v not in scene.held]
    return []


# What a user may do -----------------------------------------------------------------------------


def _request(scene: _Scene) -> _Words:
    count = scene.rng.choices((1, 2, 3), weights=(46, 36, 18))[0]
    values = _wanted(scene, count)
    return (request(scene.speaker, values), values, [], False) if values else _small_talk(scene)


def _accept(scene: _Scene) -> _Words:
    value = scene.last_act.value
    if scene.rng.random() < 0.3:
        return scene.speaker.say(scene.speaker.phrase(value, "react_yes")), [value], [], False
    return scene.speaker.say(scene.speaker.bank.act("accept", scene.rng)), [value], [], False


def _accept_with(scene: _Scene) -> _Words:
    suggested = scene.last_act.value
    more = _beside(scene, suggested)
    if not more:
        return _accept(scene)
    if scene.rng.random() < 0.35:
        lead = scene.speaker.say(scene.speaker.bank.act("accept", scene.rng))
        return f"{lead} {request(scene.speaker, more)}", [suggested, *more], [], False
    text = carried(scene.speaker, scene.speaker.bank.act("accept_with", scene.rng), more[0])
    return text, [suggested, more[0]], [], False


def _beside(scene: _Scene, value: str) -> list[str]:
    slot = ONTOLOGY.slot_of(value)
    return [
        v
        for v in _wanted(scene, scene.rng.choice((1, 1, 2)), ONTOLOGY.values)
        if v != value and v not in excluded_by(value) and not (slot in SINGLE_VALUED and ONTOLOGY.slot_of(v) == slot)
    ]


def _decline(scene: _Scene) -> _Words:
    if scene.rng.random() < 0.3:
        return scene.speaker.say(scene.speaker.phrase(scene.last_act.value, "react_no")), [], [], False
    return scene.speaker.say(scene.speaker.bank.act("decline", scene.rng)), [], [], False


def _decline_with(scene: _Scene) -> _Words:
    suggested = scene.last_act.value
    more = [v for v in _wanted(scene, 1) if v != suggested]
    if not more:
        return _decline(scene)
    if scene.rng.random() < 0.4:
        no = (
            scene.speaker.phrase(suggested, "react_no")
            if scene.rng.random() < 0.5
            else scene.speaker.bank.act("decline", scene.rng)
        )
        return f"{scene.speaker.say(no)} {request(scene.speaker, more)}", more, [], False
    return carried(scene.speaker, scene.speaker.bank.act("decline_with", scene.rng), more[0]), more, [], False


def _answer(scene: _Scene) -> _Words:
    rng = scene.rng
    values = _wanted(scene, 1, ONTOLOGY.slots[scene.last_act.slot])
    if not values:
        return _answer_no(scene)
    way = rng.random()
    if way < 0.5:
        return carried(scene.speaker, scene.speaker.bank.act("answer", rng), values[0]), values, [], False
    if way < 0.7:
        return scene.speaker.say(scene.speaker.phrase(values[0], "short", "noun")), values, [], False
    if way < 0.85:
        lead = scene.speaker.say(scene.speaker.bank.act("accept", rng))
        return f"{lead} {request(scene.speaker, values)}", values, [], False
    return request(scene.speaker, values), values, [], False


def _answer_no(scene: _Scene) -> _Words:
    return scene.speaker.say(scene.speaker.bank.act("answer_no", scene.rng)), [], [], False


def _undo_last(scene: _Scene) -> _Words:
    return scene.speaker.say(scene.speaker.bank.act("undo_last", scene.rng)), [], list(scene.last_added), False


def _undo_named(scene: _Scene) -> _Words:
    value = scene.rng.choice(scene.held)
    if scene.rng.random() < 0.5:
        return scene.speaker.say(scene.speaker.phrase(value, "remove")), [], [value], False
    return _named(scene, "undo_named", value), [], [value], False


def _named(scene: _Scene, act: str, value: str, **more: str) -> str:
    return scene.speaker.say(scene.speaker.bank.act(act, scene.rng), name=_name(scene, value), **more)


def _name(scene: _Scene, value: str) -> str:
    return scene.speaker.say(scene.speaker.phrase(value, "name", "noun"))


def _undo_two(scene: _Scene) -> _Words:
    a, b = scene.rng.sample(scene.held, 2)
    text = scene.speaker.say(scene.speaker.bank.act("undo_two", scene.rng), a=_name(scene, a), b=_name(scene, b))
    return text, [], [a, b], False


def _undo_all_but(scene: _Scene) -> _Words:
    kept = scene.rng.choice(scene.held)
    return _named(scene, "undo_all_but", kept), [], [v for v in scene.held if v != kept], False


def _start_over(scene: _Scene) -> _Words:
    text = scene.speaker.say(scene.speaker.bank.act("start_over", scene.rng))
    if scene.rng.random() < 0.3:
        emptied = replace_state(scene)
        values = _wanted(emptied, scene.rng.choice((1, 2)))
        if values:
            return f"{text} {request(scene.speaker, values)}", values, [], True
    return text, [], [], True


def replace_state(scene: _Scene) -> _Scene:
    """The scene as it is after starting over."""
    return replace(scene, state=belief_state.EMPTY)


def _exchange(scene: _Scene) -> _Words:
    old = scene.rng.choice(scene.held)
    new = [v for v in _wanted(scene, 1) if v not in excluded_by(old)]
    if not new:
        return _undo_named(scene)
    if scene.rng.random() < 0.35:
        text = f"{scene.speaker.say(scene.speaker.phrase(old, 'remove'))} {request(scene.speaker, new)}"
        return text, new, [old], False
    text = carried(scene.speaker, scene.speaker.bank.act("exchange", scene.rng), new[0], name=_name(scene, old))
    return text, new, [old], False


def _correct(scene: _Scene) -> _Words:
    """A change of mind inside one utterance: only the second wish counts."""
    wanted = _wanted(scene, 1, ONTOLOGY.values)
    if not wanted:
        return _small_talk(scene)
    slot = ONTOLOGY.slot_of(wanted[0])
    rivals = [v for v in ONTOLOGY.slots[slot] if v != wanted[0] and v not in scene.held]
    if scene.rng.random() < 0.25 or not rivals:
        rivals = [v for v in ONTOLOGY.values if v != wanted[0] and v not in scene.held]
    other = scene.rng.choice(rivals)
    template = scene.speaker.bank.act("correct", scene.rng)
    slots = {}
    for key, value in (("a", other), ("b", wanted[0])):
        slots[key] = _part(scene, value, "noun")
        slots[f"look_{key}"] = _part(scene, value, "look")
        slots[f"verb_{key}"] = _part(scene, value, "verb")
    return scene.speaker.say(template, **slots), wanted, [], False


def _part(scene: _Scene, value: str, kind: str) -> str:
    kinds = ("look", "noun") if kind == "look" else (kind,)
    return scene.speaker.say(scene.speaker.phrase(value, *kinds)).strip().rstrip(".!")


def _correct_previous(scene: _Scene) -> _Words:
    """A value of an earlier turn gives way to another one of its slot."""
    replaceable = [v for v in scene.held if v in ONTOLOGY.values and ONTOLOGY.slot_of(v) in SINGLE_VALUED]
    if not replaceable:
        return _exchange(scene)
    old = scene.rng.choice(replaceable)
    new = _wanted(scene, 1, [v for v in ONTOLOGY.slots[ONTOLOGY.slot_of(old)] if v != old])
    if not new:
        return _undo_named(scene)
    template = scene.speaker.bank.act("correct_previous", scene.rng)
    kind = "look" if scene.rng.random() < 0.6 else "noun"
    text = scene.speaker.say(template, old=_part(scene, old, kind), new=_part(scene, new[0], kind))
    return text, new, [old], False


def _keep_with(scene: _Scene) -> _Words:
    kept = scene.rng.choice(_keepable(scene))
    new = [v for v in _wanted(scene, 1) if v not in excluded_by(kept) and not _rivals(scene, v, kept)]
    if not new:
        return _keep(scene)
    if scene.rng.random() < 0.3:
        mention = scene.speaker.say(scene.speaker.phrase(kept, "mention"))
        first, second = request(scene.speaker, new), mention
        return f"{second} {first}" if scene.rng.random() < 0.5 else f"{first} {second}", new, [], False
    text = carried(scene.speaker, scene.speaker.bank.act("keep_with", scene.rng), new[0], name=_name(scene, kept))
    return text, new, [], False


def _rivals(scene: _Scene, one: str, other: str) -> bool:
    return _slot(scene, one) == _slot(scene, other) and _slot(scene, one) in SINGLE_VALUED


def _keepable(scene: _Scene) -> list[str]:
    shown = [v for v in scene.photo.attributes if not v.startswith("no ")]
    return [*scene.held, *shown] or ["bangs"]


def _keep(scene: _Scene) -> _Words:
    return _named(scene, "keep", scene.rng.choice(_keepable(scene))), [], [], False


def _undo_and_keep(scene: _Scene) -> _Words:
    old = scene.rng.choice(scene.held)
    kept = scene.rng.choice([v for v in _keepable(scene) if v != old] or ["bangs"])
    return _named(scene, "undo_and_keep", old, keep=_name(scene, kept)), [], [old], False


def _mention(scene: _Scene) -> _Words:
    value = scene.rng.choice([*_keepable(scene), *scene.rng.sample(ONTOLOGY.values, 2)])
    return scene.speaker.say(scene.speaker.phrase(value, "mention")), [], [], False


def _small_talk(scene: _Scene) -> _Words:
    kind = scene.rng.choice(("thanks", "praise", "question", "small_talk", "filler", "praise", "question"))
    return scene.speaker.say(scene.speaker.bank.act(kind, scene.rng)), [], [], False


_KINDS: dict[str, Callable[[_Scene], _Words]] = {
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
_AFTER_SUGGESTION = {"accept": 34, "accept with more": 16, "decline": 14, "decline with more": 20, "": 16}
_AFTER_REQUEST = {"answer": 66, "answer no": 10, "": 24}
_FREELY = {"request": 100, "small talk": 3, "mention": 1}
_HARD = {"request": 42, "small talk": 7, "mention": 5, "undo named": 11, "exchange": 9, "correct": 7, "correct previous": 8,
         "keep with": 6, "keep": 2, "undo and keep": 3, "undo last": 5, "start over": 5, "undo two": 2, "undo all but": 2}  # fmt: skip
_NEEDS = {"undo named": 1, "exchange": 1, "undo and keep": 1, "undo last": 1, "start over": 1, "undo two": 2,
          "undo all but": 2, "correct previous": 1}  # fmt: skip


def _choose_kind(scene: _Scene) -> str:
    rng = scene.rng
    replies = {"suggest": _AFTER_SUGGESTION, "request": _AFTER_REQUEST}.get(scene.last_act.type)
    if replies and scene.turns:
        (kind,) = rng.choices(list(replies), weights=list(replies.values()))
        if kind:
            return kind
    odds = dict(_HARD if scene.is_hard else _FREELY)
    if not scene.turns:
        odds = {k: w for k, w in odds.items() if k in ("request", "correct", "keep with")}
    for kind, needed in _NEEDS.items():
        if len(scene.held) < needed:
            odds.pop(kind, None)
    if not scene.last_added:
        odds.pop("undo last", None)
    (kind,) = rng.choices(list(odds), weights=list(odds.values()))
    return kind
