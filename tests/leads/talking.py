"""Conversations for the tests of lead extraction."""

import asyncio
from collections.abc import Sequence
from datetime import date

from backend.leads.base import FieldSpec, LeadValue, Setting, Turn, Value
from backend.leads.rules import RulesExtractor

TODAY = date(2026, 9, 3)
"""A Thursday."""


def turns_of(*said: str) -> list[Turn]:
    """The visitor's, and those that begin with "> " the assistant's."""
    return [
        Turn("assistant", text[2:], str(n)) if text.startswith("> ") else Turn("user", text, str(n))
        for n, text in enumerate(said)
    ]


def extracted(*said: str, region: str | None = "US", fields: Sequence[FieldSpec] = ()) -> list[LeadValue]:
    return asyncio.run(RulesExtractor().extract(turns_of(*said), fields, Setting(TODAY, region)))


def held(*said: str, region: str | None = "US", fields: Sequence[FieldSpec] = ()) -> dict[str, Value]:
    """What holds at the end."""
    return {one.field: one.value for one in extracted(*said, region=region, fields=fields) if one.standing == "holds"}


def value_of(field: str, *said: str, region: str | None = "US") -> Value | None:
    return held(*said, region=region).get(field)
