"""Whole drafts: which section gives which question, with which confidence, from which words."""

from collections.abc import Iterator

import pytest

from backend.faqs.rules import draft
from backend.parsing.base import Section
from tests.faqs.building import STEPS, drafts, numbered, only, section

OPTION = "Listen on another port than the usual one, when that one is taken."
FACT = "Orders above fifty euros are sent free of charge, and smaller ones cost five euros within the country."


def test_a_question_heading_is_drafted_as_it_is() -> None:
    found = only(section("4.2 When is delivery free?", FACT, page=7))

    assert (found.question, found.kind, found.page) == ("When is delivery free?", "question", 7)
    assert found.confidence >= 0.85
    assert found.reason == "heading is a question"


def test_a_task_heading_with_instructions_is_confident_and_one_without_is_not() -> None:
    told = only(section("Resetting your password", STEPS))
    described = only(
        section("Resetting your password", "Passwords are a sore point of every company with many people.")
    )

    assert told.kind == described.kind == "howto"
    assert told.confidence >= 0.8 > described.confidence


def test_confidence_falls_with_the_quality_of_the_answer() -> None:
    whole = only(section("When is delivery free?", FACT))
    short = only(section("When is delivery free?", "Above fifty euros, always."))
    pointer = only(section("When is delivery free?", "See the chapter on prices in the handbook for shops, please."))
    code = only(
        section("When is delivery free?", ("code", "if order.total > 50:\n    order.delivery = 0\nprint(order)"))
    )

    assert whole.confidence > short.confidence > pointer.confidence
    assert whole.confidence > 0.8 > code.confidence


def test_the_documents_own_title_is_no_topic() -> None:
    cover = section("Coldkeep handbook", "Temperature monitoring for kitchens and laboratories, edition four of March.")

    assert list(draft("Coldkeep Handbook", [cover])) == []
    assert [found.kind for found in draft("Another", [cover])] == ["topic"]


def test_a_topic_is_only_a_suggestion() -> None:
    found = only(section("Delivery in winter", FACT))

    assert found.kind == "topic"
    assert found.confidence <= 0.45


def test_a_definition_takes_its_article_and_number_from_the_first_sentence() -> None:
    locale = only(
        section("Locales", "A locale is a description of the environment of a user, with language and currency.")
    )
    arrays = only(
        section("Arrays", "Arrays are sequences of values of one type, and they are counted from zero upwards.")
    )

    assert (locale.question, locale.kind) == ("What is a locale?", "definition")
    assert arrays.question == "What are arrays?"


@pytest.mark.parametrize(
    "text",
    [
        "The refund is important to customers, and it should be paid within a few days of their request for it.",
        "The refund is paid to the card that was charged, unless the customer asks us for another way of payment.",
        "Customers like a refund, which is a payment that goes back to them when they have returned an article.",
    ],
)
def test_a_sentence_that_does_not_define_its_heading_is_no_definition(text: str) -> None:
    assert [found.kind for found in drafts(section("Refund", text))] == ["topic"]


def test_a_comparison_needs_both_sides_and_a_contrast_in_the_answer() -> None:
    good = only(
        section("Basic vs. Premium", "Basic allows one user, whereas Premium allows as many users as you like to have.")
    )
    poor = only(
        section("Basic vs. Premium", "There are many plans, and all of them can be ended at the end of each month.")
    )

    assert good.kind == poor.kind == "comparison"
    assert good.confidence >= 0.8 > poor.confidence


@pytest.mark.parametrize("title", ["Introduction", "References", "Table of contents", "Licence", "Index", "Summary"])
def test_sections_that_every_document_has_give_nothing(title: str) -> None:
    assert drafts(section(title, FACT)) == []


def test_nothing_inside_a_changelog_is_drafted() -> None:
    assert drafts(section(("Changelog", "When is delivery free?"), FACT)) == []


def test_a_section_with_only_sub_headings_gives_nothing() -> None:
    found = drafts(section("Orders"), section(("Orders", "When is delivery free?"), FACT))

    assert [one.section for one in found] == [1]


def test_a_long_section_in_parts_answers_its_heading_once() -> None:
    first = section("When is delivery free?", FACT)
    assert len(drafts(first, first)) == 1


def test_questions_and_answers_with_marks_become_pairs() -> None:
    found = drafts(
        section("Orders", "Q: Can I cancel?", "A: Yes, until it is packed.", "Q: Who pays? A: We do, always.")
    )

    assert [(one.question, one.answer) for one in found] == [
        ("Can I cancel?", "Yes, until it is packed."),
        ("Who pays?", "We do, always."),
    ]
    assert all(one.confidence >= 0.9 for one in found)


def test_an_answer_inside_the_questions_paragraph_is_found() -> None:
    found = only(section("Orders", "Q1. Who pays for the return of goods?\nA1. We pay for it within the country."))

    assert found.question == "Who pays for the return of goods?"
    assert found.answer == "We pay for it within the country."


def test_bold_questions_divide_a_section() -> None:
    found = drafts(
        section("Orders", ("bold", "Can I cancel?"), FACT, ("bold", "Is it free?"), "It is, above fifty euros.")
    )  # fmt: skip

    assert [one.question for one in found] == ["Can I cancel?", "Is it free?"]
    assert found[0].answer == FACT


def test_a_bold_syntax_with_question_marks_is_no_question() -> None:
    assert drafts(section("Chapter", ("bold", "spi_exec ?-count n? command ?body?"), FACT)) == []


def test_a_reference_page_says_what_the_command_and_its_options_do() -> None:
    page = "nexus-up(1) Manual Page"
    found = drafts(
        section((page, "NAME"), "nexus-up - start the application"),
        section((page, "DESCRIPTION"), "Starts the server and the pages on this machine, waits until they are ready."),
        section((page, "OPTIONS"), ("bold", "-p"), ("bold", "--port=<n>"), OPTION),
        title="nexus-up(1)",
    )  # fmt: skip

    assert [one.question for one in found] == [
        "What does nexus-up do?",
        "What does the --port option of nexus-up do?",
    ]
    assert all(one.confidence >= 0.8 for one in found)


def test_a_term_with_several_meanings_in_one_section_is_left_out() -> None:
    body = "Specifies the identifier of the function that is to be called by the server."
    assert drafts(section("Messages", ("bold", "Int32"), body, ("bold", "Int32"), body + " Later.")) == []


def test_a_glossary_gives_definitions() -> None:
    found = drafts(section("Glossary", ("bold", "Invoice"), "A list of goods with their prices, sent to the customer."))

    assert [one.question for one in found] == ["What is an invoice?"]


def test_a_paragraph_with_which_many_sections_begin_is_not_an_answer() -> None:
    notice = "This tutorial has been replaced by a newer one, which you should read instead of this one in all cases."
    found = drafts(*(section(f"When is delivery {kind}?", notice, FACT) for kind in ("free", "late", "lost")))

    assert [one.answer for one in found] == [FACT] * 3


@pytest.mark.parametrize(
    ("title", "text", "question"),
    [
        ("Wie kann ich mein Passwort ändern", "Sie können das Passwort in den Einstellungen ändern, wenn Sie wollen.",
         "Wie kann ich mein Passwort ändern?"),
        ("Was kostet der Versand?", "Der Versand ist für alle Bestellungen ab einem Wert von 50 Euro kostenlos.",
         "Was kostet der Versand?"),
        ("Comment changer le mot de passe", "Vous pouvez changer le mot de passe dans les paramètres avec adresse.",
         "Comment changer le mot de passe ?"),
        ("Cómo cambiar la contraseña", "Para cambiar la contraseña, abra los ajustes y elija su cuenta en el menú.",
         "¿Cómo cambiar la contraseña?"),
    ],
)  # fmt: skip
def test_questions_in_other_languages_are_drafted(title: str, text: str, question: str) -> None:
    assert only(section(title, text)).question == question


def test_english_templates_stay_off_other_languages() -> None:
    text = "Das Testing ist bei uns ein Teil der Arbeit, und es wird von allen gemacht, die das System nutzen."
    assert drafts(section("Testing der Software", text), section("Backup vs. Restore", text)) == []


def test_the_same_question_and_answer_come_once_from_a_section() -> None:
    found = drafts(section("When is delivery free?", ("bold", "When is delivery free?"), FACT))

    assert len(found) == len({(one.question, one.answer) for one in found}) == 1


def test_the_span_is_the_source_of_the_answer() -> None:
    one = section(
        "How to pay",
        "Introduction of some length, so that it stays.",
        "Steps:",
        ("ordered", "1. Go"),
        ("ordered", "2. Pay"),
    )
    found = only(one)

    assert one.text[found.start : found.end].split() == found.answer.split()


def test_drafts_come_in_the_order_of_the_document() -> None:
    found = drafts(*(section(f"When is delivery {number}?", f"In case {number}: {FACT}") for number in range(20)))

    assert [one.section for one in found] == list(range(20))


def test_a_hundred_thousand_headings_are_read_section_by_section() -> None:
    class Counted:
        reads = 0

        def __iter__(self) -> Iterator[Section]:
            for number in range(100_000):
                Counted.reads += 1
                yield Section(
                    ordinal=number,
                    title_path=("Book", f"Configuring the {'very ' * 8}long module number {number}"),
                    level=2,
                    text="",
                    blocks=(),
                )

    assert list(draft("Book", Counted())) == []
    assert Counted.reads <= 200_000


@pytest.mark.parametrize(
    "line",
    ["a" * 200_000, "a " * 100_000, "how to " * 30_000, "is the " * 30_000, "." * 200_000, "?" * 200_000, "(" * 200_000,
     "Q: " * 60_000,
     "- " * 100_000, "x:\n" * 9_000, "A-" * 99_000, "\u00ad" * 200_000, "1." * 99_000, " " * 200_000],
)  # fmt: skip
@pytest.mark.timeout(20)
def test_a_line_of_200_000_characters_is_no_trap(line: str) -> None:
    one = section(line, line, ("bold", line), line, ("code", line), ("list", line), line)
    found = drafts(one, section("When is delivery free?", line, line), section((line, "What is it?"), ("code", line)))

    assert all(len(each.answer) < 4000 for each in found)


def test_a_section_of_many_blocks_looks_at_each_a_bounded_number_of_times(monkeypatch: pytest.MonkeyPatch) -> None:
    from backend.faqs import answers

    tidied, calls = answers.tidied, []

    def counting(text: str, kind: str) -> str:
        calls.append(len(text))
        return tidied(text, kind)

    monkeypatch.setattr(answers, "tidied", counting)
    sizes: dict[int, int] = {}
    for count in (500, 2000):
        calls.clear()
        pieces = [piece for number in range(count) for piece in (("bold", f"Term {number}?"), FACT)]
        drafts(section("Terms", *pieces))  # type: ignore[arg-type]  # a list of pieces of both kinds
        sizes[count] = sum(calls)

    assert sizes[2000] <= 4.2 * sizes[500]


def test_numbering_is_by_section() -> None:
    sections = numbered([section("Orders", FACT), section("When is delivery free?", FACT)])

    assert [one.section for one in draft("Manual", sections) if one.kind == "question"] == [1]
