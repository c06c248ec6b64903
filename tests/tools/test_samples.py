import pytest
from chatedit.tools.samples import shipped_samples


def test_there_are_portraits_to_start_with():
    assert len(shipped_samples()) >= 8
    assert all(sample.path.is_file() for sample in shipped_samples())


@pytest.mark.parametrize("sample", shipped_samples(), ids=lambda sample: sample.name)
def test_the_caption_names_the_person_so_that_replies_can(sample):
    assert " woman." in sample.caption or " man." in sample.caption
