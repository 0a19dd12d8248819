"""Drafting FAQs from a document with a model: what it would take, and starting it."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from decimal import ROUND_UP, Decimal
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from backend.agents.factory import ProviderChoice
from backend.agents.prices import Price, price_of
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import NOTHING, Usage
from backend.db.models import Document
from backend.db.models import Section as SectionRow
from backend.errors import Conflict, InvalidRequest
from backend.faqs.llm import input_tokens, most_output, most_usage
from backend.faqs.pieces import Piece, pieces_of
from backend.jobs.base import JobRequest, JobRunner
from backend.parsing.base import Block, Section
from backend.repositories.drafting import KIND
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.budget import cost
from backend.services.providers import ProviderService
from backend.tracing.track import track
from contracts import drafting as wire
from contracts.documents import DocumentStatus
from contracts.jobs import Job

SECTIONS: Final = 100
"""Sections read at once."""
FREE: Final = Price(Decimal(0), Decimal(0))


class DraftPayload(BaseModel):
    document_id: UUID
    provider: str
    model: str
    budget_usd: Decimal | None = None
    budget_tokens: int | None = None
    sections: int | None = None
    again: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A piece of a stored section. `is_done`: a model was asked about this very text."""

    section_id: UUID
    piece: Piece
    is_done: bool
    is_last: bool


@dataclass(slots=True)
class Survey:
    """What is left of a document, as far as it was counted."""

    sections: int = 0
    done: int = 0
    calls: int = 0
    usage: Usage = NOTHING


class DraftingPlan:
    """Reads what a document has to ask about, some sections at a time."""

    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def pieces(
        self, workspace_id: UUID, document_id: UUID, *, failed_in: UUID | None = None
    ) -> AsyncGenerator[list[Planned]]:
        """In the order of the document. With a job, what failed in it is done as well."""
        last = -1
        while True:
            async with self._uow.read(workspace_id) as tx:
                rows = await tx.documents.sections_after(document_id, last, limit=SECTIONS)
                done = await tx.drafting.settled([row.id for row in rows], failed_in=failed_in)
            if not rows:
                return
            yield await asyncio.to_thread(_planned, rows, done)
            last = rows[-1].ordinal

    async def survey(
        self, workspace_id: UUID, document_id: UUID, *, again: bool = False, failed_in: UUID | None = None
    ) -> Survey:
        """With `again`, nothing counts as done; with a job, what failed in it does."""
        found = Survey()
        async for batch in self.pieces(workspace_id, document_id, failed_in=failed_in):
            await asyncio.to_thread(_count, found, batch, again)
        return found

    async def first_open(self, workspace_id: UUID, document_id: UUID, *, again: bool) -> Piece | None:
        """The piece that is asked about first; with `again`, nothing counts as done."""
        async with aclosing(self.pieces(workspace_id, document_id)) as batches:
            async for batch in batches:
                if found := next((one.piece for one in batch if again or not one.is_done), None):
                    return found
        return None


class DraftingService:
    def __init__(self, uow: UnitOfWork, runner: JobRunner, providers: ProviderService) -> None:
        self._uow = uow
        self._runner = runner
        self._providers = providers
        self._plan = DraftingPlan(uow)

    async def estimate(
        self, principal: Principal, document_id: UUID, provider: str, model: str, *, again: bool
    ) -> wire.DraftingEstimate:
        """Reads every section of the document. Raises `Conflict` for one that is not ready."""
        async with self._uow.read(principal.workspace_id) as tx:
            await _ready(tx, document_id)
            choice = await able(self._providers, tx, provider, model)
            job_id = await tx.jobs.unfinished(KIND, document_id=document_id)
            pace = await tx.drafting.pace(choice.config.name, choice.model_name)
        survey = await self._plan.survey(principal.workspace_id, document_id, again=again)
        price = await price_for(choice)
        return wire.DraftingEstimate(
            document_id=document_id,
            provider=choice.config.name,
            model=choice.model_name,
            sections=survey.sections,
            done=survey.done,
            calls=survey.calls,
            input_tokens=survey.usage.input_tokens,
            output_tokens=survey.usage.output_tokens,
            least_usd=price and cost(Usage(survey.usage.input_tokens, 0), price),
            most_usd=price and cost(survey.usage, price),
            seconds=pace and pace * survey.calls,
            job_id=job_id,
        )

    @track("drafting.start")
    async def start(self, principal: Principal, document_id: UUID, new: wire.NewDrafting) -> Job:
        """Raises `Conflict` while one runs for the document, and for a document that is not ready, `InvalidRequest` for
        a budget that the first call may exceed."""
        async with self._uow.read(principal.workspace_id) as tx:
            await tx.documents.get(document_id)
            choice = await able(self._providers, tx, new.provider, new.model)
        price = await price_for(choice)
        if new.budget_usd is not None and price is None:
            raise InvalidRequest(
                f"budget_usd: the price of {choice.model_name!r} is not known; give a budget_tokens instead"
            )
        usd = Decimal(str(new.budget_usd)) if new.budget_usd is not None else None
        first = await self._plan.first_open(principal.workspace_id, document_id, again=new.again)
        if first is not None:
            _check_budget(most_usage(first), new.budget_tokens, usd, price)
        payload = DraftPayload(
            document_id=document_id,
            provider=choice.config.name,
            model=choice.model_name,
            budget_usd=usd,
            budget_tokens=new.budget_tokens,
            sections=new.sections,
            again=new.again,
        )
        async with self._uow(principal.workspace_id) as tx:
            document = await _ready(tx, document_id)
            running = await tx.jobs.unfinished(KIND, document_id=document_id)
            if running is not None:
                raise Conflict(f"the job {str(running)!r} drafts from this document; cancel it, or wait for its end")
            request = JobRequest(kind=KIND, payload=payload, title=document.name, document_id=document_id)
            return await tx.jobs.get(await self._runner.submit(tx, request))


def _check_budget(least: Usage, tokens: int | None, usd: Decimal | None, price: Price | None) -> None:
    """Raises `InvalidRequest` for less than the first call may take."""
    if tokens is not None and tokens < least.total:
        raise InvalidRequest(
            f"budget_tokens: {tokens:,} tokens are too few for the first section, which may take {least.total:,}; give "
            f"at least {least.total:,}, or no limit"
        )
    if usd is not None and price is not None and usd < (needed := cost(least, price)):
        told = needed.quantize(Decimal("0.000001"), ROUND_UP)
        raise InvalidRequest(
            f"budget_usd: {usd} USD are too few for the first section, which may take {told}; give at least {told}, or "
            "no limit"
        )


async def able(providers: ProviderService, tx: Tx, name: str, model: str, *, to: str = "draft FAQs") -> ProviderChoice:
    """Raises `InvalidRequest` for a provider that is not set up, or does not write structured answers."""
    choice = await providers.choice(tx, name, model, field="provider")
    PROVIDERS.check_structured(name, choice.model_name, field="provider", to=to)
    return choice


async def price_for(choice: ProviderChoice) -> Price | None:
    """Nothing for a model on this machine; None when it is not known."""
    if PROVIDERS.vendors[choice.config.name].place != "server":
        return FREE
    return await asyncio.to_thread(price_of, choice.config.name, choice.model_name)


def section_of(row: SectionRow) -> Section:
    """A stored section as the parser gave it."""
    return Section(
        ordinal=row.ordinal,
        title_path=tuple(row.title_path),
        level=row.level,
        text=row.text,
        blocks=tuple(Block(kind=kind, start=start, end=end, page=page) for kind, start, end, page in row.blocks),
        page=row.page,
        anchor=row.anchor,
    )


async def _ready(tx: Tx, document_id: UUID) -> Document:
    document = await tx.documents.get(document_id)
    if document.status != DocumentStatus.READY:
        raise Conflict("the document is not ready; wait until it is read, or try that again")
    return document


def _planned(rows: Sequence[SectionRow], done: dict[tuple[UUID, int], str]) -> list[Planned]:
    found: list[Planned] = []
    for row in rows:
        pieces = list(pieces_of(section_of(row)))
        for piece in pieces:
            is_done = done.get((row.id, piece.part)) == piece.key
            found.append(Planned(row.id, piece, is_done, piece is pieces[-1]))
    return found


def _count(survey: Survey, batch: Sequence[Planned], again: bool) -> None:
    """A section's pieces are in one batch."""
    is_open = False
    for planned in batch:
        if again or not planned.is_done:
            is_open = True
            survey.calls += 1
            survey.usage += Usage(input_tokens(planned.piece), most_output(planned.piece))
        if planned.is_last:
            survey.sections += 1
            survey.done += not is_open
            is_open = False
