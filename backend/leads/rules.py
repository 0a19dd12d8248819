"""Leads by rules, offline: each message is read in its conversation, and what is newer holds."""

import asyncio
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import replace
from hashlib import blake2b
from typing import Final

from backend.leads.base import FieldSpec, LeadValue, Setting, Turn
from backend.leads.companies import companies
from backend.leads.conversation import Conversation
from backend.leads.folding import mask
from backend.leads.found import Found, Reading
from backend.leads.money import amounts, budgets, is_money
from backend.leads.needs import needs
from backend.leads.own import own_values
from backend.leads.people import names
from backend.leads.reach import addresses, dialled, emails, phones
from backend.leads.reading import read
from backend.leads.roles import roles
from backend.leads.sizes import sizes
from backend.leads.timelines import timelines, times

EXTRACTOR: Final = "rules"
LONG: Final = 1_000
"""Characters of a message that is read beside the event loop."""
KEPT: Final = 1_000
"""Messages whose reading is kept in memory."""
INTRODUCED: Final = 0.9
"""From this confidence on, what is a name is no part of a company's."""


class RulesExtractor:
    """A `LeadExtractor` that needs no model. What a message says is read once, however long its conversation gets."""

    def __init__(self) -> None:
        self._read: OrderedDict[tuple[bytes, tuple[FieldSpec, ...], Setting], tuple[Reading, list[Found]]] = (
            OrderedDict()
        )

    async def extract(self, turns: Sequence[Turn], fields: Sequence[FieldSpec], setting: Setting) -> list[LeadValue]:
        if any(turn.role == "user" and len(turn.text) > LONG for turn in turns):
            return await asyncio.to_thread(self._extracted, turns, fields, setting)
        return self._extracted(turns, fields, setting)

    def _extracted(self, turns: Sequence[Turn], fields: Sequence[FieldSpec], setting: Setting) -> list[LeadValue]:
        conversation, so_far = Conversation(EXTRACTOR), b""
        for index, turn in enumerate(turns):
            so_far = blake2b(b"\0".join((so_far, turn.role.encode(), turn.text.encode("utf-8", "replace")))).digest()
            if turn.role == "user":
                key = (so_far, tuple(fields), setting)
                if key not in self._read:
                    reading = read(turns, index, fields, setting)
                    self._read[key] = reading, list(found_in(reading))
                reading, found = self._read[key]
                conversation.add(turn, reading, found)
        while len(self._read) > KEPT:
            self._read.popitem(last=False)
        return conversation.values()


def found_in(reading: Reading) -> Iterator[Found]:
    """What is understood is masked for the rules that follow: a year is no team, an address no company."""
    mails, numbers = list(emails(reading)), list(phones(reading))
    yield from mails
    yield from numbers
    every = [(start, end) for start, end, _ in addresses(reading)]
    reading = _without(reading, [*every, *dialled(reading), *((one.start, one.end) for one in numbers)])
    for field in reading.own_fields:
        yield from own_values(reading, field)
    every_amount = amounts(reading.folded, reading.language, reading.setting.region)
    found = list(budgets(reading, every_amount))
    yield from found
    sums = [(one.start, one.end) for one in every_amount if is_money(one, reading)]
    reading = _without(reading, [*sums, *((one.start, one.end) for one in found)])
    every_time = times(reading)
    yield from timelines(reading, every_time)
    reading = _without(reading, [(one.start, one.end) for one in every_time])
    yield from sizes(reading)
    who = list(names(reading))
    functions = list(roles(reading))
    where = list(companies(reading, who[0] if who else None, functions))
    surely = [one for one in who if one.confidence >= INTRODUCED]
    where = [one for one in where if not any(_is_within(other, one) for other in surely)]
    yield from (one for one in who if not any(_is_within(one, other) for other in where))
    yield from (one for one in where if not any(_is_within(one, other) for other in functions))
    yield from functions
    yield from needs(reading)


def _is_within(one: Found, other: Found) -> bool:
    """ "our church, Grace Lutheran": what is told to be a company is nobody's name; "head of CX" is no company."""
    return other.start <= one.start and one.end <= other.end


def _without(reading: Reading, spans: list[tuple[int, int]]) -> Reading:
    folded = mask(reading.folded, spans)
    return replace(reading, folded=folded, clauses=[replace(one, message=folded) for one in reading.clauses])
