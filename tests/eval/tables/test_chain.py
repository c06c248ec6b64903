from dataclasses import replace

import pytest
from chatedit.dialogue.belief_state import from_values
from chatedit.editing.pack import load_pack
from chatedit.eval.tables.chain import Chain, missing, run_chains
from chatedit.eval.tables.edit_store import EditRequest, EditStore
from chatedit.eval.tables.editor import EditorConfig, Editors
from chatedit.eval.tables.wish import Wish
from chatedit.tools.samples import draw_portrait
from tables_pack import write_quick_pack

BLOND, BANGS = (Wish.of(from_values(values)) for values in (["blond hair"], ["blond hair", "bangs"]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("chains")


@pytest.fixture(scope="module")
def pack(folder):
    return load_pack(write_quick_pack(folder))


@pytest.fixture(scope="module")
def picture():
    return draw_portrait(["brown hair", "no bangs"], "woman", 3, 128)


@pytest.fixture(scope="module")
def store(pack, folder):
    return EditStore(folder / "edits", pack)


@pytest.fixture(scope="module")
def chains(pack, picture):
    wishes = (Wish(), BLOND, Wish(), BANGS, Wish(texts=("add a fringe",)))
    return [Chain(picture, wishes, pack.preset("fast"), 0, is_cascade) for is_cascade in (False, True)]


@pytest.fixture(scope="module")
def pictures(chains, pack, store, folder):
    with Editors(EditorConfig(str(pack.folder), folder / "edits"), 1) as editors:
        return run_chains(chains, editors, store)


def test_a_turn_without_a_wish_shows_the_original_or_the_cascades_last_picture(pictures, picture):
    multi, cascade = pictures
    assert multi[0] == cascade[0] == picture
    assert multi[2] == picture
    assert cascade[2] == cascade[1]


def test_both_ways_begin_with_the_same_edit_and_part_later(pictures):
    multi, cascade = pictures
    assert multi[1] == cascade[1] != multi[0]
    assert multi[3] != cascade[3]


def test_words_are_edited_towards_as_they_were_said(pictures):
    assert pictures[0][4] not in pictures[0][:4]


def test_a_second_run_edits_nothing_and_hears_of_every_turn(chains, pictures, pack, store, folder):
    done = []
    nobody = Editors(EditorConfig(str(pack.folder), folder / "edits"), 1)  # not entered: it would refuse to edit
    assert run_chains(chains, nobody, store, done.append) == pictures
    assert sum(done) == 10


def test_only_what_nobody_has_done_is_missing_also_of_cascades(chains, pictures, store, picture):
    assert missing(chains, store) == []
    multi, cascade = chains
    sad = Wish.of(from_values(["sad"]))
    assert [r.wish for r in missing([replace(multi, wishes=(BLOND, sad, BANGS))], store)] == [sad]
    behind = missing([replace(cascade, wishes=(BLOND, sad, BANGS))], store)
    assert [(r.wish, r.picture) for r in behind] == [(sad, pictures[1][1]), (BANGS, pictures[1][1])]


def test_what_changes_a_picture_changes_its_key(pack, store, picture):
    preset = pack.preset("fast")
    request = EditRequest(picture, BLOND, preset)
    others = [
        EditRequest(picture + b"\0", BLOND, preset),
        EditRequest(picture, BANGS, preset),
        EditRequest(picture, BLOND, preset.without("identity")),
        EditRequest(picture, Wish(texts=("blond hair",)), preset),
    ]
    assert len({store.key(one) for one in [request, *others]}) == 5
    assert store.key(EditRequest(picture, BLOND, preset, seed=7)) == store.key(request)  # without noise seeds are equal
