import pytest
from chatedit.dialogue.belief_state import from_values
from chatedit.dialogue.dialogue_file import Act
from chatedit.eval.compare.turn_kinds import KINDS, kind_of, turn_kinds
from small_dialogues import BLOND, STERN

BANGS = Act("suggest", "hair", "bangs")
HAIR = Act("request", "hair")


@pytest.mark.parametrize(
    ("before", "after", "act", "kind"),
    [
        ([], ["bangs"], None, "asks for one value"),
        ([], ["bangs"], Act("next"), "asks for one value"),
        ([], ["bangs", "sad"], HAIR, "answers a question"),
        ([], ["sad"], HAIR, "asks for one value"),
        ([], ["bangs", "sad"], None, "asks for several values"),
        ([], ["bangs"], BANGS, "accepts a suggestion"),
        (["no bangs"], ["bangs", "sad"], BANGS, "accepts a suggestion and asks for more"),
        (["sad"], ["sad"], BANGS, "declines a suggestion"),
        (["sad"], ["sad"], HAIR, "changes nothing"),
        (["sad"], ["angry"], BANGS, "replaces a value"),
        (["no bangs", "sad"], ["bangs", "sad"], None, "replaces a value"),
        (["sad", "bangs"], ["sad"], None, "takes back"),
        (["sad", "bangs"], ["sad", "lipstick"], None, "takes back and asks for more"),
        (["sad", "bangs"], ["lipstick"], None, "takes back and asks for more"),
        (["sad", "bangs"], [], None, "starts over"),
    ],
)
def test_a_turn_is_named_by_what_it_does(before, after, act, kind):
    assert kind_of(from_values(before), from_values(after), act) == kind
    assert kind in KINDS


def test_all_turns_of_a_dialogue():
    assert turn_kinds(BLOND) == ["asks for one value", "accepts a suggestion", "takes back"]
    assert turn_kinds(STERN) == ["asks for several values", "starts over"]
