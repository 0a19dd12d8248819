from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.agents.citations import CitationFilter


def filtered(*deltas: str, allowed: tuple[int, ...] = (1, 2, 3)) -> tuple[str, tuple[int, ...]]:
    marks = CitationFilter(allowed)
    shown = "".join([*map(marks.feed, deltas), marks.finish()])
    return shown, marks.cited


@pytest.mark.parametrize(
    ("said", "shown", "cited"),
    [
        ("Yes [1]. No [7].", "Yes [1]. No.", (1,)),
        ("30 days[2], then[9] more[3].", "30 days[2], then more[3].", (2, 3)),
        ("x [1, 7] y [2;9]", "x [1] y [2]", (1, 2)),
        ("x [1-3] y [2–9] z [7-9]", "x [1-3] y [2, 3] z", (1, 2, 3)),
        ("x [1][7][2]", "x [1][2]", (1, 2)),
        ("twice [2] and [2]", "twice [2] and [2]", (2,)),
        ("last first [3][1]", "last first [3][1]", (3, 1)),
        ("a range [1-999999999] of numbers", "a range [1, 2, 3] of numbers", (1, 2, 3)),
        ("backwards [3-1]", "backwards", ()),
        ("huge [99999]", "huge", ()),
        ("(see above)[7], GPT-4[7]", "(see above), GPT-4", ()),
        ("bold **days[7]** and _x_ [ 2 ]", "bold **days** and _x_ [ 2 ]", (2,)),
    ],
)
def test_only_marks_of_given_passages_stay(said: str, shown: str, cited: tuple[int, ...]) -> None:
    assert filtered(said) == (shown, cited)


@pytest.mark.parametrize(
    "said",
    [
        "take a[7] and row_2[9] and argv[0] and x.y[8]",
        "set items[7] = 3",
        "a `list [7]` here",
        "a ``tick ` list [7]`` here",
        "```\nx [7]\n```\n",
        "~~~py\nprint(x) [7]\n~~~",
        "see [7](https://example.com) and ![8](picture.png)",
        "in [2024] and [1999]",
        "escaped \\[7\\] and \\[8]",
        "a footnote [^7], a box [x] [ ], a word [see 7]",
        "unfinished [7",
    ],
)
def test_what_is_no_citation_is_left_alone(said: str) -> None:
    assert filtered(said) == (said, ())


def test_after_code_marks_are_checked_again() -> None:
    assert filtered("`x [7]` y [7]\n```\nx [8]\n```\nz [8] [1]")[0] == "`x [7]` y\n```\nx [8]\n```\nz [1]"


def test_a_stray_tick_hides_marks_only_to_the_end_of_its_line() -> None:
    assert filtered("a ` tick [7]\nnext [7]") == ("a ` tick [7]\nnext", ())


def test_a_mark_split_over_deltas_is_one_mark() -> None:
    assert filtered("Yes [", "1", "] and no [", "7", "].") == ("Yes [1] and no.", (1,))


def test_text_is_not_held_back_longer_than_needed() -> None:
    marks = CitationFilter({1})
    assert marks.feed("Hello world") == "Hello world"
    assert marks.feed(" and [") == " and"
    assert marks.feed("1] more") == " [1] more"


def test_without_passages_every_mark_goes() -> None:
    assert filtered("x [1] y [2]", allowed=()) == ("x y", ())


PIECES = st.sampled_from(
    [
        "[1]",
        "[7]",
        " [2, 9]",
        "[1-3]",
        "`",
        "```",
        "\n",
        " ",
        "a",
        "word",
        "x_y",
        "(",
        ")",
        "[",
        "]",
        "1",
        "=",
        "\\",
        "~~~",
        ".",
    ]
)


@given(st.lists(PIECES, max_size=25).map("".join), st.data())
def test_how_a_text_is_cut_into_deltas_changes_nothing(text: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    edges = [0, *cuts, len(text)]
    deltas = [text[start:end] for start, end in pairwise(edges)]
    assert filtered(*deltas) == filtered(text)


@given(st.text(alphabet=st.characters(exclude_characters="[]")))
def test_a_text_without_brackets_comes_through_whole(text: str) -> None:
    assert filtered(text) == (text, ())
