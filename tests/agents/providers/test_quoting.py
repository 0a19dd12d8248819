from hypothesis import given
from hypothesis import strategies as st

from backend.agents.providers.quoting import MAX_BLOCK_CHARACTERS, Unit, best_quote, units_of, word_weights


def test_sentences_end_where_a_reader_sees_the_end() -> None:
    text = 'Ask Dr. Smith, e.g. by mail. It costs 3.50 EUR. See python.org for more! Really? "Yes." Done'
    assert [unit.text for unit in units_of(text)] == [
        "Ask Dr. Smith, e.g. by mail.",
        "It costs 3.50 EUR.",
        "See python.org for more!",
        "Really?",
        '"Yes."',
        "Done",
    ]


def test_wrapped_lines_are_one_sentence_and_headings_are_left_out() -> None:
    assert units_of("# Title\nA sentence\nover two lines.\n\n## More\nNext.") == [
        Unit("A sentence over two lines."),
        Unit("Next."),
    ]


def test_a_list_stays_with_the_sentence_that_introduces_it() -> None:
    assert units_of("Do this:\n\n- one\n  more of one\n- two\n\nThen rest.") == [
        Unit("Do this:", "- one\n  more of one\n- two"),
        Unit("Then rest."),
    ]


def test_a_code_block_keeps_its_blank_lines() -> None:
    assert units_of("Run:\n```\na = 1\n\nb = 2\n```\nDone.") == [
        Unit("Run:", "```\na = 1\n\nb = 2\n```"),
        Unit("Done."),
    ]


def test_a_list_without_an_introduction_stands_alone() -> None:
    assert units_of("Buy milk.\n\n1. one\n2. two") == [Unit("Buy milk."), Unit("", "1. one\n2. two")]


def test_a_long_block_is_cut_at_a_line_and_its_fence_closed() -> None:
    (unit,) = units_of("Run:\n```\n" + "x = 1\n" * 1000 + "```")
    assert len(unit.block) < MAX_BLOCK_CHARACTERS + 20
    assert unit.block.endswith("x = 1\n…\n```")


def test_the_quote_has_most_of_the_questions_rare_words() -> None:
    filler = [
        Unit(f"The office number {n} is on floor {n} of the old building near the river bank.") for n in range(20)
    ]
    wanted = Unit("The canteen opens at noon.")
    units = [*filler[:10], wanted, *filler[10:]]
    quote = best_quote(units, word_weights("When does the canteen of the office open?", [units]))
    assert quote is not None
    assert wanted in quote.units
    assert len(quote.units) <= 3


def test_a_sentence_that_leans_back_brings_the_one_before() -> None:
    units = units_of(
        "The office is large. Keys are kept at the desk. Ask for the blue badge. It opens the canteen. "
        "Floors are numbered. Lifts are slow. Windows stay shut. Lights go out. Doors are heavy."
    )
    quote = best_quote(units, word_weights("What opens the canteen?", [units]))
    assert quote is not None
    assert quote.units[0].sentence == "Ask for the blue badge."


def test_nothing_is_quoted_from_nothing() -> None:
    assert best_quote([], {}) is None


@given(st.text(alphabet=st.characters(exclude_characters="#"), max_size=400))
def test_no_text_is_lost_or_invented(text: str) -> None:
    kept = "".join(unit.text for unit in units_of(text))
    assert "".join(kept.split()) == "".join(text.split())
