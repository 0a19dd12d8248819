"""Collections and what other programs put into them."""

from collections.abc import Mapping, Sequence
from uuid import UUID, uuid4, uuid5

from pydantic import BaseModel

from backend.db.models import Collection, Faq, utc_now
from backend.embeddings.base import EmbeddingSpec
from backend.errors import Conflict, InvalidRequest
from backend.jobs.base import JobRequest, JobRunner
from backend.repositories.paging import Slice
from backend.repositories.point_log import embedding_spec, store_name, stored_spec
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.embedding_models import EmbeddingModelService
from backend.services.faqs import approved_faq
from backend.services.indexing import still_there
from backend.services.sync import CollectionSync
from backend.tracing.track import track
from backend.vectors.base import Stores
from contracts import collections as wire
from contracts.faqs import FaqStatus, NewFaq
from contracts.jobs import Job, JobStatus
from contracts.page import Page

INGEST_BATCH = 250
IDS_BATCH = 500
IMPORT = "import"
"""The author of what a job imported."""


class IngestPayload(BaseModel):
    collection_id: UUID
    faqs: list[NewFaq]
    faq_ids: list[UUID]
    document_ids: list[UUID]


class CollectionService:
    """`default_store` is that of new collections."""

    def __init__(
        self,
        uow: UnitOfWork,
        runner: JobRunner,
        sync: CollectionSync,
        stores: Stores,
        models: EmbeddingModelService,
        *,
        default_store: str,
    ) -> None:
        self._uow = uow
        self._runner = runner
        self._sync = sync
        self._stores = stores
        self._models = models
        self._default_store = default_store

    async def page(self, principal: Principal, slice_: Slice) -> Page[wire.Collection]:
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.collections.page(slice_)
            items = [await _to_wire(tx, row) for row in rows]
        return Page(items=await self._checked(principal, rows, items), next_cursor=cursor)

    async def get(self, principal: Principal, collection_id: UUID) -> wire.Collection:
        async with self._uow.read(principal.workspace_id) as tx:
            row = await tx.collections.get(collection_id)
            found = await _to_wire(tx, row)
        return (await self._checked(principal, [row], [found]))[0]

    async def _checked(
        self, principal: Principal, rows: Sequence[Collection], items: Sequence[wire.Collection]
    ) -> list[wire.Collection]:
        """With what is known against their embedding models; no transaction is open."""
        specs = {row.spec["key"]: embedding_spec(row.spec) for row in rows}
        wrong = {key: await self._models.trouble(principal.workspace_id, spec) for key, spec in specs.items()}
        return [
            item.model_copy(update={"health": wire.CollectionHealth.UNAVAILABLE, "reason": reason}) if reason else item
            for item, reason in zip(items, (wrong[row.spec["key"]] for row in rows), strict=True)
        ]

    @track("collections.create")
    async def create(self, principal: Principal, new: wire.NewCollection) -> wire.Collection:
        """Raises `Conflict` for a name that is taken, and as `EmbeddingModelService.spec`."""
        self._stores(new.store)
        spec = self._models.default
        if new.embedding_model is not None:
            spec = await self._models.spec(principal.workspace_id, new.embedding_model)
        async with self._uow(principal.workspace_id) as tx:
            if await tx.collections.find_by_name(new.name):
                raise Conflict(f"a collection {new.name!r} exists; take another name")
            collection = await self._add(tx, new, spec)
            if new.everything:
                await self._sync.note_collection(tx, collection)
            return await _to_wire(tx, collection)

    @track("collections.sync")
    async def sync(self, principal: Principal, collection_id: UUID) -> Job:
        """The running sync job, or a new one."""
        async with self._uow(principal.workspace_id) as tx:
            job_id = await self._sync.ensure_job(tx, await tx.collections.get(collection_id))
            return await tx.jobs.get(job_id)

    @track("collections.delete")
    async def delete(self, principal: Principal, collection_id: UUID) -> None:
        """Raises `Conflict` for a collection that an agent answers from."""
        async with self._uow(principal.workspace_id) as tx:
            collection = await tx.collections.get(collection_id)
            more = await tx.agents.more_collections()
            for agent in await tx.agents.all():
                if agent.collection_id == collection.id:
                    raise Conflict(f"the agent {agent.name!r} answers from this collection; give it another one first")
                if collection.id in more.get(agent.id, []):
                    raise Conflict(
                        f"the agent {agent.name!r} searches this collection, too; take it from the agent first"
                    )
            await tx.collections.delete(collection)
        for following in (0, 1):
            await self._stores(collection.store).drop(store_name(collection, following=following))

    @track("collections.ingest")
    async def ingest(self, principal: Principal, request: wire.Ingest) -> wire.IngestAccepted:
        """Raises `NotFound` for ids that do not exist here, `Conflict` for a FAQ that is not approved."""
        if request.store is not None:
            self._stores(request.store)
        async with self._uow(principal.workspace_id) as tx:
            return await self.ingest_in(tx, request)

    async def ingest_in(self, tx: Tx, request: wire.Ingest) -> wire.IngestAccepted:
        """As `ingest`, within a caller's transaction."""
        await _check_refs(tx, request)
        collection = await tx.collections.find_by_name(request.collection)
        if collection is None:
            new = wire.NewCollection(name=request.collection, store=request.store or self._default_store)
            collection = await self._add(tx, new, self._models.default)
        elif request.store not in (None, collection.store):
            raise Conflict(f"the collection {collection.name!r} is kept in the store {collection.store!r}")
        payload = IngestPayload(
            collection_id=collection.id,
            faqs=request.faqs,
            faq_ids=request.faq_ids,
            document_ids=request.document_ids,
        )
        job_id = await self._runner.submit(
            tx,
            JobRequest(kind="ingest", payload=payload, title=collection.name, collection_id=collection.id),
        )
        return wire.IngestAccepted(collection_id=collection.id, job_id=job_id)

    async def _add(self, tx: Tx, new: wire.NewCollection, spec: EmbeddingSpec) -> Collection:
        collection = Collection(
            id=uuid4(),
            workspace_id=tx.workspace_id,
            name=new.name,
            store=new.store,
            spec=stored_spec(spec),
            sync=new.sync,
            takes_everything=new.everything,
            created_at=utc_now(),
        )
        await tx.collections.add(collection)
        return collection


async def _check_refs(tx: Tx, request: wire.Ingest) -> None:
    for start in range(0, len(request.faq_ids), IDS_BATCH):
        for faq in await tx.faqs.get_all(request.faq_ids[start : start + IDS_BATCH]):
            if faq.status != FaqStatus.APPROVED:
                raise Conflict(f"the FAQ {str(faq.id)!r} is {faq.status}; only approved FAQs can be ingested")
    for document_id in set(request.document_ids) - await tx.documents.existing(request.document_ids):
        await tx.documents.get(document_id)
    given = [faq.external_id for faq in request.faqs if faq.external_id is not None]
    if len(set(given)) < len(given):
        raise InvalidRequest("two FAQs have the same external_id; give each its own")


class Ingestion:
    """The steps of an `ingest` job. Each may be repeated: a FAQ's id comes from the job or its external id."""

    def __init__(self, uow: UnitOfWork, sync: CollectionSync) -> None:
        self._uow = uow
        self._sync = sync

    async def store_faqs(
        self, workspace_id: UUID, job_id: UUID, collection_id: UUID, faqs: Sequence[NewFaq], *, first: int
    ) -> None:
        """At most `INGEST_BATCH` FAQs; `first` is the number of the first one within the job."""
        rows = [approved_faq(workspace_id, new, kind="imported") for new in faqs]
        for number, row in enumerate(rows, start=first):
            row.id = uuid5(job_id, str(number))
        async with self._uow(workspace_id) as tx:
            await still_there(tx, collection_id)
            named = await tx.faqs.find_by_external_ids([faq.external_id for faq in faqs if faq.external_id])
            stored = {faq.id: faq for faq in await tx.faqs.find_all([row.id for row in rows])}
            ids = []
            for new, row in zip(faqs, rows, strict=True):
                existing = named.get(new.external_id) if new.external_id else stored.get(row.id)
                ids.append(row.id if existing is None else existing.id)
                if existing is None:
                    await tx.faqs.add(row, author=IMPORT)
                    continue
                changes = {"question": new.question, "answer": new.answer, "tags": new.tags}
                if await _is_news(tx, existing, changes):
                    await tx.faqs.edit(existing, expected=existing.revision, author=IMPORT, changes=changes)
            await tx.collections.add_sources(collection_id, "faq", ids)
            await self._sync.note(tx, ids)

    async def add_sources(self, workspace_id: UUID, payload: IngestPayload) -> None:
        async with self._uow(workspace_id) as tx:
            await still_there(tx, payload.collection_id)
            await tx.collections.add_sources(payload.collection_id, "faq", payload.faq_ids)
            await tx.collections.add_sources(payload.collection_id, "document", payload.document_ids)
            await self._sync.note(tx, [*payload.faq_ids, *payload.document_ids])


async def _is_news(tx: Tx, faq: Faq, changes: Mapping[str, object]) -> bool:
    """Whether the source says something else than at its last import: what a reviewer edited since stays."""
    if all(getattr(faq, name) == value for name, value in changes.items()):
        return False
    imported = next((one for one in await tx.faqs.revisions(faq.id) if one.author == IMPORT), None)
    return imported is None or any(getattr(imported, name) != value for name, value in changes.items())


async def _to_wire(tx: Tx, row: Collection) -> wire.Collection:
    faqs, passages, points = await tx.collections.held(row.id)
    job = await tx.jobs.find(row.job_id) if row.job_id is not None else None
    health, reason = wire.CollectionHealth.READY, ""
    if job is not None and job.status == JobStatus.FAILED:
        health = wire.CollectionHealth.FAILED
        reason = f"what changed could not be indexed: {(job.error or {}).get('detail', 'nobody knows why')}"
    elif job is not None and not JobStatus(job.status).is_final:
        health = wire.CollectionHealth.SYNCING
    return wire.Collection(
        id=row.id,
        name=row.name,
        store=row.store,
        embedding_model=row.spec["model"],
        sync="manual" if row.sync == "manual" else "auto",
        health=health,
        reason=reason,
        faqs=faqs,
        passages=passages,
        points=points,
        pending_changes=await tx.collections.pending_changes(row),
        job_id=row.job_id,
        created_at=row.created_at,
    )
