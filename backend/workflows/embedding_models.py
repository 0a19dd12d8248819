"""An embedding model is fetched; a collection is embedded anew by another one."""

from pydantic import BaseModel

from backend.jobs.base import JobContext, JsonObject
from backend.services.afterwards import Afterwards
from backend.services.embedding_models import FetchPayload, ModelFetching
from backend.services.model_switch import ModelSwitch, Switched, SwitchPayload

MB = 1_000_000


class Fetched(BaseModel):
    bytes: int


class Cleaned(BaseModel):
    done: bool = True


class FetchModel:
    def __init__(self, fetching: ModelFetching) -> None:
        self._fetching = fetching

    async def __call__(self, context: JobContext, payload: FetchPayload) -> JsonObject:
        async def report(done: int, total: int) -> None:
            await context.raise_if_cancelled()
            await context.progress("fetching", done=done // MB, total=total // MB, overall=done / total)

        async def fetch() -> Fetched:
            return Fetched(bytes=await self._fetching.fetch(payload.model, report))

        fetched = await context.step("fetch", Fetched, fetch)
        return {"model": payload.model, "bytes": fetched.bytes}


class SwitchModel:
    def __init__(self, switch: ModelSwitch, afterwards: Afterwards) -> None:
        self._switch = switch
        self._afterwards = afterwards

    async def __call__(self, context: JobContext, payload: SwitchPayload) -> JsonObject:
        workspace_id = context.workspace_id

        async def report(done: int, total: int) -> None:
            await context.raise_if_cancelled()
            await context.progress("embedding", done=done, total=total, overall=done / total if total else 1.0)

        async def clean() -> Cleaned:
            await self._switch.clean(workspace_id, switched)
            await self._switch.catch_up(workspace_id, payload.collection_id)
            await self._afterwards.follow(workspace_id, payload.collection_id)
            return Cleaned()

        switched = await context.step("switch", Switched, lambda: self._switch.switch(workspace_id, payload, report))
        await context.step("clean", Cleaned, clean)
        return {"collection_id": str(payload.collection_id), "points": switched.points}
