import pytest
from chatedit.agent.navigation import LAST_BUT_ONE, NEWEST, OTHER, SHOWN, Navigation, is_retry, read_navigation
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("words", "steps"),
    [("undo", 1), ("Undo, please!", 1), ("undo twice", 2), ("Can you undo 3 steps?", 3), ("go back two steps", 2)],
)
def test_undo_is_read(words: str, steps: int):
    assert read_navigation(words) == Navigation("undo", steps)


@pytest.mark.parametrize("words", ["redo", "Redo it please", "no wait, redo", "go forward"])
def test_redo_is_read(words: str):
    assert read_navigation(words) == Navigation("redo")


@pytest.mark.parametrize(
    ("words", "version"),
    [
        ("go back to the second version", 2),
        ("Go back to version 2.", 2),
        ("take me back to version number three", 3),
        ("please go back to the original photo", 0),
        ("go back to the very beginning", 0),
        ("keep version 4", 4),
        ("show me the 3rd picture", 3),
        ("back to the original", 0),
        ("use the latest version", NEWEST),
        ("v2", 2),
    ],
)
def test_going_to_a_version_is_read(words: str, version: int):
    assert read_navigation(words) == Navigation("go_to", versions=(version,))


@pytest.mark.parametrize(
    ("words", "versions"),
    [
        ("compare", ()),
        ("compare version 1 and 2", (1, 2)),
        ("compare the first and the second one", (1, 2)),
        ("compare it with the original", (0, SHOWN)),
        ("before and after", (0, SHOWN)),
        ("show me versions 1 and 3 side by side", (1, 3)),
        ("compare the last two", (LAST_BUT_ONE, NEWEST)),
    ],
)
def test_comparing_is_read(words: str, versions: tuple[int, ...]):
    assert read_navigation(words) == Navigation("compare", versions=versions)


@pytest.mark.parametrize(
    ("words", "version"),
    [("keep the left one", 4), ("the second one", None), ("I prefer the right", 7), ("take the other one", OTHER)],
)
def test_a_side_is_read_only_where_two_versions_are_shown(words: str, version: int | None):
    assert read_navigation(words) is None
    expected = None if version is None else Navigation("go_to", versions=(version,))
    assert read_navigation(words, (4, 7)) == expected


@pytest.mark.parametrize(
    "words",
    [
        "undo the lipstick",
        "undo that last one",
        "start over",
        "go back to the original hair color",
        "keep the bangs",
        "make her blond",
        "",
        "   ",
        "undo and make her blond",
        "go back to blond",
        "the second one",
        "no",
        "use lipstick",
        "x" * 5000,
    ],
)
def test_what_asks_for_anything_else_is_left_to_the_tracker(words: str):
    assert read_navigation(words) is None


@pytest.mark.parametrize(
    ("words", "expected"), [("try again", True), ("Please try that again!", True), ("again", False)]
)
def test_a_retry_is_read(words: str, expected: bool):
    assert is_retry(words) is expected


@given(st.text())
def test_any_text_is_read_without_an_error(words: str):
    read_navigation(words)
    is_retry(words)
