"""What sales people do with leads: look for them, move them on, join those of one person."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.db.leads import Lead
from backend.errors import AgentNotFound, Conflict, InvalidRequest, NotFound, StaleRevision
from backend.repositories.leads import LeadFilter
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.lead_capture import LeadCapture
from backend.services.lead_rows import rows_of
from backend.services.lead_wholes import Whole, wholes
from backend.tracing.track import track
from contracts import lead_records as wire
from contracts.page import Page

READ: Final = 50
"""Leads that are opened at a time where words are looked for: 20 ms, in which nobody else is served (measured)."""


@dataclass(frozen=True, slots=True)
class LeadQuery:
    """Which leads, in which order; `text` is in a value or in the words that it came from."""

    where: LeadFilter
    text: str = ""
    sort: wire.LeadSort = "newest"


class PartOfAnother(Conflict):
    """What is to be done with a lead is done with the one that it was merged into."""

    code, title = "part_of_another", "The lead is part of another one"


class LeadService:
    def __init__(self, uow: UnitOfWork, capture: LeadCapture) -> None:
        self._uow = uow
        self._capture = capture

    async def page(self, principal: Principal, query: LeadQuery, slice_: Slice) -> Page[wire.LeadRow]:
        """Where a text is looked for, leads are opened until the page is full. Raises `AgentNotFound`."""
        async with self._uow.read(principal.workspace_id) as tx:
            await check_agent(tx, query.where.agent_id)
            found, cursor = await self.found(tx, query, slice_)
            return Page(items=await self.rows(tx, found), next_cursor=cursor)

    async def get(self, principal: Principal, lead_id: UUID) -> wire.Lead:
        async with self._uow.read(principal.workspace_id) as tx:
            return await self.shown(tx, await tx.leads.get(lead_id))

    @track("leads.edit")
    async def edit(self, principal: Principal, lead_id: UUID, edit: wire.LeadEdit) -> wire.Lead:
        """Raises `StaleRevision` when the lead is another one since revision `edit.revision`, and `PartOfAnother`."""
        given = edit.model_fields_set - {"revision"}
        if not given:
            raise InvalidRequest("nothing to change; give stage, owner or notes")
        async with self._uow(principal.workspace_id) as tx:
            lead = await standing(tx, lead_id)
            if lead.revision != edit.revision:
                raise StaleRevision(
                    f"you edited revision {edit.revision} of this lead, but it is now at {lead.revision}; reload it "
                    "and try again"
                )
            if edit.stage is not None:
                lead.stage = edit.stage
            if "owner" in given:
                lead.owner = edit.owner
            self._capture.edit(lead, notes=edit.notes)
            return await self.shown(tx, lead)

    @track("leads.merge")
    async def merge(self, principal: Principal, lead_id: UUID, merge: wire.LeadMerge) -> wire.Lead:
        """Those that are part of the lead already stay so. Raises `NotFound`, `InvalidRequest` for the lead itself, and
        `PartOfAnother`, also for the lead."""
        if lead_id in merge.lead_ids:
            raise InvalidRequest(f"lead_ids: {str(lead_id)!r} is the lead itself; name the others")
        async with self._uow(principal.workspace_id) as tx:
            lead = await standing(tx, lead_id)
            own = {part.id for part in (await tx.leads.parts([lead_id]))[lead_id]}
            for other_id in dict.fromkeys(merge.lead_ids):
                if other_id not in own:
                    (await standing(tx, other_id)).merged_into = lead_id
            await self._capture.renew(tx, lead)
            return await self.shown(tx, lead)

    @track("leads.take_out")
    async def take_out(self, principal: Principal, lead_id: UUID, part_id: UUID) -> wire.Lead:
        """Undoes a merge: the part is a lead of its own again, with what was merged into it. Raises `NotFound`."""
        async with self._uow(principal.workspace_id) as tx:
            lead = await tx.leads.get(lead_id)
            parts = (await tx.leads.parts([lead_id]))[lead_id]
            part = next((one for one in parts if one.id == part_id), None)
            above = await tx.leads.find(part.merged_into) if part is not None and part.merged_into else None
            if part is None or above is None:
                raise NotFound(f"no lead {str(part_id)!r} is part of this one")
            part.merged_into = None
            await self._capture.renew(tx, part)
            await self._capture.renew(tx, above)
            return await self.shown(tx, lead)

    # --- for whoever shows leads in another way ---------------------------------------
    async def found(self, tx: Tx, query: LeadQuery, slice_: Slice) -> tuple[list[Whole], str | None]:
        """A page, and the cursor of the next one."""
        where, sort = query.where, query.sort
        if not query.text:
            leads, cursor = await tx.leads.page(where, sort, slice_)
            return await wholes(tx, leads, self._capture.read), cursor
        found: list[Whole] = []
        cursor = slice_.cursor
        while True:
            leads, cursor = await tx.leads.page(where, sort, Slice(READ, cursor))
            for whole in await wholes(tx, leads, self._capture.read):
                if not _says(whole, query.text):
                    continue
                if len(found) == slice_.limit:
                    return found, tx.leads.cursor(found[-1].lead, sort)
                found.append(whole)
            if cursor is None:
                return found, None

    async def rows(self, tx: Tx, found: Sequence[Whole]) -> list[wire.LeadRow]:
        return await rows_of(tx, found, self._capture.today())

    def notes(self, whole: Whole) -> str:
        return self._capture.notes(whole.lead)

    async def shown(self, tx: Tx, lead: Lead) -> wire.Lead:
        whole = await self.whole(tx, lead)
        [row] = await self.rows(tx, [whole])
        return wire.Lead(**dict(row), notes=self.notes(whole), history=whole.said.history)

    async def whole(self, tx: Tx, lead: Lead) -> Whole:
        [whole] = await wholes(tx, [lead], self._capture.read)
        return whole


async def standing(tx: Tx, lead_id: UUID) -> Lead:
    """Raises `NotFound`, and `PartOfAnother`."""
    lead = await tx.leads.get(lead_id)
    if lead.merged_into is not None:
        root = (await tx.leads.roots([lead.id]))[lead.id]
        raise PartOfAnother(
            f"the lead {str(lead_id)!r} is part of {str(root)!r}; do this with that one, or take it out of there first"
        )
    return lead


async def check_agent(tx: Tx, agent_id: UUID | None) -> None:
    """Raises `AgentNotFound`; one that was deleted is known by its leads."""
    if agent_id is not None and agent_id not in await tx.agents.names() and not await tx.leads.of_agent(agent_id):
        raise AgentNotFound(f"no agent {str(agent_id)!r}")


def _says(whole: Whole, text: str) -> bool:
    wanted = text.casefold()
    said = (text for one in whole.said.values.values() for text in (one.raw, *_texts(one.value)))
    return any(wanted in one.casefold() for one in said)


def _texts(value: wire.Value) -> Sequence[str]:
    if isinstance(value, bool | int | float | str):
        return [str(value)]
    return [str(one) for one in value.model_dump(mode="json", exclude_none=True).values()]
