"""Every hand-written phrase obeys the rules of the bank."""

import json
import os
import random
import re
from collections import Counter, defaultdict
from functools import cache
from itertools import combinations
from pathlib import Path

import pytest
import yaml
from chatedit.dialogue.errors import UnknownValue
from chatedit.dialogue.ontology import ONTOLOGY, UNSEEN
from chatedit.dialogue.person import KNOWN_PLACEHOLDERS, fill
from chatedit.eval.simulation.phrase_bank import SPLITS, load_phrase_bank
from chatedit.eval.simulation.scenes import scene_dialogue

ROOT = Path(__file__).parents[2] / "prompts" / "phrases"
KINDS = {"noun", "verb", "look", "short", "sentence", "name", "remove", "mention", "react_no", "react_yes"}
SLOTS = {"verb", "noun", "look", "short", "name", "keep", "a", "b", "c", "old", "new",
         "look_a", "look_b", "verb_a", "verb_b"}  # fmt: skip
ACTS = {"next", "done", "undone", "reset", "declined", "unchanged", "nothing_heard"}
UNSEEN_VALUES = [value for values in UNSEEN.values() for value in values]


@cache
def read(path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CBaseLoader)


def texts_in(data, skip=("value", "slot", "update", "act", "person", "attributes")):
    if isinstance(data, str):
        yield data
    elif isinstance(data, list):
        for item in data:
            yield from texts_in(item)
    else:
        for key, item in data.items():
            if key not in skip:
                yield from texts_in(item)


def plain(text):
    """Words only, person words taken out: two phrasings that differ in a pronoun or a comma are one."""
    return " ".join(re.findall(r"[a-z0-9']+", re.sub(r"\{\w+\}", " ", text.lower())))


def value_file(value):
    return ROOT / "values" / f"{value.replace(' ', '_')}.yaml"


FILES = sorted(ROOT.rglob("*.yaml"), key=str)


def test_there_is_a_file_for_every_value_and_none_for_anything_else():
    assert {path.name for path in (ROOT / "values").iterdir()} == {value_file(v).name for v in ONTOLOGY.values}
    assert {path.stem.replace("_", " ") for path in (ROOT / "unseen").iterdir()} == set(UNSEEN_VALUES)


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_the_file_loads_and_every_phrase_has_words_and_only_known_placeholders(path):
    found = list(texts_in(read(path)))
    assert found
    for text in found:
        assert text.strip(), f"an empty phrase in {path.name}"
        names = {name[:1].lower() + name[1:] for name in re.findall(r"\{(\w*)\}", text)}
        assert names <= KNOWN_PLACEHOLDERS | SLOTS, text
        assert text.count("{") == text.count("}") == len(re.findall(r"\{\w+\}", text)), text


@pytest.mark.parametrize("value", ONTOLOGY.values)
def test_a_value_has_hundreds_of_phrasings_of_all_kinds(value):
    data = read(value_file(value))
    assert data["value"] == value
    assert set(data) == KINDS | {"value"}
    assert sum(len(data[kind]) for kind in KINDS) >= 200
    assert all(len(data[kind]) >= 4 for kind in KINDS)


@pytest.mark.parametrize("split", SPLITS)
def test_every_value_has_all_kinds_in_every_split(split):
    bank = load_phrase_bank(split)
    assert not [(v, k) for v in ONTOLOGY.values for k in KINDS if not bank.has(v, k)]
    assert not [name for held in (bank.frames, bank.acts) for name, phrases in held.items() if not phrases]
    assert set(bank.system["suggest"]) == set(bank.system["done_value"]) == set(ONTOLOGY.values)
    assert set(bank.system["request"]) == set(ONTOLOGY.slots)
    assert set(bank.system) >= ACTS


def phrases_of(split):
    bank = load_phrase_bank(split)
    for value, kinds in bank.values.items():
        for kind, phrases in kinds.items():
            yield from ((value, kind, phrase) for phrase in phrases)
    for name, held in (("frame", bank.frames), ("act", bank.acts)):
        for kind, phrases in held.items():
            yield from ((name, kind, phrase) for phrase in phrases)


@pytest.mark.parametrize(("one", "other"), list(combinations(SPLITS, 2)))
def test_splits_share_no_phrase_of_the_same_kind(one, other):
    assert not set(phrases_of(one)) & set(phrases_of(other))


@pytest.mark.parametrize(("one", "other"), list(combinations(SPLITS, 2)))
def test_splits_share_no_scene_and_no_value_outside_the_ontology(one, other):
    first, second = load_phrase_bank(one), load_phrase_bank(other)
    assert not {s["turns"][0]["user"] for s in first.scenes} & {s["turns"][0]["user"] for s in second.scenes}
    assert not set(first.extra) & set(second.extra)


@pytest.mark.parametrize("kinds", [("sentence", "verb", "short", "noun", "look"), ("remove",)])
def test_no_phrase_asks_for_two_values(kinds):
    owners = defaultdict(set)
    for value in (*ONTOLOGY.values, *UNSEEN_VALUES):
        path = value_file(value) if value in ONTOLOGY.values else ROOT / "unseen" / value_file(value).name
        data = read(path)
        for kind in kinds:
            for phrase in data.get(kind, ()):
                owners[plain(phrase)].add(value)
    assert not {phrase: found for phrase, found in owners.items() if len(found) > 1}


def test_no_value_says_a_phrase_of_one_kind_twice():
    doubled = {}
    for value in ONTOLOGY.values:
        data = read(value_file(value))
        for kind in KINDS:
            counts = Counter(phrase.strip().lower() for phrase in data[kind])
            doubled |= {(value, kind, phrase): n for phrase, n in counts.items() if n > 1}
    assert not doubled


def test_no_user_act_means_two_things():
    acts = read(ROOT / "acts.yaml")
    meanings = {"accept": "yes", "decline": "no", "answer_no": "no", "undo_last": "undo", "start_over": "reset"}
    meanings |= dict.fromkeys(("thanks", "praise", "question", "small_talk", "filler"), "chat")
    owners = defaultdict(set)
    for kind, meaning in meanings.items():
        for phrase in acts[kind]:
            owners[phrase.strip().lower().rstrip(".!")].add(meaning)
    assert not {phrase: found for phrase, found in owners.items() if len(found) > 1}


@pytest.mark.parametrize(
    "kind", ["verb", "noun", "look", "accept_with", "decline_with", "answer", "exchange", "keep_with"]
)
def test_every_carrier_has_exactly_one_place_for_its_request(kind):
    frames, acts = read(ROOT / "frames.yaml"), read(ROOT / "acts.yaml")
    for template in frames.get(kind) or acts[kind]:
        places = re.findall(r"\{(verb|noun|look|short|Verb|Noun|Look|Short)\}", template)
        assert len(places) == 1, template


@pytest.mark.parametrize("person", ["woman", "man", "neutral", "self"])
def test_every_phrase_can_be_said_about_everyone(person):
    slots = dict.fromkeys(SLOTS, "x")
    for path in FILES:
        for text in texts_in(read(path)):
            assert "{" not in fill(text, person, **slots)


SCENES = [(path.stem, i, scene) for path in sorted((ROOT / "scenes").iterdir()) for i, scene in enumerate(read(path))]


def test_scenes_obey_the_rules():
    for name, number, scene in SCENES:
        dialogue = scene_dialogue({**scene, "id": f"{name}-{number}"}, "x", random.Random(0))
        assert len(dialogue.turns) >= 2
        assert scene["person"] in {"woman", "man", "self", "neutral"}
        assert len(scene["attributes"]) == len(dialogue.attributes), f"{name}-{number}: an unknown attribute"


def test_no_scene_asks_twice_in_one_turn_for_the_same_change():
    for name, number, scene in SCENES:
        for turn in scene["turns"]:
            assert len(set(turn["update"])) == len(turn["update"]), f"{name}-{number}"


def test_a_beard_in_the_photo_of_nobody_in_particular_makes_it_a_mans():
    scene = {
        "id": "x",
        "person": "self",
        "attributes": ["goatee"],
        "turns": [{"user": "blond", "update": ["+blond hair"], "system": "Done.", "act": "next"}],
    }
    captions = {scene_dialogue(scene, "x", random.Random(seed)).caption for seed in range(20)}
    assert all(" man." in caption for caption in captions)


@pytest.mark.parametrize(
    ("update", "reason"), [(["-bangs"], "turn 1: '-bangs' does not apply"), (["+curls"], "curls"), (["bangs"], "apply")]
)
def test_a_scene_that_breaks_the_rules_is_refused(update, reason):
    turn = {"user": "hi", "update": update, "system": "Done.", "act": "next"}
    scene = {"id": "x", "person": "woman", "attributes": [], "turns": [turn]}
    with pytest.raises((ValueError, UnknownValue), match=reason):
        scene_dialogue(scene, "x", random.Random(0))


def shared_examples():
    folder = os.environ.get("CHATEDIT_SHARED")
    path = Path(folder) / "dialogues" / "examples.jsonl" if folder else None
    if path is None or not path.exists():
        pytest.skip("CHATEDIT_SHARED names no folder with dialogues/examples.jsonl")
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]


def test_no_phrase_is_one_of_the_dialogues_for_judging():
    judged = {plain(turn["user"]) for dialogue in shared_examples() for turn in dialogue["turns"]}
    judged = {text for text in judged if len(text.split()) > 4}  # "yes please" belongs to everyone
    slots = dict.fromkeys(SLOTS, "x")
    phrases = [text for path in FILES for text in texts_in(read(path))]
    ours = {plain(fill(text, person, **slots)): text for text in phrases for person in ("woman", "man", "self")}
    assert not {text: ours[text] for text in judged & set(ours)}
