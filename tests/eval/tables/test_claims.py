from chatedit.eval.dialogue_scores import Spread
from chatedit.eval.tables.claims import claims, label
from chatedit.eval.tables.results import Results, are_apart
from chatedit.eval.tables.row import MULTI, SINGLE
from chatedit.eval.tables.scores import RowScores, TurnScores
from chatedit.eval.tables.text import all_tables


def scores(fd, avg_rel, present=0.9):
    turn = TurnScores(4, present, 0.8, 0.05, 0.9)
    return RowScores(fd, 0.4, 0.2, avg_rel, None, None, turn, (turn,))


def results(**changes):
    images = {
        SINGLE: [scores(42.0, 0.30, 0.7), scores(44.0, 0.34, 0.72)],
        MULTI: [scores(40.0, 0.31), scores(40.2, 0.33)],
    }
    fields = {"source": {}, "settings": {}, "suffix": "-portraits", "images": images, "dialogue": [], "statistics": {}}
    return Results(**{**fields, "tracking": {"out of domain": (0.6, 10)}, "figures": {}, **changes})


def holding(found):
    return {claim.text.rsplit(": ", 1)[-1]: claim.holds for claim in claims(found)}


def test_a_claim_holds_where_the_better_mean_lies_outside_both_spreads():
    found = holding(results())
    assert found["FD-portraits"]  # 40.1 ± 0.14 against 43 ± 1.41
    assert not found["AvgRel-portraits"]  # equal means
    assert found["present"]
    assert not found["identity"]  # equal


def test_out_of_domain_tracking_is_held_against_the_papers_share():
    assert holding(results())["out-of-domain tracking reaches 58.9 %"]
    assert not holding(results(tracking={"out of domain": (0.5, 10)}))["out-of-domain tracking reaches 58.9 %"]


def test_one_seed_has_no_spread_and_proves_no_claim_about_intervals():
    one = results(images={SINGLE: [scores(42.0, 0.30)], MULTI: [scores(40.0, 0.31)]})
    assert list(holding(one)) == ["out-of-domain tracking reaches 58.9 %"]
    tables = {table.title: table for table in all_tables(one)}
    assert tables["What of the paper holds here"].rows[0][1] == "not known"
    found = next(table for title, table in tables.items() if title.startswith("Table 5: "))
    assert found.rows[0][1] == "42.000"
    assert "one seed" in found.note


def test_touching_intervals_are_not_apart():
    assert not are_apart(Spread(1.0, 0.5), Spread(2.0, 0.5))
    assert are_apart(Spread(1.0, 0.4), Spread(2.0, 0.5))


def test_published_names_are_for_published_metrics_only():
    assert label("fd", "") == "FID"
    assert label("fd", "-portraits") == "FD-portraits"
    assert label("pd", "") == "LPIPS"


def test_every_number_stands_beside_the_papers():
    table = next(table for table in all_tables(results()) if table.title.startswith("Table 5: "))
    row = dict(zip(table.header, table.rows[0], strict=True))
    assert row[""] == SINGLE
    assert row["FD-portraits ↓"] == "43.000 ± 1.414"
    assert row["paper: FID"] == "41.451 ± 0.176"


def test_results_survive_their_file():
    found = results()
    assert Results.from_json(found.to_json()) == found
