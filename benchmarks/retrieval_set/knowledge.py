"""The manuals in a real collection: a migrated database, the application's indexer, vector store and searcher."""

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final
from uuid import UUID, uuid5

import numpy as np

from backend.container import Container
from backend.db.models import Collection, Document
from backend.embeddings.base import Embedder, EmbeddingKind, EmbeddingSpec, OneModel, Vectors
from backend.preparation import prepare
from backend.repositories.point_log import stored_spec
from backend.repositories.uow import UnitOfWork
from backend.retrieval.base import Scope
from backend.retrieval.searcher import Searcher
from backend.retrieval.views import Ranking
from backend.services.indexing import CollectionIndexer
from backend.settings import Settings
from benchmarks.retrieval_set.manuals import Passage, Section
from rust_accel import Embedder as Encoder

ROWS: Final = 400
CACHE: Final = Path("~/.cache/ai-nexus-benchmarks/passages").expanduser()


class CachedEmbedder:
    """A model's folder as an embedder. Vectors of documents stay on disk: a manual is embedded once a model."""

    def __init__(self, name: str, folder: Path) -> None:
        self._encoder = Encoder(folder)
        with (folder / "model.safetensors").open("rb") as file:
            revision = hashlib.file_digest(file, "sha256").hexdigest()[:12]
        self._spec = EmbeddingSpec(model=name, revision=revision, dimension=self._encoder.dimension)
        self._path = CACHE / f"{revision}-{self._encoder.precision}.npz"
        self._known: dict[str, Vectors] = {}
        if self._path.exists():
            with np.load(self._path) as kept:
                self._known = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    @property
    def spec(self) -> EmbeddingSpec:
        return self._spec

    async def embed(self, texts: Sequence[str], *, kind: EmbeddingKind) -> Vectors:
        if kind == "query":
            return self._encoder.embed(texts)
        keys = [hashlib.sha256(text.encode()).hexdigest()[:32] for text in texts]
        fresh = [(key, text) for key, text in dict(zip(keys, texts, strict=True)).items() if key not in self._known]
        if fresh:
            made = self._encoder.embed([text for _, text in fresh])
            self._known.update((key, vector) for (key, _), vector in zip(fresh, made, strict=True))
        return np.stack([self._known[key] for key in keys])

    async def count_tokens(self, texts: Sequence[str]) -> int:
        return int(self._encoder.count_tokens(texts).sum())

    def keep(self) -> None:
        CACHE.mkdir(parents=True, exist_ok=True)
        np.savez(self._path, keys=np.array(list(self._known)), vectors=np.stack(list(self._known.values())))


@dataclass(frozen=True, slots=True)
class Knowledge:
    """A collection that holds the passages. `section_of` tells an item's section."""

    scope: Scope
    section_of: dict[UUID, str]
    searcher: Callable[[Ranking], Searcher]


@asynccontextmanager
async def indexed(passages: Sequence[Passage], embedder: CachedEmbedder) -> AsyncIterator[Knowledge]:
    """Everything is gone afterwards but the vectors on disk."""
    with TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), embedder="hashing", jobs="inline", _env_file=None)
        prepare(settings)
        container = Container(settings)
        try:
            async with container.loop_scope() as scope:
                await scope.services.access.prepare()
                uow = UnitOfWork(scope.database)
                async with uow.read_all_workspaces() as all_workspaces:
                    [workspace] = await all_workspaces.all()
                items = await _stored(uow, workspace.id, passages)
                collection = await _collection(uow, workspace.id, embedder)
                indexer = CollectionIndexer(uow, container.store, OneModel(embedder))
                await indexer.run(workspace.id, collection, _silent)
                embedder.keep()

                def searcher(ranking: Ranking) -> Searcher:
                    return Searcher(uow, container.store, OneModel(embedder), ranking=ranking)

                yield Knowledge(Scope(workspace.id, (collection,), 5), items, searcher)
        finally:
            await container.close()


async def _silent(_done: int, _left: int) -> None:
    return None


async def _collection(uow: UnitOfWork, workspace_id: UUID, embedder: Embedder) -> UUID:
    made = Collection(
        id=uuid5(workspace_id, "manuals"),
        workspace_id=workspace_id,
        name="manuals",
        store="native",
        spec=stored_spec(embedder.spec),
        sync="manual",
        takes_everything=True,
    )
    async with uow(workspace_id) as tx:
        await tx.collections.add(made)
        await tx.collections.note_change(made.id)
    return made.id


async def _stored(uow: UnitOfWork, workspace_id: UUID, passages: Sequence[Passage]) -> dict[UUID, str]:
    """Documents, sections and passages as rows; returns the section's key of each passage."""
    files = list(dict.fromkeys((one.section.manual, one.section.file) for one in passages))
    documents = {file: uuid5(workspace_id, "/".join(file)) for file in files}
    sections: dict[str, Section] = {one.section.key: one.section for one in passages}
    async with uow(workspace_id) as tx:
        for file, document_id in documents.items():
            await tx.documents.add(_document(workspace_id, document_id, "/".join(file)))
    rows = [
        {
            "id": uuid5(workspace_id, key),
            "document_id": documents[one.manual, one.file],
            "ordinal": one.ordinal,
            "title_path": list(one.title_path),
            "level": max(1, len(one.title_path)),
            "page": None,
            "anchor": None,
            "text": one.text,
            "blocks": [],
        }
        for key, one in sections.items()
    ]
    for start in range(0, len(rows), ROWS):
        async with uow(workspace_id) as tx:
            await tx.documents.put_sections(rows[start : start + ROWS])
    made = [
        {
            "id": uuid5(workspace_id, f"{one.section.key}:{one.start}"),
            "document_id": documents[one.section.manual, one.section.file],
            "section_id": uuid5(workspace_id, one.section.key),
            "ordinal": number,
            "start": one.start,
            "end": one.end,
            "page": None,
        }
        for number, one in enumerate(passages)
    ]
    for start in range(0, len(made), ROWS):
        async with uow(workspace_id) as tx:
            await tx.documents.put_passages(made[start : start + ROWS])
    return {row["id"]: one.section.key for row, one in zip(made, passages, strict=True)}  # type: ignore[misc]  # rows hold values of many kinds


def _document(workspace_id: UUID, document_id: UUID, name: str) -> Document:
    return Document(
        id=document_id,
        workspace_id=workspace_id,
        name=name,
        media_type="text/html",
        size=0,
        sha256=hashlib.sha256(name.encode()).hexdigest(),
        status="ready",
    )
