import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from chatedit.dialogue.belief_state import from_values
from chatedit.tools.editor import EditMetrics, EditOptions, EditResult, Inversion
from chatedit.tools.errors import StoreUnavailable, UnknownImage
from chatedit.tools.leases import FolderLeases
from chatedit.tools.store import Store, content_key, edit_key

RESULT = EditResult(b"png", np.arange(6, dtype=np.float32).reshape(2, 3), EditMetrics({"bangs": 0.7}, 0.9, 12, 0.5))


def test_an_image_comes_back_by_the_hash_of_its_bytes(tmp_path: Path):
    store = Store(tmp_path)
    reference = store.put_image(b"picture")
    assert reference == store.put_image(b"picture")
    assert store.image(reference) == b"picture"
    assert store.image_path(reference).read_bytes() == b"picture"


def test_an_edit_comes_back_whole(tmp_path: Path):
    store, key = Store(tmp_path), content_key("an edit")
    assert store.edit(key) is None
    kept = store.put_edit(key, RESULT)
    assert Store(tmp_path).edit(key) == kept
    assert kept.metrics == RESULT.metrics
    assert np.array_equal(store.latent(key), RESULT.w_plus)


def test_an_edit_whose_writer_was_killed_before_its_picture_is_not_done(tmp_path: Path):
    store, key = Store(tmp_path), content_key("an edit")
    kept = store.put_edit(key, RESULT)
    store.delete_image(kept.image)
    assert store.edit(key) is None
    assert store.put_edit(key, RESULT) == store.edit(key)


def test_an_inversion_comes_back_for_the_same_editor_only(tmp_path: Path):
    store = Store(tmp_path)
    reference = store.put_image(b"photo")
    store.put_inversion(reference, "v1", Inversion(RESULT.w_plus, b"cropped", {"bangs": 0.2}))
    found = store.inversion(reference, "v1")
    assert found is not None
    assert np.array_equal(found.w_plus, RESULT.w_plus)
    assert (store.image(found.image), found.relevance) == (b"cropped", {"bangs": 0.2})
    assert store.inversion(reference, "v2") is None


@pytest.mark.parametrize("reference", ["", "../../etc/passwd", "0" * 63, "G" * 64, "0" * 64, "/etc/passwd"])
def test_what_is_no_reference_reads_no_file(tmp_path: Path, reference: str):
    with pytest.raises(UnknownImage):
        Store(tmp_path).image(reference)


def test_a_folder_that_cannot_be_written_is_a_typed_error(tmp_path: Path):
    (tmp_path / "store").write_text("a file stands where the folder should be")
    with pytest.raises(StoreUnavailable):
        Store(tmp_path / "store").put_image(b"picture")


def test_a_write_that_fails_leaves_no_part_of_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    with pytest.raises(StoreUnavailable, match="No space left"):
        Store(tmp_path).put_image(b"picture")
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_the_key_of_an_edit_depends_on_all_that_decides_its_result_and_on_no_order():
    state = from_values(["lipstick", "pale skin", "bangs"])
    key = edit_key("a", state, "v1", EditOptions())
    assert key == edit_key("a", from_values(["bangs", "pale skin", "lipstick"]), "v1", EditOptions())
    others = [
        edit_key("b", state, "v1", EditOptions()),
        edit_key("a", from_values(["bangs"]), "v1", EditOptions()),
        edit_key("a", state, "v2", EditOptions()),
        edit_key("a", state, "v1", EditOptions(seed=1)),
        edit_key("a", state, "v1", EditOptions(emphasis=(("bangs", 2.0),))),
    ]
    assert len({key, *others}) == 6


def test_a_lease_has_one_holder(tmp_path: Path):
    one, other = FolderLeases(tmp_path), FolderLeases(tmp_path)
    with one.hold("name") as mine, other.hold("name") as second, other.hold("another name") as third:
        assert (mine, second, third) == (True, False, True)
    with other.hold("name") as now:
        assert now


def _hold_and_die(folder: Path) -> None:
    import os
    import signal

    with FolderLeases(folder).hold("name"):
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_killed_holder_frees_its_lease(tmp_path: Path):
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join(60)
    with FolderLeases(tmp_path).hold("name") as mine:
        assert mine
