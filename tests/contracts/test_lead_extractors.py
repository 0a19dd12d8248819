"""The rules keep the contract."""

import pytest

from backend.errors import UnknownStrategy
from backend.leads import EXTRACTORS
from backend.leads.base import LeadExtractor
from tests.contracts.lead_extractor import FIELDS, SAID, SETTING, LeadExtractorContract, assert_sound, conversation

LONG = 4_000


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
async def test_what_repeats_itself_through_the_longest_message_gives_sound_values(piece: str) -> None:
    extractor = EXTRACTORS.get("rules")()
    turns = conversation([("user", (piece * LONG)[:LONG])])

    assert_sound(turns, await extractor.extract(turns, FIELDS, SETTING))
