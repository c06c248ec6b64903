import json

import pytest
from chatedit.eval.human.errors import PairsNotReadable
from chatedit.eval.human.pairs import fingerprint, pairs_of_runs, read_pairs
from chatedit.tools.store import Store
from PIL import Image
from small_study import SAID, write_pairs


def write_run(folder, tint, said=SAID, photo=0, names=("a", "b")):
    """The output of `chatedit run` that matters: results, and the store they refer to."""
    folder.mkdir()
    store = Store(folder / "home" / "pictures")

    def picture(number):
        path = folder / f"{number}.png"
        Image.new("RGB", (8, 8), (number, tint, 0)).save(path)
        return store.put_image(path.read_bytes())

    Image.new("RGB", (8, 8), (photo, photo, photo)).save(folder / "photo.png")
    original = store.put_image((folder / "photo.png").read_bytes())
    turns = [{"user": words, "system": f"{tint}", "picture": picture(n)} for n, words in enumerate(said)]
    results = [{"id": name, "photo": original, "turns": turns} for name in names]
    (folder / "results.jsonl").write_text("".join(json.dumps(r) + "\n" for r in results))
    return folder


def test_two_runs_become_pairs_with_their_pictures(tmp_path):
    one, other = write_run(tmp_path / "one", 10), write_run(tmp_path / "other", 20, names=("b", "c"))
    assert pairs_of_runs(one, other, ("ours", "theirs"), tmp_path / "out") == 1
    [pair] = read_pairs(tmp_path / "out" / "pairs.jsonl")
    assert (pair.id, pair.utterances) == ("b", SAID)
    assert (pair.one.system, pair.other.system) == ("ours", "theirs")
    assert [turn.response for turn in pair.other.turns] == ["20", "20"]
    with Image.open(pair.other.turns[1].picture) as picture:
        assert picture.getpixel((0, 0)) == (1, 20, 0)
    with Image.open(pair.photo) as picture:
        assert picture.getpixel((0, 0)) == (0, 0, 0)


def test_replies_may_hold_line_separators(tmp_path):
    one, other = write_run(tmp_path / "one", 10), write_run(tmp_path / "other", 20)
    results = other / "results.jsonl"
    results.write_text(results.read_text().replace('"system": "20"', '"system": "20\u2028more"'), encoding="utf-8")
    pairs_of_runs(one, other, ("ours", "theirs"), tmp_path / "out")
    assert read_pairs(tmp_path / "out" / "pairs.jsonl")[0].other.turns[0].response == "20\u2028more"


def test_dialogues_whose_picture_was_refused_are_left_out(tmp_path):
    one, other = write_run(tmp_path / "one", 10), write_run(tmp_path / "other", 20)
    refused = {"id": "a", "error": {"type": "NotAnImage", "message": "no picture"}, "states": [None], "responses": [""]}
    results = other / "results.jsonl"
    results.write_text(json.dumps(refused) + "\n" + results.read_text().split("\n")[1])
    assert pairs_of_runs(one, other, ("ours", "theirs"), tmp_path / "out") == 1


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        ({"names": ("z",)}, "shares no dialogue"),
        ({"said": ("make her blond", "no, red")}, "does not say the same"),
        ({"photo": 9}, "the photo of dialogue 'a'"),
    ],
)
def test_runs_that_do_not_fit_are_refused(tmp_path, other, reason):
    one, bad = write_run(tmp_path / "one", 10), write_run(tmp_path / "other", 20, **other)
    with pytest.raises(PairsNotReadable, match=reason):
        pairs_of_runs(one, bad, ("ours", "theirs"), tmp_path / "out")


def test_a_folder_without_results_is_refused(tmp_path):
    with pytest.raises(PairsNotReadable, match="no results of `chatedit run`"):
        pairs_of_runs(tmp_path, tmp_path, ("ours", "theirs"), tmp_path / "out")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda r: r.pop("photo"), "missing field 'photo'"),
        (lambda r: r.update(photo="none.png"), "there is no picture"),
        (lambda r: r["user"].pop(), "as many turns"),
        (lambda r: r["other"].update(system="ours"), "two systems"),
        (lambda r: r.update(id="photo-1"), "same id"),
    ],
)
def test_a_pair_that_cannot_be_shown_is_refused(tmp_path, change, reason):
    path = write_pairs(tmp_path)
    first, *rest = path.read_text().splitlines()
    record = json.loads(first)
    change(record)
    path.write_text("\n".join([json.dumps(record), *rest]))
    with pytest.raises(PairsNotReadable, match=reason):
        read_pairs(path)


def test_the_fingerprint_changes_with_what_is_seen(tmp_path):
    path = write_pairs(tmp_path)
    before = fingerprint(read_pairs(path))
    Image.new("RGB", (64, 64)).save(tmp_path / "0.png")
    assert fingerprint(read_pairs(path)) != before
