import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from chatedit.editing.credential_check import check_credentials
from chatedit.editing.credential_errors import NoCredentials
from chatedit.editing.errors import EditCancelled, EditTimedOut, UnknownPreset
from chatedit.editing.image_errors import NotAnImage
from chatedit.editing.image_file import decode, to_png
from chatedit.tools.edit_face import edit_face_tool
from chatedit.tools.editor import EditOptions, EditRequest, EditResult
from chatedit.tools.local_editor import LocalEditor, load_local_editor
from chatedit.tools.store import Store
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

sys.path.insert(0, str(Path(__file__).parents[1] / "editing"))
from small_pack import SIZE, write_small_pack


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalEditor]:
    torch.set_num_threads(1)
    loaded = load_local_editor(write_small_pack(tmp_path_factory.mktemp("pack")))
    yield loaded
    loaded.close()


@pytest.fixture(scope="module")
def photo() -> bytes:
    return to_png(torch.rand(3, 48, 48, generator=torch.Generator().manual_seed(5)) * 2 - 1)


def edit(editor: LocalEditor, photo: bytes, state: dict, timeout_s: float | None = None, **options) -> EditResult:
    w_source = editor.invert(photo).w_plus
    return editor.edit(EditRequest("id", w_source, state, EditOptions(**options), timeout_s))


def test_an_inversion_has_a_latent_a_picture_and_the_relevance_of_every_value(editor: LocalEditor, photo: bytes):
    inversion = editor.invert(photo)
    assert inversion.w_plus.dtype == np.float32
    assert inversion.w_plus.shape == (8, 16)
    assert decode(inversion.image_png).size == (SIZE, SIZE)
    assert len(inversion.relevance) == 21
    assert all(0.0 <= score <= 1.0 for score in inversion.relevance.values())


def test_an_edit_has_a_picture_relevance_of_what_was_asked_and_identity(editor: LocalEditor, photo: bytes):
    result = edit(editor, photo, {"hair color": ["blond hair"], "expression": ["smiling"]})
    assert decode(result.image_png).size == (SIZE, SIZE)
    assert set(result.metrics.relevance) == {"smiling", "blond hair"}
    assert -1.0 <= result.metrics.identity <= 1.0
    assert result.metrics.steps == 6
    again = edit(editor, photo, {"expression": ["smiling"], "hair color": ["blond hair"]})
    assert decode(again.image_png).tobytes() == decode(result.image_png).tobytes()


def test_the_engine_has_a_span_that_tells_how_many_steps_it_took(
    editor: LocalEditor, photo: bytes, spans: InMemorySpanExporter
):
    edit(editor, photo, {"hair": ["bangs"]})
    [engine] = [one for one in spans.get_finished_spans() if one.name == "engine"]
    assert dict(engine.attributes or {}) == {"steps": 6}


@pytest.mark.parametrize("preset", ["full", "fast"])
def test_emphasis_moves_the_result_towards_the_value(editor: LocalEditor, photo: bytes, preset: str):
    state = {"hair color": ["blond hair"], "expression": ["smiling"]}
    plain = edit(editor, photo, state, preset=preset)
    pushed = edit(editor, photo, state, preset=preset, emphasis=(("smiling", 8.0),))
    assert pushed.metrics.relevance["smiling"] > plain.metrics.relevance["smiling"]


def test_each_seed_above_0_gives_its_own_result(editor: LocalEditor, photo: bytes):
    first, again, other, none = (edit(editor, photo, {"hair": ["bangs"]}, seed=seed) for seed in (1, 1, 2, 0))
    assert np.array_equal(first.w_plus, again.w_plus)
    assert not np.allclose(first.w_plus, other.w_plus, atol=1e-3)
    assert not np.allclose(first.w_plus, none.w_plus, atol=1e-3)


def test_progress_ends_at_the_last_step_and_brings_previews(editor: LocalEditor, photo: bytes):
    seen = []
    request = EditRequest("id", editor.invert(photo).w_plus, {"hair": ["bangs"]})
    editor.edit(request, seen.append)
    assert seen[-1].step == seen[-1].num_steps == 6
    assert any(progress.preview_png for progress in seen)


def test_a_running_edit_can_be_cancelled(editor: LocalEditor, photo: bytes):
    request = EditRequest("to-cancel", editor.invert(photo).w_plus, {"hair": ["bangs"]})
    assert editor.cancel("to-cancel") is False
    with pytest.raises(EditCancelled):
        editor.edit(request, lambda progress: editor.cancel("to-cancel") or None)


def test_an_edit_that_takes_too_long_fails(editor: LocalEditor, photo: bytes):
    with pytest.raises(EditTimedOut):
        edit(editor, photo, {"hair": ["bangs"]}, timeout_s=0.0)


def test_wrong_calls_say_what_is_wrong(editor: LocalEditor, photo: bytes):
    with pytest.raises(UnknownPreset, match="fast"):
        edit(editor, photo, {"hair": ["bangs"]}, preset="slow")
    with pytest.raises(NotAnImage):
        editor.invert(b"no picture")


def test_edits_of_several_threads_each_get_their_own_result(editor: LocalEditor, photo: bytes):
    states = [{"hair": ["bangs"]}, {"makeup": ["lipstick"]}, {"expression": ["sad"]}]
    alone = [edit(editor, photo, state) for state in states]
    together: dict[int, EditResult] = {}
    threads = [
        threading.Thread(target=lambda i=i: together.update({i: edit(editor, photo, states[i])})) for i in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    for i, one in enumerate(alone):
        assert np.allclose(together[i].w_plus, one.w_plus, atol=1e-4)


def test_the_version_names_the_pack_and_its_weights(editor: LocalEditor, tmp_path: Path):
    assert editor.version.startswith("small-")
    other = write_small_pack(tmp_path)
    (other / "pack.yaml").write_text((other / "pack.yaml").read_text().replace("random pictures", "other pictures"))
    changed = load_local_editor(other)
    changed.close()
    assert changed.version != editor.version


def test_the_tool_edits_with_it(editor: LocalEditor, photo: bytes, tmp_path: Path):
    store = Store(tmp_path)
    tool = edit_face_tool(editor, store)
    arguments = {"image": store.put_image(photo), "belief_state": {"hair": ["bangs"]}}
    call = {"name": "edit_face", "args": arguments, "id": "1", "type": "tool_call"}
    answer = tool.invoke(call)
    assert decode(store.image(answer.artifact["image"])).size == (SIZE, SIZE)
    assert tool.invoke(call).artifact["is_known"] is True


def test_pictures_and_previews_carry_content_credentials(editor: LocalEditor, photo: bytes):
    state, previews = {"hair color": ["blond hair"]}, []
    request = EditRequest("id", editor.invert(photo).w_plus, state)
    result = editor.edit(request, lambda progress: previews.append(progress.preview_png))
    for picture in [result.image_png, *filter(None, previews)]:
        report = check_credentials(picture)
        assert report.is_valid
        assert report.is_ai_edited
        assert (report.belief_state, report.pack) == (state, editor.pack.name)
    with pytest.raises(NoCredentials):
        check_credentials(editor.invert(result.image_png).image_png)  # used as a photo, it is one like any other
