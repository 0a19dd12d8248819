"""Whether a passage carries a sentence, with the real embedding model."""

import pytest

from backend.agents.providers.base import PassageText
from backend.embeddings.native import NativeEmbedder
from backend.retrieval.verification import Verifier, last_sentence

LEAVE = PassageText(
    1,
    "Annual leave",
    "Every employee has 30 days of annual leave. Leave that is not taken by 31 March of the next year is lost. "
    "Ask your manager before you book a journey.",
)
PARKING = PassageText(2, "Parking", "The garage opens at 6 a.m. Visitors park in front of the building.")


@pytest.fixture(scope="module")
def verifier() -> Verifier:
    return Verifier(NativeEmbedder())


@pytest.mark.parametrize(
    ("sentence", "supported"),
    [
        ("Every employee has 30 days of annual leave.", True),
        ("You get 30 vacation days a year.", True),
        ("Holidays that you do not use expire at the end of March.", True),
        ("You get 45 vacation days a year.", False),
        ("The canteen serves vegetarian food on Fridays.", False),
        ("Visitors may park in front of the building.", False),
        ("**Yes:**", True),
    ],
)
async def test_a_sentence_is_supported_by_what_says_the_same(
    verifier: Verifier, sentence: str, supported: bool
) -> None:
    [found] = await verifier.support(sentence, [LEAVE])
    assert found.supported is supported, found


async def test_each_passage_is_judged_by_itself(verifier: Verifier) -> None:
    found = await verifier.support("Visitors park in front of the building.", [LEAVE, PARKING])
    assert [one.supported for one in found] == [False, True]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("First one. The second", "The second"),
        ("- one item\n- another", "- another"),
        ("It costs 3.50 EUR a month", "It costs 3.50 EUR a month"),
        ("", ""),
    ],
)
def test_a_mark_stands_on_the_sentence_before_it(text: str, sentence: str) -> None:
    assert last_sentence(text) == sentence
