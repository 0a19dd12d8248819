"""A lead with those that are part of it: what one person said, in one conversation or several."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from backend.db.leads import Lead
from backend.repositories.uow import Tx
from contracts.lead_records import Evidence, PastEvidence


@dataclass(frozen=True, slots=True)
class Said:
    """What holds, by its field, and what was replaced or taken back."""

    values: dict[str, Evidence]
    history: list[PastEvidence]


@dataclass(frozen=True, slots=True)
class Whole:
    """`said` has the newest value of each field over all its leads; its history has the others, the newest first."""

    lead: Lead
    parts: Sequence[Lead]
    said: Said

    @property
    def leads(self) -> list[Lead]:
        return [self.lead, *self.parts]

    @property
    def conversation_ids(self) -> list[UUID]:
        return [one.conversation_id for one in self.leads]


_UNKNOWN: Final = datetime.min.replace(tzinfo=UTC)


async def wholes(tx: Tx, leads: Sequence[Lead], read: Callable[[Lead], Said]) -> list[Whole]:
    """In their order; `read` tells what is kept of each. Raises what it raises."""
    parts = await tx.leads.parts([one.id for one in leads])
    told = {one.id: [read(part) for part in (one, *parts[one.id])] for one in leads}
    asked = {
        found.message_id
        for said in told.values()
        if len(said) > 1 or said[0].history
        for one in said
        for found in (*one.values.values(), *one.history)
    }
    at = await tx.conversations.said_at(list(asked)) if asked else {}
    return [Whole(one, parts[one.id], _joined(told[one.id], at)) for one in leads]


def _joined(told: Sequence[Said], at: Mapping[UUID, datetime]) -> Said:
    def when(found: Evidence) -> datetime:
        return at.get(found.message_id, _UNKNOWN)

    values: dict[str, Evidence] = {}
    for field, found in (pair for said in told for pair in said.values.items()):
        if field not in values or when(found) > when(values[field]):
            values[field] = found
    others = [
        PastEvidence(**dict(found), field=field, standing="replaced")
        for said in told
        for field, found in said.values.items()
        if found.value != values[field].value
    ]
    history = [*(one for said in told for one in said.history), *others]
    return Said(values, sorted(history, key=when, reverse=True))
