from chatedit.dialogue.belief_state import EMPTY, from_values
from chatedit.dialogue.formats import Context
from chatedit.dialogue.keywords import KeywordTracker
from chatedit.dialogue.protocols import Tracked
from chatedit.dialogue.single_turn import SingleTurnTracker

ASKED = Context("photo", (("hello", "How about lipstick?"),), "yes, and bangs", from_values(["sad"]))


class Listener:
    """Remembers what it is shown; cannot read the word "noise"."""

    def __init__(self):
        self.shown = []

    def track(self, contexts):
        self.shown += contexts
        return [Tracked(c.state, error="noise" if c.user == "noise" else "") for c in contexts]


def test_the_other_tracker_sees_the_new_words_only():
    listener = Listener()
    SingleTurnTracker(listener).track([ASKED])
    assert listener.shown == [Context("photo", (), "yes, and bangs", EMPTY)]


def test_what_the_words_ask_for_comes_on_top_and_what_needs_the_conversation_is_lost():
    [tracked] = SingleTurnTracker(KeywordTracker()).track([ASKED])
    assert tracked.state == from_values(["sad", "bangs"])  # no lipstick
    assert tracked.update.added == (("hair", "bangs"),)


def test_nothing_is_taken_back_but_by_its_opposite():
    tracker = SingleTurnTracker(KeywordTracker())
    contexts = [
        Context("", (), words, from_values(["bangs"])) for words in ("undo the bangs", "no bangs", "start over")
    ]
    assert [t.state for t in tracker.track(contexts)] == [from_values([v]) for v in ("bangs", "no bangs", "bangs")]


def test_what_cannot_be_read_keeps_the_state():
    [tracked] = SingleTurnTracker(Listener()).track([Context("", (), "noise", from_values(["sad"]))])
    assert tracked == Tracked(from_values(["sad"]), error="noise")
