"""The steps of a `draft_document` job. What was asked is in the database, so a step goes on where the last one stopped.

Calls that are under way when the process dies are made again: nobody knows what became of them.
"""

from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from backend.agents.factory import AgentFactory
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import Provider, Usage
from backend.faqs.llm import ModelExtractor
from backend.repositories.uow import UnitOfWork
from backend.services.budget import Budget
from backend.services.drafting import DraftingPlan, DraftPayload, able, price_for
from backend.services.drafting_run import DraftingRun, Order
from backend.services.extraction import alive
from backend.services.providers import ProviderService
from backend.tracing.track import track
from contracts.drafting import DraftingResult

AT_ONCE: Final = {"server": 4, "child": 1, "offline": 1}
"""Calls under way together, by where the model is."""

Report = Callable[[int, int], Awaitable[None]]
"""Awaited with the sections that are done, and all of them."""


class Begun(BaseModel):
    sections: int
    done: int


class ModelDrafting:
    """`extractor` makes one from a provider and a model's name."""

    def __init__(
        self,
        uow: UnitOfWork,
        providers: ProviderService,
        factory: AgentFactory,
        extractor: Callable[[Provider, str], ModelExtractor],
    ) -> None:
        self._uow = uow
        self._providers = providers
        self._factory = factory
        self._extractor = extractor
        self._plan = DraftingPlan(uow)

    async def begin(self, workspace_id: UUID, job_id: UUID, payload: DraftPayload) -> Begun:
        """What failed before, or with `again` was done by other jobs, is open again. Once an attempt."""
        async with self._uow(workspace_id) as tx:
            await alive(tx, payload.document_id)
            await tx.drafting.reopen(payload.document_id, job_id, again=payload.again)
        survey = await self._plan.survey(workspace_id, payload.document_id)
        return Begun(sections=survey.sections, done=survey.done)

    @track("drafting.run")
    async def draft(
        self, workspace_id: UUID, job_id: UUID, payload: DraftPayload, begun: Begun, report: Report
    ) -> DraftingResult:
        """Raises what ended it before its time: the provider's error, or `JobCancelled` without its document."""
        run = await self._run(workspace_id, job_id, payload)
        # What `begun` tells is of the attempt's first step: a process that died since has done more.
        done = (await self._plan.survey(workspace_id, payload.document_id, failed_in=job_id)).done

        async def one_more() -> None:
            nonlocal done
            done += 1
            await report(done, begun.sections)

        await run.work(AT_ONCE[PROVIDERS.vendors[payload.provider].place], one_more)
        async with self._uow.read(workspace_id) as tx:
            await alive(tx, payload.document_id)
            totals = await tx.drafting.totals(payload.document_id, job_id)
        if totals.calls and totals.failed == totals.calls and run.last_fault is not None:
            raise run.last_fault
        survey = await self._plan.survey(workspace_id, payload.document_id)
        return DraftingResult(
            document_id=payload.document_id,
            provider=payload.provider,
            model=payload.model,
            sections=survey.sections,
            done=survey.done,
            left=survey.sections - survey.done,
            calls=totals.calls,
            failed=totals.failed,
            drafts=totals.kept,
            dropped=dict(totals.dropped),
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
            cost_usd=totals.cost_usd,
            stopped=run.stopped,
        )

    async def _run(self, workspace_id: UUID, job_id: UUID, payload: DraftPayload) -> DraftingRun:
        async with self._uow.read(workspace_id) as tx:
            await alive(tx, payload.document_id)
            choice = await able(self._providers, tx, payload.provider, payload.model)
            before = await tx.drafting.totals(payload.document_id, job_id)
        budget = Budget(
            payload.budget_tokens,
            payload.budget_usd,
            await price_for(choice),
            spent=Usage(before.input_tokens, before.output_tokens),
            spent_usd=before.cost_usd or Decimal(0),
        )
        extractor = self._extractor(self._factory.provider(choice.config), choice.model_name)
        return DraftingRun(self._uow, extractor, budget, Order(workspace_id, job_id, payload), before)
