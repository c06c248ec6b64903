import random

import pytest
from chatedit.dialogue.errors import DataNotReadable
from chatedit.dialogue.ontology import ONTOLOGY, SINGLE_VALUED, excluded_by
from chatedit.eval.simulation.photo import caption, describe, read_annotations, sample_photo

NAMES = [
    "Bangs",
    "Black_Hair",
    "Brown_Hair",
    "Goatee",
    "Heavy_Makeup",
    "Male",
    "No_Beard",
    "Smiling",
    "Wearing_Lipstick",
    "Young",
]


def file_with(tmp_path, *rows):
    path = tmp_path / "anno.txt"
    lines = [
        f"{i}.jpg  {' '.join('1' if name in labels else '-1' for name in NAMES)}" for i, labels in enumerate(rows, 1)
    ]
    path.write_text("\n".join([str(len(rows)), " ".join(NAMES), *lines]) + "\n")
    return path


def test_labels_become_values_and_absences_that_the_paper_adds(tmp_path):
    (woman,) = read_annotations(file_with(tmp_path, {"Brown_Hair", "Wearing_Lipstick", "No_Beard", "Young"}))
    assert woman.id == "1"
    assert not woman.is_male
    assert woman.is_young
    assert set(woman.attributes) == {"brown hair", "lipstick", "no bangs", "no smiling"}


def test_only_men_have_beards_or_none(tmp_path):
    shaved, bearded, odd = read_annotations(
        file_with(tmp_path, {"Male", "No_Beard"}, {"Male", "Goatee", "Smiling"}, {"Goatee", "Smiling"})
    )
    assert "no beard" in shaved.attributes
    assert {"goatee", "smiling"} <= set(bearded.attributes)
    assert "no beard" not in bearded.attributes
    assert "goatee" not in odd.attributes


def test_no_makeup_is_the_absence_of_all_makeup(tmp_path):
    bare, painted = read_annotations(file_with(tmp_path, set(), {"Heavy_Makeup"}))
    assert "no makeup" in bare.attributes
    assert "no makeup" not in painted.attributes


def test_of_two_hair_colors_one_is_kept(tmp_path):
    (photo,) = read_annotations(file_with(tmp_path, {"Black_Hair", "Brown_Hair"}))
    assert sum(value.endswith(" hair") for value in photo.attributes) == 1


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "expected a count"),
        ("1\nA B\n1.jpg 1 1\n", "expected a count"),
        ("1\nMale Smiling\n1.jpg 1\n", r"anno.txt:3.*1 labels for 2 names"),
    ],
)
def test_another_file_is_refused_with_line_and_reason(tmp_path, text, reason):
    path = tmp_path / "anno.txt"
    path.write_text(text)
    with pytest.raises(DataNotReadable, match=reason):
        read_annotations(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(DataNotReadable):
        read_annotations(tmp_path / "none.txt")


def test_made_up_photos_never_contradict_themselves():
    for number in range(300):
        shown = sample_photo(random.Random(number), number).attributes
        assert set(shown) <= set(ONTOLOGY.values)
        assert not any(excluded_by(value) & set(shown) for value in shown)
        slots = [ONTOLOGY.slot_of(value) for value in shown]
        assert all(slots.count(slot) <= 1 for slot in SINGLE_VALUED)


def test_made_up_photos_are_about_as_common_as_in_celeba_hq():
    photos = [sample_photo(random.Random(number), number) for number in range(2000)]
    smiling = sum("smiling" in photo.attributes for photo in photos) / len(photos)
    assert smiling == pytest.approx(14_092 / 30_000, abs=0.04)


def test_the_caption_names_every_attribute():
    photo = sample_photo(random.Random(3), 3)
    text = caption(photo, random.Random(0))
    assert text.startswith("This is a photo of a")
    for value in photo.attributes:
        assert value.removeprefix("no ") in text


def test_a_caption_is_grammatical_about_beards():
    texts = {describe(True, True, ["no beard"], random.Random(seed)) for seed in range(20)}
    assert {text.rpartition("He ")[2] for text in texts} == {"has no beard.", "does not have a beard."}
