from collections.abc import Sequence

import pytest

from backend.agents.cited import CitedAnswer, cited_sentences
from backend.agents.providers.base import PassageText
from backend.retrieval.verification import Support

PASSAGES = [PassageText(1, "Leave", "30 days of leave."), PassageText(2, "Parking", "The garage opens at six.")]


class ByWord:
    """Supports a sentence that has the first word of the passage's title."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def support(self, sentence: str, passages: Sequence[PassageText]) -> list[Support]:
        self.asked.append(sentence)
        scores = [float(passage.title.lower() in sentence.lower()) for passage in passages]
        return [Support(score, score > 0.5) for score in scores]


async def shown(answer: CitedAnswer, *deltas: str) -> str:
    return "".join([*[await answer.feed(delta) for delta in deltas], await answer.finish()])


async def test_the_mark_of_a_passage_that_does_not_support_its_sentence_is_taken_out() -> None:
    answer = CitedAnswer(PASSAGES, ByWord())
    assert await shown(answer, "Leave is 30 days [1]. Lea", "ve is paid [1", ", 2]. Dogs are welcome [2].") == (
        "Leave is 30 days [1]. Leave is paid [1]. Dogs are welcome."
    )
    assert answer.cited == (1,)
    assert [(check.n, check.supported) for check in answer.checks] == [(1, True), (1, True), (2, False), (2, False)]
    assert answer.checks[-1].sentence == "Dogs are welcome"


async def test_the_mark_of_a_passage_that_was_not_given_is_taken_out_and_told() -> None:
    answer = CitedAnswer(PASSAGES, ByWord())
    assert await shown(answer, "Leave is 30 days [1]. The moon is cheese [4", "1].") == (
        "Leave is 30 days [1]. The moon is cheese."
    )
    assert [(check.n, check.sentence, check.supported) for check in answer.checks] == [
        (1, "Leave is 30 days", True),
        (41, "The moon is cheese", False),
    ]
    assert not answer.is_refuted


async def test_an_answer_with_invented_numbers_alone_gets_the_mark_of_what_supports_it() -> None:
    answer = CitedAnswer(PASSAGES, ByWord())
    assert await shown(answer, "The leave is 30 days [9].") == "The leave is 30 days. [1]"
    assert [(check.n, check.supported) for check in answer.checks] == [(9, False), (1, True)]


async def test_marks_side_by_side_stand_on_the_same_sentence() -> None:
    verifier = ByWord()
    answer = CitedAnswer(PASSAGES, verifier)
    assert await shown(answer, "Leave and parking are free [1][2]") == "Leave and parking are free [1][2]"
    assert verifier.asked == ["Leave and parking are free"] * 2


async def test_an_answer_whose_citations_all_fail_is_refuted() -> None:
    answer = CitedAnswer(PASSAGES, ByWord())
    await shown(answer, "Dogs are welcome [1].")
    assert answer.is_refuted


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Leave is 30 days.", "Leave is 30 days. [1]"),
        ("Dogs are welcome.", "Dogs are welcome."),
        ("Do you mean leave?", "Do you mean leave?"),
        ("", ""),
    ],
)
async def test_an_answer_without_marks_gets_the_one_of_the_passage_that_supports_it(said: str, expected: str) -> None:
    answer = CitedAnswer(PASSAGES, ByWord())
    assert await shown(answer, said) == expected
    assert not answer.is_refuted


async def test_without_a_verifier_every_mark_of_a_given_passage_stays() -> None:
    answer = CitedAnswer(PASSAGES, None)
    assert await shown(answer, "Dogs are welcome [2][7].") == "Dogs are welcome [2]."
    assert (answer.cited, answer.checks) == ((2,), [])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Leave is 30 days [1]. Dogs are welcome.", [("Leave is 30 days.", (1,)), ("Dogs are welcome.", ())]),
        ("Leave is 30 days. [1] It is paid. [1][2]", [("Leave is 30 days.", (1,)), ("It is paid.", (1, 2))]),
        ("Open the menu:\n- Choose A [2]\n- Choose B", [("Open the menu:", ()), ("Choose A", (2,)), ("Choose B", ())]),
        ("Leave [1] is 30 days [2].", [("Leave is 30 days.", (1, 2))]),
        ("See a[1] and [7].", [("See a[1] and.", ())]),
        ("", []),
    ],
)
def test_the_sentences_of_an_answer_are_told_with_the_marks_on_them(
    text: str, expected: list[tuple[str, tuple[int, ...]]]
) -> None:
    assert cited_sentences(text, {1, 2}) == expected
