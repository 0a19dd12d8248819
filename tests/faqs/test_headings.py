import pytest

from backend.faqs import headings
from backend.faqs.casing import Truecaser

TEXT = (
    "To change it, the customer opens the invoice, and our team at GitHub sees the change in the billing address. "
    "When the server starts, it reads the configuration, and the password of the database is checked by the firewall."
)


@pytest.fixture
def case() -> Truecaser:
    caser = Truecaser()
    caser.read(TEXT)
    return caser


@pytest.mark.parametrize(
    ("heading", "question"),
    [
        ("How to reset your password", "How do I reset my password?"),
        ("When to call support", "When should I call support?"),
        ("What to do if you are locked out", "What should I do if I am locked out?"),
        ("When to upgrade?", "When should I upgrade?"),
        ("Resetting your password", "How do I reset my password?"),
        ("Configuring the Firewall", "How do I configure the firewall?"),
        ("Installing and Configuring the Server", "How do I install and configure the server?"),
        ("Automatically checking for updates", "How do I automatically check for updates?"),
        ("Tying a knot", "How do I tie a knot?"),
        ("Running the tests", None),
        ("Set a root password", "How do I set a root password?"),
        ("Change the BIOS settings: the hard way", "How do I change the BIOS settings?"),
        ("Rewriting history and maintaining patches", "How do I rewrite history and maintain patches?"),
        ("Invoices vs. receipts", "What is the difference between invoices and receipts?"),
        ("Differences between plans and orders", "What is the difference between plans and orders?"),
        ("Choosing rebase versus merge", "What is the difference between rebase and merge?"),
        ("How the planner uses statistics", "How does the planner use statistics?"),
        ("When a refund is possible", "When is a refund possible?"),
        ("What Is a Firewall", "What is a firewall?"),
        ("Do you ship to Norway?", "Do you ship to Norway?"),
        ("Understanding history: What is a branch?", "What is a branch?"),
    ],
)
def test_a_heading_that_asks_or_names_a_task_becomes_a_question(
    heading: str, question: str | None, case: Truecaser
) -> None:
    asked = headings.ask(headings.clean(heading), case)

    assert (asked.question if asked else None) == question


@pytest.mark.parametrize(
    "heading",
    [
        "Mailing lists",
        "Logging configuration",
        "Pricing",
        "Existing customers",
        "Building blocks",
        "Report format",
        "Handling of returns",
        "Display manager",
        "Never share your key",
        "The index file",
        "Testing is important",
        "Missing features",
        "SET TRANSACTION",
        "Debugging Tips",
    ],
)
def test_a_heading_without_a_task_is_not_turned_into_one(heading: str, case: Truecaser) -> None:
    asked = headings.ask(heading, case)

    assert asked is None or asked.kind != "howto"


@pytest.mark.parametrize(
    "heading",
    ["Introduction", "1. Introduction", "References", "Table of Contents", "See also", "Appendix B. Code", "42", "…",
     "Change log", "LICENSE", "What's new", "Inhaltsverzeichnis", "Bibliographie", "Figure 3: the loop"],
)  # fmt: skip
def test_headings_that_every_document_has_are_skipped(heading: str) -> None:
    assert headings.is_skipped(headings.clean(heading))


@pytest.mark.parametrize("heading", ["Introducing the editor", "Refunds", "Index-only scans", "Support hours"])
def test_headings_of_its_own_are_not_skipped(heading: str) -> None:
    assert not headings.is_skipped(heading)


@pytest.mark.parametrize(
    ("title", "clean"),
    [
        ("3.2.1. Resetting", "Resetting"),
        ("Chapter 4. After installation", "After installation"),
        ("Appendix B Configuration", "Configuration"),
        ("B.7.2.1. Setup", "Setup"),
        ("2 Installing R", "Installing R"),
        ("3 ways to pay", "3 ways to pay"),
        ("Q: Where is it?", "Where is it?"),
        ("Usage ¶", "Usage"),
        ("x" * 900, ""),
    ],
)
def test_numbers_and_marks_are_taken_off_a_title(title: str, clean: str) -> None:
    assert headings.clean(title) == clean


def test_titles_are_lowered_as_the_document_writes_its_words(case: Truecaser) -> None:
    assert case.lowered("Customer Invoice on GitHub") == "customer invoice on GitHub"
    assert case.lowered("The Zanzibar Server") == "the Zanzibar server"
    assert case.lowered("CONFIGURATION OF THE SERVER") == "configuration of the server"


def test_a_capital_in_a_sentence_case_title_is_a_name(case: Truecaser) -> None:
    assert case.lowered("Connecting the Server to a database") == "Connecting the Server to a database".replace(
        "C", "c", 1
    )


def test_a_rhetorical_question_is_less_certain(case: Truecaser) -> None:
    plain = headings.ask("Where do I find my invoice?", case)
    rhetorical = headings.ask("What do you want this system for?", case)

    assert plain is not None
    assert rhetorical is not None
    assert rhetorical.confidence < 0.8 <= plain.confidence
