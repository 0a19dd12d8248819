import pytest

from backend.faqs.answers import MOST, Answer, Fault, choose, instructs, sentences
from tests.faqs.building import Piece, section

LONG = "This sentence about the invoice has a length that is quite usual in manuals. "


def chosen(*pieces: Piece) -> Answer:
    one = section("Heading", *pieces)
    answer = choose(one.text, one.blocks)
    assert answer is not None
    return answer


def test_a_short_section_is_taken_whole() -> None:
    answer = chosen("You can return goods within thirty days of their arrival.", "Refunds take a week.")

    assert answer.text == "You can return goods within thirty days of their arrival.\n\nRefunds take a week."
    assert answer.faults == frozenset()
    assert answer.share == 1


def test_a_long_section_gives_its_first_paragraphs() -> None:
    first, second = "The first paragraph. " + LONG * 4, "The second. " + LONG * 9

    answer = chosen(first, second, LONG * 5)

    assert answer.text == first.strip()
    assert answer.share < 0.4


def test_the_list_that_a_colon_introduces_belongs_to_the_answer() -> None:
    answer = chosen("To pay, follow these steps:", ("ordered", "1. Open the page."), ("ordered", "2. Press Pay."))

    assert answer.text == "To pay, follow these steps:\n\n1. Open the page.\n2. Press Pay."
    assert answer.has_steps


def test_code_after_a_colon_belongs_to_the_answer_and_is_fenced() -> None:
    answer = chosen("Run the following command as the administrator of the system:", ("code", "apt install nexus"))

    assert answer.text.endswith("\n\n```\napt install nexus\n```")


def test_a_last_sentence_whose_list_does_not_fit_is_left_out() -> None:
    rows: list[Piece] = [("list", f"- item {number} " + "word " * 20) for number in range(40)]
    answer = chosen("The plan has many limits that matter to large teams. They are these:", *rows)

    assert not answer.text.endswith(":")


def test_a_paragraph_that_is_too_long_is_cut_after_a_sentence() -> None:
    answer = chosen(LONG * 40)

    assert len(answer.text) <= MOST
    assert answer.text.endswith(".")
    assert Fault.CUT in answer.faults


def test_a_paragraph_that_only_announces_is_passed_over() -> None:
    answer = chosen("This section describes how refunds work.", "Refunds are paid to the card that was charged before.")

    assert answer.text.startswith("Refunds are paid")


@pytest.mark.parametrize(
    ("pieces", "fault"),
    [
        (["Only on weekdays, though not all."], Fault.SHORT),
        ([("code", "SELECT * FROM invoices WHERE paid IS NULL ORDER BY customer LIMIT 10")], Fault.ONLY_CODE),
        (["See the chapter on billing in the handbook for administrators for more information."], Fault.POINTER),
        (["This chapter describes what an administrator has to know about billing in companies."], Fault.ANNOUNCES),
        (["However, there are customers who pay by invoice, and they get a reminder after two weeks."], Fault.DANGLING),
        (["It also holds for customers who pay by invoice, and they get a reminder after two weeks."], Fault.DANGLING),
        (["Invoices are sent by mail. FIXME: say which address is used when there are two of them."], Fault.UNFINISHED),
        (["The payment methods that we accept from all of our customers in all countries are:"], Fault.OPEN),
    ],
)  # fmt: skip
def test_what_a_reviewer_would_object_to_is_named(pieces: list[Piece], fault: Fault) -> None:
    assert fault in chosen(*pieces).faults


def test_a_good_answer_has_no_fault() -> None:
    assert (
        chosen("Invoices are sent by mail on the first day of the month, see your account for copies.").faults
        == frozenset()
    )


def test_nothing_worth_quoting_gives_no_answer() -> None:
    one = section("Heading", "No.")

    assert choose(one.text, one.blocks) is None
    assert choose("", ()) is None


def test_sentences_do_not_end_at_abbreviations() -> None:
    assert sentences("Use a tool, e.g. a hammer. Then rest.") == ["Use a tool, e.g. a hammer.", "Then rest."]


def test_instructions_are_told_from_descriptions() -> None:
    told = chosen("Open the settings and choose Account. You can then press the button to confirm your choice.")
    described = chosen("The account page was designed by a team in Oslo, and it has won several prizes since then.")

    assert instructs(told) > instructs(described)


@pytest.mark.parametrize(
    "pieces",
    [
        ["  White \n space   is collapsed in the middle of any paragraph that is long enough.  "],
        [("list", "• First thing to do"), ("list", "• Second thing to do"), "And a paragraph with some more words."],
        ["Run this in the shell of your choice, as root:", ("code", "\n  make\n    install\n")],
    ],
)  # fmt: skip
def test_the_span_holds_the_words_of_the_answer_in_order(pieces: list[Piece]) -> None:
    one = section("Heading", *pieces)
    answer = choose(one.text, one.blocks)
    assert answer is not None

    source = iter(one.text[answer.start : answer.end].split())
    assert all(word in source for word in answer.text.split() if word.strip("-`"))
