import csv
import io

import pytest
from chatedit.dialogue.belief_state import TurnUpdate, from_values
from chatedit.dialogue.dialogue_file import Act, Dialogue, Turn
from chatedit.eval.errors import ReviewRefused
from chatedit.eval.review import changes_text, export_csv, import_csv, read_changes, rows_of, write_rows
from hypothesis import given
from hypothesis import strategies as st
from small_dialogues import BLOND, STERN


def edited(**cells):
    """The table of BLOND and STERN with cells changed: `row_3={"correct": "x"}`, rows as a spreadsheet counts them."""
    rows = list(csv.DictReader(io.StringIO(export_csv([BLOND, STERN]))))
    for name, changes in cells.items():
        rows[int(name.removeprefix("row_")) - 2].update(changes)
    text = io.StringIO()
    table = csv.DictWriter(text, rows[0])
    table.writeheader()
    table.writerows(rows)
    return text.getvalue()


def test_a_turn_is_a_row_with_what_it_changes_and_the_state_after_it():
    rows = list(csv.DictReader(io.StringIO(export_csv([BLOND]))))
    assert [row["changes"] for row in rows] == ["add blond hair", "add bangs", "drop bangs"]
    assert rows[1]["requirements"] == "hair color: blond hair; hair: bangs"
    assert rows[0]["act"] == "suggest bangs"


def test_an_untouched_table_changes_nothing():
    result = import_csv(edited(), [BLOND, STERN])
    assert result == ([BLOND, STERN], 0, 0, 5)


def test_a_table_that_went_through_a_spreadsheet_is_read():
    table = "\ufeff" + edited(row_2={"correct": "✓"}).replace("\n", "\r\n")
    assert import_csv(table, [BLOND, STERN]).num_ticked == 1


def test_revised_words_are_taken_and_nothing_else_moves():
    result = import_csv(edited(row_2={"correct": "✗", "revised user": "blond, please"}), [BLOND, STERN])
    assert result.dialogues[0].turns[0].user == "blond, please"
    assert result.dialogues[0].turns[0].state == BLOND.turns[0].state
    assert result.dialogues[1] == STERN
    assert (result.num_ticked, result.num_revised, result.num_open) == (0, 1, 4)


def test_revised_changes_carry_through_to_the_states_after_them():
    table = edited(row_2={"correct": "x", "revised changes": "add black hair, add lipstick"})
    turns = import_csv(table, [BLOND, STERN]).dialogues[0].turns
    assert [turn.state for turn in turns] == [
        from_values(["black hair", "lipstick"]),
        from_values(["black hair", "lipstick", "bangs"]),
        from_values(["black hair", "lipstick"]),
    ]


def test_revised_system_words_and_act():
    cells = {"correct": "x", "revised system": "Done. Gray?", "revised act": "suggest pale skin"}
    turn = import_csv(edited(row_2=cells), [BLOND, STERN]).dialogues[0].turns[0]
    assert (turn.system, turn.act) == ("Done. Gray?", Act("suggest", "makeup", "pale skin"))


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({"row_3": {"correct": "✗", "revised changes": "nothing"}}, "row 4: 'drop bangs', but the state before"),
        ({"row_2": {"correct": "✗", "revised changes": "add curls"}}, "row 2: unknown value 'curls'"),
        ({"row_2": {"correct": "✗", "revised changes": "make her blond"}}, "row 2: 'make her blond' is none of"),
        ({"row_2": {"correct": "✗", "revised act": "suggest gray hair"}}, "row 2: the act 'suggest gray hair' repeats"),
        ({"row_2": {"correct": "✗", "revised act": "sing"}}, "row 2: unknown act 'sing'"),
        ({"row_2": {"correct": "✗"}}, "row 2: marked ✗, but nothing is revised"),
        ({"row_2": {"correct": "✓", "revised user": "blond"}}, "row 2: something is revised, but"),
        ({"row_2": {"correct": "perhaps"}}, "row 2: 'correct' holds 'perhaps'"),
        ({"row_2": {"user": "make her bald"}}, "row 2: the column 'user' was edited"),
        ({"row_5": {"dialogue": "nobody"}}, "row 5: there is no dialogue 'nobody'"),
        ({"row_5": {"turn": "9"}}, "row 5: dialogue stern has turns 1 to 2, not '9'"),
        ({"row_3": {"turn": "1", "user": "make her blond"}}, "row 3: turn 1 of blond comes twice"),
    ],
)
def test_a_row_that_breaks_the_rules_is_refused_by_number_and_reason(cells, reason):
    with pytest.raises(ReviewRefused) as refused:
        import_csv(edited(**cells), [BLOND, STERN])
    assert reason in str(refused.value)


def test_all_problems_are_told_at_once():
    table = edited(row_2={"correct": "perhaps"}, row_5={"correct": "✗"})
    with pytest.raises(ReviewRefused) as refused:
        import_csv(table, [BLOND, STERN])
    assert "row 2" in str(refused.value)
    assert "row 5" in str(refused.value)


def test_a_table_without_the_columns_is_refused():
    with pytest.raises(ReviewRefused, match="row 1: no column 'dialogue'"):
        import_csv("a,b\n1,2\n", [BLOND])


@given(st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\x00\r"), min_size=1))
def test_texts_survive_the_way_there_and_back_and_none_is_a_formula(text):
    dialogue = Dialogue("d", text, (), (Turn(text, from_values(["bangs"]), text, Act("next")),))
    table = export_csv([dialogue])
    assert import_csv(table, [dialogue]).dialogues == [dialogue]
    cells = list(csv.reader(io.StringIO(table)))[1]
    assert not [cell for cell in cells if cell.startswith(("=", "+", "-", "@"))]


@given(st.lists(st.sampled_from(["blond hair", "bangs", "pink hair"]), unique=True), st.booleans())
def test_changes_round_trip_with_values_outside_the_ontology_too(values, is_reset):
    slots = {"blond hair": "hair color", "bangs": "hair", "pink hair": "hair color"}
    update = TurnUpdate(tuple((slots[v], v) for v in values), (("hair", "curls"),), is_reset)
    assert read_changes(changes_text(update)) == update


def test_a_value_taken_back_leaves_what_a_reviewer_added():
    dialogue = Dialogue(
        "d", "", (), (Turn("bangs and a smile", from_values(["bangs"]), kind="request"),
                      Turn("no bangs", from_values([]), kind="undo named")),
    )  # fmt: skip
    rows = rows_of(dialogue)
    assert rows[1]["changes"] == "drop bangs"
    rows[0] |= {"correct": "✗", "revised changes": "add bangs, add smiling"}
    (mended,) = import_csv(write_rows(rows), [dialogue]).dialogues
    assert mended.turns[1].state == from_values(["smiling"])
