"""What every lead extractor does, by rules or by a model."""

from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.leads.base import STANDARD, FieldSpec, LeadExtractor, LeadValue, Setting, Turn
from contracts.leads import Money, Size, When

SETTING = Setting(date(2026, 9, 3), "US")
FIELDS = (
    FieldSpec("crm", "choice", "Which CRM do you use?", ("Zoho", "none")),
    FieldSpec("sites", "number", "How many sites do you have?"),
    FieldSpec("nda", "boolean", "Do you need an NDA?"),
    FieldSpec("visit", "date", "On which day may we visit you?"),
    FieldSpec("stack", "text", "What do you use today?"),
)
SAID = (
    ("user", "Hi, I'm Ann Lee from Weber Tools, ann@example.com."),
    ("assistant", "Thanks! Is $99 your budget? Our own Bob (bob@example.net, 212 555 0100) will call."),
    ("user", "No. My budget is $4,000, we need a shared inbox by October 1, and there are 12 of us."),
)
TYPES = {"budget": Money, "timeline": When, "team_size": Size}

hostile = st.text(st.characters(), max_size=120) | st.text(
    "0123456789 .,-+()@$€kK%:;?!\n\u202e\u200d\u05d0אI'İß", max_size=120
)


def conversation(said: Sequence[tuple[str, str]]) -> list[Turn]:
    return [Turn("user" if role == "user" else "assistant", text, f"m{n}") for n, (role, text) in enumerate(said)]


def assert_sound(turns: Sequence[Turn], values: Sequence[LeadValue]) -> None:
    """Every value stands in the visitor's words where it says, and each field holds once."""
    users = {turn.message_id: turn.text for turn in turns if turn.role == "user"}
    known = {*STANDARD, *(field.name for field in FIELDS)}
    for one in values:
        assert users[one.message_id][one.start : one.end] == one.raw
        assert one.raw
        assert one.field in known
        assert 0 <= one.confidence <= 1
        assert isinstance(one.value, TYPES.get(one.field, str | int | float))
    held = [one.field for one in values if one.standing == "holds"]
    assert len(held) == len(set(held))


class LeadExtractorContract:
    """Inherit it and give the fixture `extractor`."""

    @pytest.fixture
    def extractor(self) -> LeadExtractor:
        raise NotImplementedError("an extractor's contract test gives this fixture")

    async def test_what_the_visitor_says_is_found_in_their_own_words(self, extractor: LeadExtractor) -> None:
        turns = conversation(SAID)
        values = await extractor.extract(turns, FIELDS, SETTING)

        assert_sound(turns, values)
        assert {(one.field, one.value) for one in values} >= {("name", "Ann Lee"), ("email", "ann@example.com")}

    async def test_what_the_assistant_says_is_nobodys_lead(self, extractor: LeadExtractor) -> None:
        turns = [turn for turn in conversation(SAID) if turn.role == "assistant"]

        assert await extractor.extract(turns, FIELDS, SETTING) == []

    async def test_nothing_said_gives_nothing(self, extractor: LeadExtractor) -> None:
        assert await extractor.extract([], FIELDS, SETTING) == []
        assert await extractor.extract(conversation([("user", "")]), FIELDS, SETTING) == []

    async def test_the_same_conversation_gives_the_same_values(self, extractor: LeadExtractor) -> None:
        turns = conversation(SAID)

        assert await extractor.extract(turns, FIELDS, SETTING) == await extractor.extract(turns, FIELDS, SETTING)

    @settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(texts=st.lists(hostile, min_size=1, max_size=3), region=st.sampled_from(["US", "DE", "IL", None]))
    async def test_no_text_raises_and_every_value_is_sound(
        self, extractor: LeadExtractor, texts: list[str], region: str | None
    ) -> None:
        turns = conversation([("assistant" if n % 2 else "user", text) for n, text in enumerate(texts)])

        assert_sound(turns, await extractor.extract(turns, FIELDS, Setting(SETTING.today, region)))
