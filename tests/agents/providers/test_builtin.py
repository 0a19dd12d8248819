import re
from dataclasses import replace

import pytest

from backend.agents.providers.base import GenerationRequest, Message, PassageText, Sampling, TextDelta, collect
from backend.agents.providers.builtin import BuiltinProvider, compose
from backend.agents.texts import NOT_FOUND

RESET = PassageText(
    1,
    "Resetting your password",
    "Open the sign-in page. Click Forgot password below the form. A link is mailed to you that works for 30 minutes. "
    "Administrators reset passwords for others under Users. They see when it was last changed.",
)
RULES = PassageText(
    2,
    "Password rules",
    "They expire after 90 days. Passwords have at least 12 characters [3]. They must contain:\n\n- a digit\n- a letter",
)
BILLING = PassageText(3, "Billing", "Invoices are sent on the first working day of each month.")


def test_the_opening_of_the_passage_about_the_question_is_quoted() -> None:
    assert compose("How do I reset my password?", [RESET, RULES, BILLING]).startswith(
        "Open the sign-in page. Click Forgot password below the form. [1]"
    )


def test_a_list_comes_with_its_sentence_behind_the_mark() -> None:
    answer = compose("What must a password contain?", [RULES, RESET])
    assert "Passwords have at least 12 characters. They must contain: [2]\n\n- a digit\n- a letter" in answer


def test_a_mark_of_the_document_itself_is_not_shown_as_ours() -> None:
    assert "[3]" not in compose("What must a password contain?", [RULES])


def test_a_lower_passage_is_quoted_when_it_has_clearly_more_of_the_words() -> None:
    assert compose("On which working day are invoices sent?", [RESET, RULES, BILLING]).startswith("Invoices are sent")


def test_a_question_with_two_parts_gets_two_quotes() -> None:
    answer = compose("When do passwords expire and when are invoices sent?", [RULES, BILLING])
    assert "They expire after 90 days." in answer
    assert "Invoices are sent on the first working day of each month. [3]" in answer


def test_related_passages_are_listed_by_other_titles_that_share_a_word() -> None:
    again = PassageText(4, "Resetting your password", "Resetting the password twice is fine.")
    answer = compose("How do I reset my password?", [RESET, again, RULES, BILLING])
    assert answer.splitlines()[-1] == "Related: [2] Password rules"


def test_without_related_passages_there_is_no_such_line() -> None:
    assert "Related" not in compose("When are invoices sent?", [BILLING, RULES])


def test_without_passages_it_says_that_it_does_not_know() -> None:
    assert compose("Anything?", []) == NOT_FOUND
    assert compose("Anything?", [PassageText(1, "Empty", "  \n ")]) == NOT_FOUND


def test_a_long_passage_is_quoted_in_a_few_whole_sentences() -> None:
    long = PassageText(1, "Notes", " ".join(f"Sentence number {n} tells about topic {n}." for n in range(200)))
    quote = compose("What about topic 150?", [long]).removesuffix(" [1]")
    assert len(quote) <= 600
    assert "topic 150." in quote
    assert re.fullmatch(r"(Sentence number \d+ tells about topic \d+\. ?){1,3}", quote)


@pytest.mark.parametrize(("limit", "finish"), [(3, "length"), (1_000, "stop"), (None, "stop")])
async def test_a_limit_of_tokens_is_one_of_words(limit: int | None, finish: str) -> None:
    asked = (Message("user", "How do I reset my password?"),)
    request = GenerationRequest("", asked, (RESET, RULES), sampling=Sampling(max_tokens=limit))
    answer = await collect(BuiltinProvider().stream(request))
    whole = await collect(BuiltinProvider().stream(replace(request, sampling=Sampling())))
    assert answer.done.finish_reason == finish
    assert answer.text == (" ".join(whole.text.split()[:3]) if limit == 3 else whole.text)


async def test_words_are_streamed_in_small_pieces_and_the_same_each_time() -> None:
    request = GenerationRequest("", (Message("user", "How do I reset my password?"),), (RESET, RULES))
    provider = BuiltinProvider()
    deltas = [event.text async for event in provider.stream(request) if isinstance(event, TextDelta)]
    assert all(1 <= len(delta.split()) <= 4 for delta in deltas)
    assert "".join(deltas) == compose("How do I reset my password?", [RESET, RULES])
    assert (await collect(provider.stream(request))).done.model == "builtin"


def test_it_says_that_it_only_quotes() -> None:
    assert not BuiltinProvider().capabilities.generates


PLANS = PassageText(
    2,
    "Which plans are there?",
    "There are two plans. Prices are per site.\n\nPlan | Price | Probes\nStarter | €29 | up to 8\nPro | €69 | up to 40",
)
FITS = PassageText(1, "Which plan fits?", "Pro suits sites with inspectors. Starter suits a single kitchen.")


def test_a_table_is_quoted_as_a_table() -> None:
    answer = compose("Which plans are there?", (PLANS,))
    assert "| Plan | Price | Probes |\n| --- | --- | --- |\n| Starter | €29 | up to 8 |\n| Pro |" in answer


@pytest.mark.parametrize("question", ["How much is the Pro plan?", "What does Pro cost?", "Was kostet Pro?"])
def test_who_asks_for_a_price_gets_the_passage_that_names_one(question: str) -> None:
    assert "€69" in compose(question, (FITS, PLANS))
    assert compose("Which sites does Pro suit?", (FITS, PLANS)).startswith("Pro suits sites with inspectors.")
