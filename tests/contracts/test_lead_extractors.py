"""The rules keep the contract."""

import time

import pytest

from backend.errors import UnknownStrategy
from backend.leads import EXTRACTORS
from backend.leads.base import LeadExtractor
from tests.contracts.lead_extractor import FIELDS, SAID, SETTING, LeadExtractorContract, assert_sound, conversation

LONG = 4_000
BOUND = 5.0
"""Seconds of processor time for the longest message; the slowest of these took 0.6."""


class TestRules(LeadExtractorContract):
    @pytest.fixture
    def extractor(self) -> LeadExtractor:
        return EXTRACTORS.get("rules")()


def test_an_unknown_extractor_is_refused_with_the_known_names() -> None:
    with pytest.raises(UnknownStrategy, match="rules"):
        EXTRACTORS.get("magic")


@pytest.mark.parametrize(
    "piece",
    [
        SAID[0][1] + " ",
        "1 ",
        "a@",
        "12-",
        "one ",
        "dot ",
        "I'm ",
        "(((",
        "$5k-",
        "Ann, ",
        "needneed ",
        "- ",
        "מ",
        "5 of ",
        "A.B.",
    ],
)
async def test_the_longest_message_takes_bounded_work(piece: str) -> None:
    extractor = EXTRACTORS.get("rules")()
    await extractor.extract(conversation(SAID), FIELDS, SETTING)
    turns = conversation([("user", (piece * LONG)[:LONG])])

    start = time.process_time()
    values = await extractor.extract(turns, FIELDS, SETTING)

    assert time.process_time() - start < BOUND
    assert_sound(turns, values)
