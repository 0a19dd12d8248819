import pytest

from benchmarks.figures import Figure, Kind, Target, Verdict, markdown_table, number, text_table


@pytest.mark.parametrize(
    ("kind", "limit", "value", "peer", "verdict"),
    [
        ("at most", 5, 5.0, None, "met"),
        ("at most", 5, 5.01, None, "missed"),
        ("at least", 1, 0.99, None, "missed"),
        ("ratio at least", 0.6, 60.0, 100.0, "met"),
        ("ratio at least", 0.6, 59.0, 100.0, "missed"),
        ("difference at least", -0.03, 0.30, 0.33, "met"),
        ("difference at least", -0.03, 0.299, 0.33, "missed"),
    ],
)
def test_a_figure_is_met_at_its_bound_and_missed_beyond_it(
    kind: Kind, limit: float, value: float, peer: float | None, verdict: Verdict
) -> None:
    assert Figure("x", value, "s", Target(kind, limit), peer=peer).verdict == verdict


def test_a_figure_without_a_target_has_no_verdict() -> None:
    assert Figure("x", 1.0, "s").verdict == "-"


def test_a_target_against_a_peer_needs_the_peer() -> None:
    with pytest.raises(ValueError, match="no peer"):
        _ = Figure("x", 1.0, "/s", Target("ratio at least", 0.6)).verdict


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (5.0, "5"), (0.6, "0.6"), (0.12345, "0.123"), (47.25, "47.2"), (12345.6, "12,346")]
)
def test_numbers_have_three_digits_or_are_whole(value: float, text: str) -> None:
    assert number(value) == text


def test_the_printed_table_has_value_bound_ratio_verdict_and_the_note_below() -> None:
    text = text_table(
        [Figure("requests/s", 900.0, "/s", Target("ratio at least", 0.6), peer=1000.0, note="ten rounds")]
    )

    assert " ".join(text.splitlines()[1].split()) == "requests/s 900 /s ratio >= 0.6 0.90 (peer 1,000) met"
    assert text.splitlines()[2].strip() == "ten rounds"


def test_a_bar_in_a_cell_does_not_break_the_markdown_table() -> None:
    assert markdown_table([["a|b", "c"]], ("one", "two")).splitlines()[-1] == "| a\\|b | c |"


def test_a_record_says_what_was_asked_and_what_came_of_it() -> None:
    record = Figure("start", 6.0, "s", Target("at most", 5)).record()

    assert (record["bound"], record["verdict"], record["value"]) == ("<= 5 s", "missed", 6.0)
