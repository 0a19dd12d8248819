"""A model drafts from a document that is ready: begin, draft, compare."""

from contextlib import suppress
from typing import Final

from backend.errors import JobCancelled, ProviderError
from backend.jobs.base import JobContext, JsonObject
from backend.services.drafting import DraftPayload
from backend.services.grouping import Compared, Grouping
from backend.services.model_drafts import Begun, ModelDrafting
from contracts.drafting import DraftingResult

DRAFTING: Final = 0.97
"""Where comparing begins in the whole."""


class DraftDocument:
    """What was drafted stays and is compared, however the job ends."""

    def __init__(self, drafting: ModelDrafting, grouping: Grouping) -> None:
        self._drafting = drafting
        self._grouping = grouping

    async def __call__(self, context: JobContext, payload: DraftPayload) -> JsonObject:
        workspace_id, document_id = context.workspace_id, payload.document_id

        async def report(done: int, total: int) -> None:
            await context.progress(
                "asking", done=done, total=total, overall=DRAFTING * done / total if total else DRAFTING
            )

        begun = await context.step("begin", Begun, lambda: self._drafting.begin(workspace_id, context.job_id, payload))
        await report(begun.done, begun.sections)
        try:
            result = await context.step(
                "draft",
                DraftingResult,
                lambda: self._drafting.draft(workspace_id, context.job_id, payload, begun, report),
            )
        except (ProviderError, JobCancelled):
            with suppress(JobCancelled):
                await self._grouping.compare(workspace_id, document_id)
            raise
        message = _stop_text(result)
        await context.progress("comparing", done=0, total=result.drafts, overall=DRAFTING, message=message)
        compared = await context.step("compare", Compared, lambda: self._grouping.compare(workspace_id, document_id))
        await context.progress("comparing", done=result.drafts, total=result.drafts, overall=1.0, message=message)
        return result.model_copy(update={"grouped": compared.grouped}).model_dump(mode="json")


def _stop_text(result: DraftingResult) -> str:
    if result.stopped is None:
        return ""
    where = "at the budget" if result.stopped == "budget" else "after the sections asked for"
    return f"stopped {where}: {result.done:,} of {result.sections:,} sections"
