"""Leads as a file for spreadsheets and other programs: a line for each lead."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Final
from uuid import UUID

from backend.datasets.formats import inert
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.leads import LeadQuery, LeadService, check_agent
from contracts import lead_records as wire
from contracts.lead_fields import STANDARD, LeadFields
from contracts.leads import Money, Size, When

READ: Final = 50
COLUMNS: Final = (
    "id",
    "created_at",
    "updated_at",
    "agent",
    "stage",
    "owner",
    "score",
    "consent",
    "name",
    "company",
    "role",
    "email",
    "phone",
    "budget",
    "budget_low",
    "budget_high",
    "budget_currency",
    "budget_period",
    "timeline",
    "timeline_from",
    "timeline_to",
    "team_size",
    "team_size_low",
    "team_size_high",
    "need",
    "notes",
)
"""Behind them the own fields of agents, each as `own_<its name>`, and `other`: as JSON the fields that no agent has any
more. A day is the first and the last of its timeline."""
Cell = bool | int | float | str | None
Table = Sequence[Sequence[Cell]]


class LeadExport:
    def __init__(self, uow: UnitOfWork, leads: LeadService) -> None:
        self._uow = uow
        self._leads = leads

    async def lines(self, principal: Principal, query: LeadQuery) -> AsyncIterator[str]:
        """CSV, some lines at a time. Raises `AgentNotFound` before the first."""
        async with self._uow.read(principal.workspace_id) as tx:
            await check_agent(tx, query.where.agent_id)
            own = await _own_fields(tx, query.where.agent_id)
        return self._written(principal.workspace_id, query, own)

    async def _written(self, workspace_id: UUID, query: LeadQuery, own: Sequence[str]) -> AsyncIterator[str]:
        yield _csv([[*COLUMNS, *(f"own_{name}" for name in own), "other"]])
        slice_ = Slice(READ)
        while True:
            async with self._uow.read(workspace_id) as tx:
                found, cursor = await self._leads.found(tx, query, slice_)
                rows = await self._leads.rows(tx, found)
                agents = await tx.agents.names()
            notes = [self._leads.notes(whole) for whole in found]
            yield _csv([_cells(row, agents, said, own) for row, said in zip(rows, notes, strict=True)])
            if cursor is None:
                return
            slice_ = Slice(READ, cursor)


async def _own_fields(tx: Tx, agent_id: UUID | None) -> list[str]:
    """The names of the fields of that agent, or of all, that are no standard ones."""
    agents = [agent for agent in await tx.agents.all() if agent_id in (None, agent.id)]
    return sorted({one.name for agent in agents for one in LeadFields.model_validate(agent.lead_fields or {}).own})


def _cells(row: wire.LeadRow, agents: Mapping[UUID, str], notes: str, own: Sequence[str]) -> list[Cell]:
    values = {name: found.value for name, found in row.values.items()}
    told: dict[str, Cell] = {
        "id": str(row.id),
        "created_at": row.created_at.isoformat(),
        "updated_at": row.updated_at.isoformat(),
        "agent": agents.get(row.agent_id, str(row.agent_id)),
        "stage": row.stage,
        "owner": row.owner,
        "score": row.score,
        "consent": row.consent,
        "notes": notes,
    }
    for name in STANDARD:
        told |= _named(name, values.get(name))
    rest = {
        name: found.model_dump(mode="json")["value"]
        for name, found in row.values.items()
        if name not in (*STANDARD, *own)
    }
    return [
        *(told.get(name) for name in COLUMNS),
        *(_one(values.get(name)) for name in own),
        json.dumps(rest, ensure_ascii=False) if rest else None,
    ]


def _named(name: str, value: wire.Value | None) -> dict[str, Cell]:
    """The columns of a standard field."""
    if isinstance(value, Money):
        bounds = {f"{name}_low": value.low, f"{name}_high": value.high}
        return {name: value.amount, **bounds, f"{name}_currency": value.currency, f"{name}_period": value.period}
    if isinstance(value, When):
        first, last = value.date or value.start, value.date or value.end
        return {
            name: value.text,
            f"{name}_from": first.isoformat() if first is not None else None,
            f"{name}_to": last.isoformat() if last is not None else None,
        }
    if isinstance(value, Size):
        return {name: value.number, f"{name}_low": value.low, f"{name}_high": value.high}
    return {name: value}


def _one(value: wire.Value | None) -> Cell:
    """A field of an agent's own has one column."""
    return value if value is None or isinstance(value, bool | int | float | str) else json.dumps(value.model_dump())


def _csv(table: Table) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([_cell(value) for value in row] for row in table)
    return out.getvalue()


def _cell(value: Cell) -> str:
    """Numbers are written so that reading gives the same; texts so that no spreadsheet runs them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, int | float) else inert(value)
