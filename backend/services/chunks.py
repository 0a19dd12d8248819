"""Chunks that other programs cut themselves: a document without a file, in the index when the answer goes out."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Final
from uuid import UUID, uuid4, uuid5

from backend.db.models import Collection, Document
from backend.errors import Conflict, InvalidRequest, ModelSwitched
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.views import passage_views
from backend.security.principal import Principal
from backend.services.indexing import CollectionIndexer, Item
from backend.services.sync import CollectionSync
from backend.tracing.track import track
from contracts import chat as wire
from contracts.documents import DocumentStatus

MOST: Final = 256
"""Chunks of one request: as many as are embedded while somebody waits."""
MEDIA_TYPE: Final = "text/x-chunks"


class ChunkService:
    def __init__(self, uow: UnitOfWork, indexer: CollectionIndexer, sync: CollectionSync) -> None:
        self._uow = uow
        self._indexer = indexer
        self._sync = sync

    @track("chunks.store")
    async def store(self, principal: Principal, request: wire.EmbedAndStore) -> wire.Stored:
        """Replaces the document's chunks. Raises `InvalidRequest` for too many, and the `VectorError` family."""
        if len(request.chunks) > MOST:
            raise InvalidRequest(
                f"{len(request.chunks)} chunks are more than the {MOST} that are stored while you wait; "
                "send them in parts, or upload the document and put it into a collection with POST /ingest"
            )
        async with self._uow(principal.workspace_id) as tx:
            collection = await self._target(tx, request)
            document = await _document(tx, request)
            items = await _replace(tx, document, request.chunks)
            await tx.collections.add_sources(collection.id, "document", [document.id])
            await self._sync.note_document(tx, document.id)
        try:
            count = await self._indexer.put(collection, items)
        except ModelSwitched:
            async with self._uow.read(principal.workspace_id) as tx:
                collection = await tx.collections.get(collection.id)
            count = await self._indexer.put(collection, items)
        return wire.Stored(document_id=request.document_id, stored_vector_count=count)

    async def _target(self, tx: Tx, request: wire.EmbedAndStore) -> Collection:
        if request.collection_id is not None:
            return await tx.collections.get(request.collection_id)
        if request.bot_id is not None:
            agent = await tx.agents.find(request.bot_id)
        else:
            agent = await tx.agents.default()
        return await tx.collections.get(agent.collection_id)


async def _document(tx: Tx, request: wire.EmbedAndStore) -> Document:
    """The document of that name, made when absent. Its `sha256` is of its name: it has no file."""
    size = sum(len(chunk.encode()) for chunk in request.chunks)
    found = await tx.documents.find_by_external_id(request.document_id)
    if found is not None:
        if found.media_type != MEDIA_TYPE:
            raise Conflict(f"the document {request.document_id!r} was uploaded as a file; take another document_id")
        found.size, found.section_count = size, len(request.chunks)
        return found
    document = Document(
        id=uuid4(),
        workspace_id=tx.workspace_id,
        external_id=request.document_id,
        name=request.document_id,
        media_type=MEDIA_TYPE,
        size=size,
        sha256=sha256(f"{MEDIA_TYPE}\n{request.document_id}".encode()).hexdigest(),
        status=DocumentStatus.READY.value,
        section_count=len(request.chunks),
    )
    await tx.documents.add(document)
    return document


async def _replace(tx: Tx, document: Document, chunks: Sequence[str]) -> list[Item]:
    """A chunk that is as it was keeps its id, and with it its vector."""
    ids = [_chunk_id(document.id, ordinal, text) for ordinal, text in enumerate(chunks)]
    await tx.documents.delete_sections(document.id, but=ids)
    rows: list[dict[str, object]] = [
        {
            "id": id,
            "document_id": document.id,
            "ordinal": ordinal,
            "title_path": [],
            "level": 1,
            "page": None,
            "anchor": None,
            "text": text,
            "blocks": [],
        }
        for ordinal, (id, text) in enumerate(zip(ids, chunks, strict=True))
    ]
    await tx.documents.put_sections(rows)
    await tx.documents.put_passages(
        [
            {
                "id": row["id"],
                "document_id": document.id,
                "section_id": row["id"],
                "ordinal": row["ordinal"],
                "start": 0,
                "end": len(str(row["text"])),
                "page": None,
            }
            for row in rows
        ]
    )
    document.word_count = sum(len(chunk.split()) for chunk in chunks)
    return [Item(id, 1, "passage", document.id, passage_views([], text)) for id, text in zip(ids, chunks, strict=True)]


def _chunk_id(document_id: UUID, ordinal: int, text: str) -> UUID:
    return uuid5(document_id, f"{ordinal}\n{text}")
