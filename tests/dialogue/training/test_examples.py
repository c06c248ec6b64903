import random
from dataclasses import replace

import pytest
from chatedit.dialogue import formats
from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn
from chatedit.dialogue.errors import DataNotReadable, NothingToLearn
from chatedit.dialogue.formats import PAPER_PROMPTS
from chatedit.dialogue.ontology import ONTOLOGY
from chatedit.dialogue.training.auxiliary import IGNORED
from chatedit.dialogue.training.examples import ADD, DROP, Example, Mixture, batches, examples

DIALOGUE = Dialogue(
    "1",
    "This is a photo of a man.",
    ("smiling",),
    (
        Turn(
            "bangs and a frown",
            from_values(["bangs", "sad"]),
            "Done. Gray?",
            Act("suggest", "hair color", "gray hair"),
            "request",
        ),
        Turn(
            "no bangs, sorry, and gray yes", from_values(["sad", "gray hair"]), "Done. More?", Act("next"), "exchange"
        ),
        Turn("start again", EMPTY, "Here is the original.", Act("next"), "start over"),
    ),
)


def made(mixture, dialogue=DIALOGUE):
    return list(examples([dialogue], PAPER_PROMPTS, mixture, random.Random(0)))


def test_every_turn_gives_its_update_and_no_more():
    found = made(Mixture(response=0.0))
    assert [e.target for e in found] == ["add sad, add bangs", "drop bangs, add gray hair", "start over"]
    assert {e.task for e in found} == {"state"}


def test_labels_say_what_the_turn_does_to_each_value():
    labels = [dict(zip(ONTOLOGY.values, e.labels[:-1], strict=True)) for e in made(Mixture(response=0.0))]
    assert {v for v, label in labels[0].items() if label == ADD} == {"bangs", "sad"}
    assert {v: label for v, label in labels[1].items() if label} == {"bangs": DROP, "gray hair": ADD}
    assert {v for v, label in labels[2].items() if label == DROP} == {"sad", "gray hair"}


def test_picked_changes_are_tokens():
    found = made(Mixture(state_format="picks", response=0.0))
    assert [e.target for e in found] == ["<+sad> <+bangs>", "<-bangs> <+gray hair>", "<start over>"]


def test_taking_the_only_value_back_is_no_reset():
    turns = (DIALOGUE.turns[0], Turn("neither, thanks", EMPTY, "As you like.", Act("next"), "undo last"))
    one_value = (replace(DIALOGUE.turns[0], state=from_values(["bangs"])), replace(turns[1], kind="scene"))
    assert made(Mixture(response=0.0), replace(DIALOGUE, turns=turns))[1].target == "drop sad, drop bangs"
    assert made(Mixture(response=0.0), replace(DIALOGUE, turns=one_value))[1].target == "drop bangs"


def test_the_history_format_asks_for_the_whole_state_from_the_whole_dialogue():
    last = made(Mixture(state_format="history", response=0.0))[1]
    assert formats.parse_state(last.target) == from_values(["sad", "gray hair"])
    assert "bangs and a frown" in last.body


def test_responses_have_act_and_words():
    found = [e for e in made(Mixture(response=1.0)) if e.task == "response"]
    assert [formats.parse_response(e.target)[0].type for e in found] == ["suggest", "next", "next"]
    assert all("This is a photo of a man." in e.prefix for e in found)


def questions(dialogue, **more):
    rng = random.Random(0)
    asked = Mixture(response=0.0, question=1.0)
    return [
        e for _ in range(20) for e in examples([dialogue], PAPER_PROMPTS, asked, rng, **more) if e.task == "question"
    ]


def test_questions_ask_what_the_turn_does_to_a_value():
    found = {(e.prefix.split("? <")[0].rpartition(": ")[2], e.target) for e in questions(DIALOGUE)}
    assert {
        ("what is the expression? sad", "add"),
        ("what is the hair? bangs", "drop"),
        ("what is the hair color? gray hair", "add"),
        ("what is the hair color? gray hair", "drop"),
    } <= found
    assert {target for _, target in found} == {"add", "drop", "nothing"}


def test_labels_of_a_question_hold_its_answer_and_those_of_the_turn():
    found = [e for e in questions(DIALOGUE) if "? gray hair?" in e.prefix]
    assert {(e.labels[-1], e.target) for e in found} >= {(ADD, "add"), (DROP, "drop")}
    turns = {e.labels[:-1] for e in made(Mixture(response=0.0))}
    assert {e.labels[:-1] for e in found} <= turns
    assert {e.labels[-1] for e in made(Mixture(response=0.0))} == {IGNORED}


def test_values_outside_the_ontology_are_asked_about_and_change_nothing_within():
    pink = {"hair color": frozenset({"pink hair"})}
    turn = replace(DIALOGUE.turns[0], user="pink!", state=pink)
    dialogue = replace(DIALOGUE, turns=(turn,))
    assert [e.target for e in made(Mixture(response=0.0), dialogue)] == ["nothing"]
    found = questions(dialogue, doubted=[("hair color", "green hair")])
    assert {e.target for e in found if "pink hair?" in e.prefix} == {"add"}
    assert {e.target for e in found if "green hair?" in e.prefix} == {"nothing"}


def test_a_value_from_outside_drops_the_one_whose_place_it_takes():
    blond = replace(DIALOGUE.turns[0], user="blond!", state=from_values(["blond hair", "bangs"]))
    pink = replace(blond, user="no, pink!", state={**blond.state, "hair color": frozenset({"pink hair"})})
    back = replace(blond, user="blond after all")
    found = made(Mixture(response=0.0), replace(DIALOGUE, turns=(blond, pink, back)))
    assert [e.target for e in found] == ["add blond hair, add bangs", "drop blond hair", "add blond hair"]
    assert "pink" not in found[2].prefix.partition("; last:")[0]


def test_a_request_shown_alone_has_lost_the_dialogue_before_it():
    second = replace(DIALOGUE.turns[1], user="gray", state=from_values(["bangs", "sad", "gray hair"]), kind="request")
    alone = made(Mixture(response=0.0, alone=1.0), replace(DIALOGUE, turns=(DIALOGUE.turns[0], second)))[1]
    assert "Done." not in alone.body
    assert "bangs" not in alone.prefix
    assert alone.target == "add gray hair"


def test_batches_are_full_and_use_no_example_twice():
    pool = [Example("state", "p", "x" * (i % 37), str(i)) for i in range(300)]
    drawn = list(batches(pool, 8, random.Random(0)))
    assert drawn
    assert all(len(batch) == 8 for batch in drawn)
    targets = [e.target for batch in drawn for e in batch]
    assert len(set(targets)) == len(targets)


def test_few_examples_are_learned_from_too():
    pool = [Example("state", "p", "x", str(i)) for i in range(20)]
    assert [len(batch) for batch in batches(pool, 8, random.Random(0))] == [8, 8]
    assert [len(batch) for batch in batches(pool[:3], 8, random.Random(0))] == [3]


def test_no_example_at_all_is_refused():
    with pytest.raises(NothingToLearn):
        next(batches([], 8, random.Random(0)))


def test_a_dialogue_without_annotation_is_refused_by_name():
    with pytest.raises(DataNotReadable, match="dialogue 1: training needs a state"):
        made(Mixture(), replace(DIALOGUE, turns=(Turn("bangs"),)))
