from pathlib import Path

from chatedit.tools.photo import admit_photo, describe, shown_values
from chatedit.tools.store import Store
from scripted import FakeEditor, png


def test_a_photo_is_inverted_once_and_described_as_the_editor_sees_it(tmp_path: Path):
    editor, store = FakeEditor(), Store(tmp_path)
    one, other = admit_photo(editor, store, png()), admit_photo(editor, store, png())
    assert one == other
    assert editor.num_inversions == 1
    assert one.attributes == ("brown hair", "no beard")
    assert one.caption == "This is a photo of a person. They have brown hair. They have no beard."
    assert store.image(one.reference) == png()


def test_what_is_known_of_a_photo_goes_before_what_is_seen(tmp_path: Path):
    photo = admit_photo(FakeEditor(), Store(tmp_path), png(), "This is a photo of a man.", ["sad"])
    assert (photo.caption, photo.attributes) == ("This is a photo of a man.", ("sad",))


def test_of_values_that_exclude_each_other_the_surest_is_shown():
    seen = {"brown hair": 0.6, "black hair": 0.8, "no beard": 0.6, "goatee": 0.7, "bangs": 0.4}
    assert shown_values(seen) == ("black hair", "goatee")


def test_a_caption_names_all_attributes():
    words = describe(["sad", "goatee", "lipstick", "no makeup", "no smiling"])
    assert words == (
        "This is a photo of a man. He is sad. He has a goatee. He is wearing lipstick. He is not wearing makeup. "
        "He is not smiling."
    )
