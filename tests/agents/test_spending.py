"""Every call counts, whichever way it ends."""

from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal

import pytest
from pydantic import BaseModel

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import (
    NOTHING,
    Done,
    GenerationRequest,
    Message,
    PassageText,
    Structured,
    TextDelta,
    Usage,
    collect,
)
from backend.agents.providers.config import ProviderConfig
from backend.agents.providers.streams import closing
from backend.agents.spending import CountedProvider, Spending
from backend.errors import ProviderBadAnswer, ProviderError, ProviderTimeout
from backend.security.outbound import Outbound
from tests.agents.scripted import ScriptedProvider, Step

REQUEST = GenerationRequest("m", (Message("user", "When are invoices sent? " * 10),))
GIVEN = 96
"""80 tokens of three bytes and those around a message."""
SAID = TextDelta("Monthly, and always on a Monday.")


class Value(BaseModel):
    name: str


async def spent(*script: Step, request: GenerationRequest = REQUEST) -> Usage:
    spending = Spending()
    with suppress(ProviderError):
        await collect(CountedProvider("openai", ScriptedProvider(script), spending).stream(request))
    return spending.usage


@pytest.mark.parametrize(
    ("script", "usage"),
    [
        ((SAID, Done(Usage(5, 3), "stop", "m")), Usage(5, 3)),
        ((SAID, Done(NOTHING, "stop", "m")), Usage(GIVEN, 11)),
        ((SAID, Done(Usage(5, 0), "stop", "m")), Usage(5, 11)),
        ((Structured(Value(name="x")), Done(NOTHING, "stop", "m")), Usage(GIVEN, 4)),
        ((ProviderTimeout("no first token"),), NOTHING),
        ((SAID, ProviderTimeout("stopped in the middle")), Usage(GIVEN, 11)),
        ((ProviderBadAnswer("no JSON", (20, 9)),), Usage(20, 9)),
    ],
)
async def test_what_the_vendor_tells_counts_and_else_what_was_said(script: Sequence[Step], usage: Usage) -> None:
    assert await spent(*script) == usage


@pytest.mark.parametrize(("heard", "usage"), [(1, Usage(GIVEN, 11)), (2, Usage(GIVEN, 22))])
async def test_a_call_that_is_left_counts_with_what_was_said(heard: int, usage: Usage) -> None:
    spending = Spending()
    provider = CountedProvider("openai", ScriptedProvider((SAID, SAID, SAID)), spending)
    async with closing(provider.stream(REQUEST)) as events:
        for _ in range(heard):
            await anext(events)
    assert spending.usage == usage


async def test_passages_are_part_of_the_prompt() -> None:
    passage = PassageText(1, "Invoices", "Invoices are sent monthly. " * 20)
    asked = GenerationRequest("m", REQUEST.messages, (passage,))
    assert (await spent(Done(NOTHING, "stop", "m"), request=asked)).input_tokens > GIVEN + 180


def test_a_sum_with_a_call_of_unknown_price_has_none() -> None:
    spending = Spending()
    assert spending.cost_usd is None
    spending.add("openai", "gpt-5-mini", Usage(1_000_000, 0))
    spending.add("openai", "gpt-5-mini", NOTHING)
    once = spending.cost_usd
    assert once is not None
    assert once > 0
    spending.add("openai", "gpt-5-mini", Usage(1_000_000, 0))
    assert spending.cost_usd == Decimal(2) * once
    spending.add("openai-compatible", "gpt-5-mini", Usage(1, 0))
    assert spending.cost_usd is None
    assert spending.usage == Usage(2_000_001, 0)


async def test_quoting_takes_no_tokens_alone_or_as_a_fallback(outbound: Outbound) -> None:
    factory, spending = AgentFactory(PROVIDERS, outbound.provider_client), Spending()
    passage = PassageText(1, "Invoices", "Invoices are sent monthly.")
    asked = GenerationRequest("", (Message("user", "When are invoices sent?"),), (passage,))
    said = await collect(factory.chain(AgentConfig(ProviderChoice(ProviderConfig("builtin"))), spending).stream(asked))
    assert said.text
    assert (said.done.usage, spending.usage, spending.cost_usd) == (NOTHING, NOTHING, None)
