"""The embedding models that a workspace trained for itself: no other one sees or uses them."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final
from uuid import UUID

from backend.db.finetuning import TunedModel
from backend.embeddings.base import Embedder, EmbeddingSpec
from backend.embeddings.catalogue import NativeModel
from backend.embeddings.models import WEIGHTS, EmbeddingModels, ModelState, read_folder, sha256_of
from backend.errors import ModelUnavailable, UnknownStrategy
from backend.finetuning import MAKES
from backend.finetuning.model_folder import TOKENIZER
from backend.finetuning.ranks import RANKS
from backend.finetuning.retriever_run import MODEL
from backend.repositories.uow import Tx, UnitOfWork
from backend.services.training_folders import folder_of

TUNED: Final = "tuned/"
REMEDY: Final = "train it anew, or switch the collection's model"


@dataclass(frozen=True, slots=True)
class Trained:
    model: NativeModel
    path: Path


class WorkspaceModels:
    """By `tuned/` and the name of the model. `models` loads them, `root` is where the folders of trainings are."""

    def __init__(self, uow: UnitOfWork, models: EmbeddingModels, *, root: Path) -> None:
        self._uow = uow
        self._models = models
        self._root = root

    async def all(self, workspace_id: UUID) -> list[ModelState]:
        """By name; also those whose files are not as they were."""
        rows = await self._rows(workspace_id)
        found: list[ModelState] = []
        for row in sorted(rows, key=lambda row: row.name):
            try:
                trained = await asyncio.to_thread(read_trained, self._root, row)
            except ModelUnavailable as exc:
                found.append(ModelState(TUNED + row.name, row.name, 0, "broken", note=_note(row), reason=str(exc)))
            else:
                dimension = trained.model.spec.dimension
                found.append(ModelState(TUNED + row.name, row.name, dimension, "ready", note=_note(row)))
        return found

    async def ready(self, workspace_id: UUID) -> list[EmbeddingSpec]:
        """Of those that can be used."""
        return [await self.spec(workspace_id, one.name) for one in await self.all(workspace_id) if one.state == "ready"]

    async def spec(self, workspace_id: UUID, name: str) -> EmbeddingSpec:
        """Raises `UnknownStrategy` for a model that the workspace has not, `ModelUnavailable` for one whose files are
        missing or are not what was trained."""
        return (await self.trained(workspace_id, name)).model.spec

    async def of(self, workspace_id: UUID, spec: EmbeddingSpec) -> Embedder:
        """Raises `ModelUnavailable`."""
        trained = await self._same(workspace_id, spec)
        return await asyncio.to_thread(self._models.of_folder, trained.model, trained.path)

    async def check(self, workspace_id: UUID, spec: EmbeddingSpec) -> None:
        """Whether it is here as it was trained. Raises `ModelUnavailable`."""
        await self._same(workspace_id, spec)

    async def _same(self, workspace_id: UUID, spec: EmbeddingSpec) -> Trained:
        try:
            trained = await self.trained(workspace_id, spec.model)
        except UnknownStrategy as exc:
            raise ModelUnavailable(f"{exc}; switch the collection's model") from exc
        if trained.model.spec != spec:
            raise ModelUnavailable(
                f"the embedding model {spec.model!r} is no longer the one that made these vectors (revision "
                f"{trained.model.spec.revision!r}, not {spec.revision!r}); switch the collection's model"
            )
        return trained

    async def trained(self, workspace_id: UUID, name: str) -> Trained:
        """The model and its folder. Raises as `spec`."""
        rows = {TUNED + row.name: row for row in await self._rows(workspace_id)}
        if name not in rows:
            raise UnknownStrategy(f"no embedding model {name!r}; known: {sorted(rows)}")
        return await asyncio.to_thread(read_trained, self._root, rows[name])

    async def _rows(self, workspace_id: UUID) -> Sequence[TunedModel]:
        async with self._uow.read(workspace_id) as tx:
            return [row for row in await tx.tuning.all_models() if is_embeddings(row)]


def read_trained(root: Path, row: TunedModel) -> Trained:
    """As its folder below `root` says. Raises `ModelUnavailable` where a file is missing or is not what was trained;
    blocks."""
    path = folder_of(root, row.workspace_id, row.training_id) / MODEL
    kept = {one["path"].removeprefix(f"{MODEL}/"): one["sha256"] for one in row.files["items"]}
    kept.pop(RANKS, None)
    for name, expected in kept.items():
        if (wrong := _wrong(path / name, expected)) is not None:
            raise ModelUnavailable(f"{name!r} of the embedding model {TUNED + row.name!r} {wrong}; {REMEDY}")
    model = read_folder(path, name=TUNED + row.name, label=row.name)
    decisive = {name: kept[name] for name in (WEIGHTS, TOKENIZER)}
    return Trained(replace(model, files=decisive, remedy=REMEDY), path)


def _wrong(path: Path, expected: str) -> str | None:
    try:
        return None if sha256_of(path) == expected else "is not what was trained"
    except OSError as exc:
        return f"cannot be read: {exc.strerror}"


async def origin(tx: Tx, name: str) -> str:
    """The embedding model that one which was trained here began as, over all trainings in between; of another model
    its own name."""
    seen = {name}
    while name.startswith(TUNED) and (found := await tx.tuning.named(name.removeprefix(TUNED))) is not None:
        name = found.base_model
        if name in seen:  # it was deleted, and another one has its name
            break
        seen.add(name)
    return name


def is_embeddings(model: TunedModel) -> bool:
    """Whether collections are embedded by it."""
    return MAKES[model.method] == "embeddings"


async def user_of(tx: Tx, model: TunedModel) -> str | None:
    """A collection of the workspace that has its vectors from the model, or is about to; None where there is none."""
    name = TUNED + model.name
    for collection in await tx.collections.all():
        if collection.spec["model"] == name:
            return collection.name
        if await tx.jobs.unfinished("switch_model", title=f"{collection.name}: {name}") is not None:
            return collection.name
    return None


def _note(row: TunedModel) -> str:
    return f"Trained here on {row.base_model}."
