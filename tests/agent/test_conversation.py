import pytest
from chatedit.agent.errors import NothingToRedo, NothingToUndo, UnknownThread, UnknownVersion
from chatedit.tools.errors import EditCancelled, InvalidBeliefState
from langchain_core.messages import HumanMessage
from one_conversation import Setup
from scripted import Diverged


def states(setup: Setup) -> tuple:
    state = setup.talk.state("t")
    return state["belief_state"], state["picture"], state["head"], state["redo"]


def test_undo_and_redo_by_words_edit_nothing(setup: Setup):
    first = setup.talk.say("t", "add blond hair")
    second = setup.talk.say("t", "add lipstick")
    assert setup.talk.say("t", "undo").picture == first.picture
    assert setup.talk.say("t", "redo").picture == second.picture
    assert len(setup.editor.requests) == 2


def test_words_and_api_lead_to_the_same_state(setup: Setup):
    for utterance in ("add blond hair", "add lipstick", "add bangs"):
        setup.talk.say("t", utterance)
    by_words = []
    for words in ("undo twice", "redo", "go back to version 3"):
        setup.talk.say("t", words)
        by_words.append(states(setup))
    by_api = []
    for move in (lambda: setup.talk.undo("t", 2), lambda: setup.talk.redo("t"), lambda: setup.talk.go_to("t", 3)):
        move()
        by_api.append(states(setup))
    assert by_words == by_api


def test_undo_skips_small_talk(setup: Setup):
    setup.talk.say("t", "add lipstick")
    setup.talk.say("t", "hello")
    assert setup.talk.undo("t").turn["version"] == 0


def test_the_next_turn_after_an_undo_knows_nothing_of_what_was_undone(setup: Setup):
    setup.talk.say("t", "add blond hair")
    setup.talk.say("t", "add lipstick")
    setup.talk.undo("t")
    answer = setup.talk.say("t", "add bangs")
    assert answer.turn["belief_state"] == {"hair color": ["blond hair"], "hair": ["bangs"]}
    assert [user for user, _ in setup.model.contexts[-1].exchanges] == ["add blond hair"]
    with pytest.raises(NothingToRedo):
        setup.talk.redo("t")


def test_a_move_by_api_forks_the_history_of_the_graph(setup: Setup):
    setup.talk.say("t", "add blond hair")
    config = {"configurable": {"thread_id": "t"}}
    graph = setup.talk._graph
    version_1 = graph.get_state(config).config["configurable"]["checkpoint_id"]
    setup.talk.say("t", "add lipstick")
    setup.talk.go_to("t", 1)
    parent = graph.get_state(config).parent_config
    assert parent["configurable"]["checkpoint_id"] == version_1


def test_langgraphs_own_time_travel_makes_a_branch(setup: Setup):
    setup.talk.say("t", "add blond hair")
    graph = setup.talk._graph
    past = graph.get_state({"configurable": {"thread_id": "t"}}).config
    setup.talk.say("t", "add lipstick")
    state = graph.invoke({"messages": [HumanMessage("add bangs")]}, past)
    assert state["belief_state"] == {"hair color": ["blond hair"], "hair": ["bangs"]}


def test_two_ideas_from_one_turn_are_compared_and_one_is_kept(setup: Setup):
    setup.talk.say("t", "add lipstick")
    one, other = setup.talk.try_ideas("t", ["add blond hair", "add black hair"])
    assert setup.talk.state("t")["belief_state"] == {"makeup": ["lipstick"]}
    pair = setup.talk.say("t", "compare version 2 and version 3").comparison
    assert pair is not None
    assert [turn["image"] for turn in pair] == [one.picture, other.picture]
    kept = setup.talk.say("t", "keep the right one")
    assert kept.picture == other.picture
    assert setup.talk.say("t", "add bangs").turn["belief_state"] == {
        "hair color": ["black hair"],
        "hair": ["bangs"],
        "makeup": ["lipstick"],
    }


def test_start_over_keeps_every_version_reachable(setup: Setup):
    version = setup.talk.say("t", "add lipstick")
    setup.talk.start_over("t")
    assert setup.talk.state("t")["belief_state"] == {}
    assert setup.talk.go_to("t", 1).picture == version.picture


def test_moves_that_lead_nowhere_say_so(setup: Setup):
    with pytest.raises(NothingToUndo):
        setup.talk.undo("t")
    with pytest.raises(UnknownVersion, match="there are 0"):
        setup.talk.go_to("t", 7)
    assert "no version 7" in setup.talk.say("t", "go back to version 7").text
    assert "nothing to undo" in setup.talk.say("t", "undo").text
    assert "nothing to redo" in setup.talk.say("t", "redo").text
    assert "nothing to compare" in setup.talk.say("t", "compare").text
    assert setup.talk.say("t", "add lipstick").turn["version"] == 1
    setup.talk.say("t", "add bangs")
    assert "Only 2 steps can be undone" in setup.talk.say("t", "undo three times").text
    setup.talk.undo("t")
    assert "Only 1 step can be redone" in setup.talk.say("t", "redo twice").text


def test_a_move_that_leads_nowhere_shows_no_old_comparison(setup: Setup):
    setup.talk.say("t", "add lipstick")
    assert setup.talk.say("t", "compare").comparison is not None
    assert setup.talk.say("t", "go to version 7").comparison is None


def test_the_other_one_is_the_one_that_is_not_shown(setup: Setup):
    setup.talk.say("t", "add lipstick")
    setup.talk.say("t", "compare")
    assert setup.talk.say("t", "keep the other one").turn["version"] == 0
    setup.talk.say("t", "compare version 0 and version 1")
    assert setup.talk.say("t", "keep the other one").turn["version"] == 1


def test_ideas_lead_back_to_the_very_turn(setup: Setup):
    setup.talk.say("t", "add lipstick")
    stood = setup.talk.say("t", "hello").turn
    one, other = setup.talk.try_ideas("t", ["add blond hair", "hello again"])
    assert (one.turn["parent"], other.turn["parent"]) == (stood["id"], stood["id"])
    assert setup.talk.say("t", "add bangs").turn["parent"] == stood["id"]
    assert [user for user, _ in setup.model.contexts[-1].exchanges] == ["add lipstick", "hello"]


def test_a_cancelled_idea_is_the_last_one_tried(setup: Setup):
    def cancel(kind: str, _: dict) -> None:
        if kind == "track":
            setup.talk.cancel("t")

    [answer] = setup.talk.try_ideas("t", ["add blond hair", "add black hair"], cancel)
    assert answer.text.startswith("Cancelled")
    assert setup.talk.state("t")["head"] == 0


def test_a_listener_that_leaves_between_two_ideas_leaves_the_conversation_where_it_was(setup: Setup):
    starts = []

    def leave(kind: str, _: dict) -> None:
        if kind == "start":
            starts.append(kind)
            if len(starts) == 2:
                raise EditCancelled(0)

    with pytest.raises(EditCancelled):
        setup.talk.try_ideas("t", ["add blond hair", "add black hair"], leave)
    assert setup.talk.state("t")["head"] == 0


def test_a_message_id_makes_a_turn_idempotent(setup: Setup):
    one = setup.talk.say("t", "add lipstick", message_id="m1")
    setup.talk.say("t", "add bangs", message_id="m2")
    again = setup.talk.say("t", "add lipstick", message_id="m1")
    assert (again.text, again.picture) == (one.text, one.picture)
    assert len(setup.talk.history("t")) == 3


def test_an_answer_given_again_tells_nothing_of_now(setup: Setup):
    setup.talk.say("t", "add lipstick", message_id="m1")
    setup.talk.say("t", "compare")
    assert setup.talk.say("t", "add lipstick", message_id="m1").comparison is None
    setup.editor.fail = [Diverged()]
    assert setup.talk.say("t", "add bangs").error is not None
    assert setup.talk.say("t", "add lipstick", message_id="m1").error is None


def test_a_move_in_words_that_is_repeated_with_its_message_id_moves_once(setup: Setup):
    for utterance in ("add blond hair", "add lipstick"):
        setup.talk.say("t", utterance)
    first = setup.talk.say("t", "undo", message_id="a")
    again = setup.talk.say("t", "undo", message_id="a")
    assert (again.text, again.turn, again.is_changed) == (first.text, first.turn, False)
    pair = setup.talk.say("t", "compare", message_id="b")
    again = setup.talk.say("t", "compare", message_id="b")
    assert (again.text, again.comparison) == (pair.text, pair.comparison)
    setup.talk.say("t", "add bangs")
    assert setup.talk.say("t", "undo", message_id="b").turn["version"] == 1  # said anew, after a turn


def test_a_move_that_is_repeated_with_its_id_moves_once(setup: Setup):
    for utterance in ("add blond hair", "add lipstick"):
        setup.talk.say("t", utterance)
    assert setup.talk.undo("t", move_id="a").turn["version"] == 1
    assert setup.talk.undo("t", move_id="a").turn["version"] == 1
    assert setup.talk.undo("t", move_id="b").turn["version"] == 0


def test_threads_do_not_see_each_other(setup: Setup):
    setup.talk.say("t", "add lipstick")
    with pytest.raises(UnknownThread):
        setup.talk.say("other", "add bangs")
    with pytest.raises(UnknownThread):
        setup.talk.history("other")


def test_a_deleted_thread_is_gone(setup: Setup):
    setup.talk.say("t", "add lipstick")
    setup.talk.delete("t")
    with pytest.raises(UnknownThread):
        setup.talk.state("t")


def test_events_tell_of_nodes_and_progress(setup: Setup):
    events: list[str] = []
    setup.talk.say("t", "add lipstick", on_event=lambda kind, _: events.append(kind))
    assert events == ["start", "track", "progress", "progress", "edit", "gate", "respond"]


def test_a_turn_may_follow_any_turn_and_branches_off_there(setup: Setup):
    setup.talk.say("t", "add blond hair", message_id="a")
    setup.talk.say("t", "hello", message_id="b")
    setup.talk.say("t", "add lipstick", message_id="c")
    branched = setup.talk.say("t", "add bangs", message_id="d", after=2)
    assert (branched.turn["parent"], branched.turn["belief_state"]["hair"]) == (2, ["bangs"])
    assert "makeup" not in branched.turn["belief_state"]
    going_on = setup.talk.say("t", "add goatee", message_id="e", after=branched.turn["id"])
    assert going_on.turn["belief_state"]["hair"] == ["bangs", "goatee"]
    assert setup.talk.say("t", "add lipstick", message_id="c", after=2).turn["id"] == 3


def test_a_state_can_be_set_without_words(setup: Setup):
    setup.talk.say("t", "add blond hair")
    wanted = {"hair": ["bangs"], "makeup": ["lipstick"]}
    answer = setup.talk.set_state("t", wanted, message_id="m")
    assert answer.turn["belief_state"] == wanted
    assert answer.turn["user"] == "Take back blond hair. Bangs and lipstick, please."
    assert (answer.turn["version"], answer.is_changed) == (2, True)
    assert setup.editor.requests[-1].belief_state == wanted
    assert setup.talk.set_state("t", wanted, message_id="m").turn == answer.turn
    assert len(setup.editor.requests) == 2
    assert setup.talk.undo("t").turn["version"] == 1
    assert setup.talk.say("t", "add goatee").turn["belief_state"] == {"hair color": ["blond hair"], "hair": ["goatee"]}
    assert setup.talk.set_state("t", {}).turn["image"] == setup.talk.history("t")[0]["image"]


def test_a_state_that_contradicts_itself_is_refused(setup: Setup):
    with pytest.raises(InvalidBeliefState, match="exclude each other"):
        setup.talk.set_state("t", {"hair": ["bangs", "no bangs"]})
