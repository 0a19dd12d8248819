"""One attempt of a drafting job: what is open is taken in turn, a few calls go on together, each is settled at once."""

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final, Literal
from uuid import UUID

from backend.agents.prices import cost_usd
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import Usage
from backend.db.models import Document
from backend.db.models import Section as SectionRow
from backend.errors import ProviderBadAnswer, ProviderError, ProviderRejected, ProviderTimeout
from backend.faqs.base import FaqDraft
from backend.faqs.dedup import question_key
from backend.faqs.llm import Drafted, Fault, ModelExtractor, input_tokens, most_usage, wording
from backend.jobs.rows import patiently
from backend.repositories.drafting import DONE, FAILED, DraftingTotals
from backend.repositories.uow import Tx, UnitOfWork
from backend.services.budget import Budget
from backend.services.drafting import DraftingPlan, DraftPayload, Planned
from backend.services.extraction import alive, draft_row, first_ordinal

IN_A_ROW: Final = 8
"""Answers that cannot be read before a model is taken to be unable; one that never ends counts as two."""
_REASON: Final = 500

Stop = Literal["budget", "sections"]


@dataclass(frozen=True, slots=True)
class Order:
    workspace_id: UUID
    job_id: UUID
    payload: DraftPayload


class DraftingRun:
    """`before` is what the job did until now. `stopped` tells why it ended before the last section."""

    def __init__(
        self, uow: UnitOfWork, extractor: ModelExtractor, budget: Budget, order: Order, before: DraftingTotals
    ) -> None:
        self._uow = uow
        self._extractor = extractor
        self._budget = budget
        self._order = order
        self._sections = set(before.sections)
        self._is_able = before.calls > before.failed
        self._faults = 0
        self._turn = asyncio.Lock()
        self._settled = asyncio.Event()
        self._failure: ProviderError | None = None
        self.last_fault: ProviderError | None = None
        self.stopped: Stop | None = None

    async def work(self, at_once: int, one_more: Callable[[], Awaitable[None]]) -> None:
        """Awaits `one_more` for each section. After a provider's error the calls under way end, then it is raised."""
        async with aclosing(self._open()) as pieces:
            workers = [asyncio.create_task(self._worker(pieces, one_more)) for _ in range(at_once)]
            try:
                await asyncio.gather(*workers)
            finally:
                for worker in workers:
                    worker.cancel()
                await asyncio.wait(workers)
        if self._failure is not None:
            raise self._failure

    async def _open(self) -> AsyncGenerator[Planned]:
        plan, order = DraftingPlan(self._uow), self._order
        batches = plan.pieces(order.workspace_id, order.payload.document_id, failed_in=order.job_id)
        async with aclosing(batches):
            async for batch in batches:
                for planned in batch:
                    if not planned.is_done:
                        yield planned

    async def _worker(self, pieces: AsyncGenerator[Planned], one_more: Callable[[], Awaitable[None]]) -> None:
        while (taken := await self._next(pieces)) is not None:
            planned, held = taken
            try:
                await self._ask(planned)
            except ProviderError as exc:
                self._failure = self._failure or exc
            finally:
                self._budget.release(held)
                self._settled.set()
            if planned.is_last:
                await one_more()

    async def _next(self, pieces: AsyncGenerator[Planned]) -> tuple[Planned, Usage] | None:
        """The next piece and what its call is held at; None when nothing more is to be asked."""
        async with self._turn:
            if self._is_over:
                return None
            planned = await anext(pieces, None)
            if planned is None:
                return None
            limit = self._order.payload.sections
            if limit is not None and len(self._sections | {planned.section_id}) > limit:
                self.stopped = "sections"
                return None
            held = await self._held(planned)
            if held is None:
                return None
            self._sections.add(planned.section_id)
            return planned, held

    async def _held(self, planned: Planned) -> Usage | None:
        """Waits for the calls under way where the budget may have room after them."""
        while not self._is_over:
            self._settled.clear()
            held = self._budget.hold(most_usage(planned.piece))
            if held is not None:
                return held
            if self._budget.is_idle:
                self.stopped = "budget"
                return None
            await self._settled.wait()
        return None

    @property
    def _is_over(self) -> bool:
        return self._failure is not None or self.stopped is not None

    async def _ask(self, planned: Planned) -> None:
        """Raises the provider's error, but for an answer that one piece alone did not get."""
        try:
            drafted = await self._extractor.draft(planned.piece)
        except ProviderBadAnswer as exc:
            await self._failed(planned, exc, Usage(*exc.tokens))
        except ProviderTimeout as exc:
            # One section that a slow model never ends must not hold up the others in every attempt.
            await self._failed(planned, exc, Usage(input_tokens(planned.piece), 0))
        except ProviderRejected as exc:
            if not self._is_able:
                raise  # the model or the request as such is refused
            await self._failed(planned, exc, Usage())
        else:
            self._is_able, self._faults = True, 0
            await self._settle(planned, drafted)

    async def _failed(self, planned: Planned, error: ProviderError, used: Usage) -> None:
        self._faults += 2 if isinstance(error, ProviderTimeout) else 1
        self.last_fault = error
        await self._settle(planned, None, failure=str(error)[:_REASON], used=used)
        if self._faults >= IN_A_ROW:
            raise error

    async def _settle(
        self, planned: Planned, drafted: Drafted | None, *, failure: str | None = None, used: Usage | None = None
    ) -> None:
        """Drafts and the note that they were asked for are one transaction."""
        used = drafted.usage if drafted is not None else used or Usage()
        usd = self._cost(used)
        self._budget.settle(used, usd, expected_input=input_tokens(planned.piece) if drafted is not None else 0)
        noted = {
            "document_id": self._order.payload.document_id,
            "content_hash": planned.piece.key,
            "provider": self._order.payload.provider,
            "model": self._order.payload.model,
            "status": DONE if drafted is not None else FAILED,
            "failure": failure,
            "input_tokens": used.input_tokens,
            "output_tokens": used.output_tokens,
            "cost_usd": None if usd is None else str(usd),
        }

        async def work() -> None:
            async with self._uow(self._order.workspace_id) as tx:
                document = await alive(tx, self._order.payload.document_id)
                section = await tx.documents.section(planned.section_id)
                if section is None or section.text != planned.piece.section.text:
                    return  # the document was read again meanwhile
                kept, dropped = await self._keep(tx, document, section, drafted)
                place = planned.section_id, planned.piece.part
                await tx.drafting.settle(place, self._order.job_id, {**noted, "kept": kept, "dropped": dropped})

        await patiently(work)

    async def _keep(
        self, tx: Tx, document: Document, section: SectionRow, drafted: Drafted | None
    ) -> tuple[int, dict[str, int]]:
        """How many drafts were stored, and how many were not, by the reason."""
        if drafted is None:
            return 0, {}
        keys = [question_key(one.question) for one in drafted.drafts]
        known = {wording(question) for _, question in await tx.drafting.drafted(document.id, keys)}
        fresh = [one for one in drafted.drafts if wording(one.question) not in known]
        dropped: Counter[Fault] = Counter(drafted.dropped)
        if len(fresh) < len(drafted.drafts):
            dropped["repeated"] += len(drafted.drafts) - len(fresh)
        ordinal = await tx.drafting.place_of(document.id, section.ordinal) or first_ordinal(document)
        await tx.faqs.put_drafts([self._row(document, section, one, ordinal) for one in fresh])
        return len(fresh), {str(reason): count for reason, count in dropped.items()}

    def _row(self, document: Document, section: SectionRow, draft: FaqDraft, ordinal: int) -> dict[str, Any]:
        return draft_row(document, section, draft, ordinal=ordinal, drafted_by=self._order.payload.model)

    def _cost(self, used: Usage) -> Decimal | None:
        payload = self._order.payload
        if PROVIDERS.vendors[payload.provider].place != "server":
            return Decimal(0)
        return cost_usd(payload.provider, payload.model, used)
