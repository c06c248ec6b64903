from chatedit.dialogue import belief_state
from chatedit.dialogue.belief_state import NO_CHANGE, from_values
from chatedit.dialogue.contexts import context_at
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn
from chatedit.dialogue.prediction import predict
from chatedit.dialogue.protocols import Reply, Tracked


class AddsWhatIsNamed:
    """A scripted model: an utterance is the value that it adds; `mumble` cannot be read."""

    def __init__(self):
        self.contexts = []

    def __call__(self, contexts, attributes):
        self.contexts += contexts
        return [(self._tracked(c), Reply(Act("next"), f"Reply to {c.user}.")) for c in contexts]

    def _tracked(self, context):
        if context.user == "mumble":
            return Tracked(context.state, error="mumbled")
        slot = belief_state.from_values([context.user])
        return Tracked(belief_state.add(context.state, next(iter(slot)), context.user))


def dialogue(name, *users, system=None):
    return Dialogue(name, "", (), tuple(Turn(user, from_values(["angry"]), system) for user in users))


def test_the_models_own_states_are_carried_and_never_the_annotated_ones():
    (prediction,) = predict([dialogue("a", "bangs", "lipstick")], AddsWhatIsNamed())
    assert prediction.states == (from_values(["bangs"]), from_values(["bangs", "lipstick"]))


def test_a_turn_that_cannot_be_read_is_none_and_the_state_before_it_is_carried_on():
    (prediction,) = predict([dialogue("a", "bangs", "mumble", "sad")], AddsWhatIsNamed())
    assert prediction.states == (from_values(["bangs"]), None, from_values(["bangs", "sad"]))


def test_system_turns_come_from_the_file_where_it_has_them_and_else_from_the_model():
    model = AddsWhatIsNamed()
    predict([dialogue("a", "bangs", "sad", system="From the file.")], model)
    assert model.contexts[-1].exchanges == (("bangs", "From the file."),)
    predict([dialogue("a", "bangs", "sad")], model)
    assert model.contexts[-1].exchanges == (("bangs", "Reply to bangs."),)


def test_dialogues_of_different_lengths_in_one_batch_equal_dialogues_alone():
    dialogues = [dialogue("a", "bangs"), dialogue("b", "sad", "lipstick", "goatee"), dialogue("c", "mumble", "sad")]
    together = predict(dialogues, AddsWhatIsNamed(), batch_size=8)
    assert together == [p for d in dialogues for p in predict([d], AddsWhatIsNamed())]


def test_every_turn_is_counted_once():
    counted = []
    predict([dialogue("a", "bangs"), dialogue("b", "sad", "lipstick")], AddsWhatIsNamed(), on_turn=counted.append)
    assert sum(counted) == 3


def test_the_context_of_a_turn_knows_what_the_turn_before_changed():
    states = [from_values(["bangs"]), from_values(["bangs", "sad"])]
    context = context_at(dialogue("a", "bangs", "sad", "undo that"), 2, states, ["One.", "Two."])
    assert context.last_update.added == (("expression", "sad"),)
    assert context.state == states[1]
    assert context_at(dialogue("a", "bangs"), 0, [], []).last_update == NO_CHANGE


def test_repaired_replies_are_told():
    repaired = lambda contexts, _: [(Tracked(c.state), Reply(Act("next"), "Hm.", c.user == "x")) for c in contexts]  # noqa: E731
    assert predict([dialogue("a", "x", "y")], repaired)[0].repairs == (True, False)
