"""The models that were trained here: listed, read, asked for by name, deleted."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from backend.agents.providers.local_models.model_files import missing_transformers
from backend.db.finetuning import Dataset, TunedModel
from backend.errors import Conflict, InvalidRequest, ModelUnavailable, NotFound, TunedModelNotFound, UnusableModel
from backend.finetuning import MAKES
from backend.finetuning.adapter_task import MAP
from backend.finetuning.base import ModelFile
from backend.finetuning.files import CheckedFiles
from backend.finetuning.query_map import QueryMap
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.base import Tuned
from backend.security.principal import Principal
from backend.services.providers import ProviderService
from backend.services.training_folders import folder_of, forget_folder
from backend.services.workspace_models import TUNED, is_embeddings, read_trained, user_of
from backend.tracing.track import track
from contracts import finetuning as wire
from contracts.page import Page

LOADED: Final = 32
"""Maps that are kept in memory, of half a megabyte to two."""
GGUF: Final = "model.gguf"
FOLDER: Final = "model"
"""Where a model is that has no GGUF file."""
LOCAL: Final = "local"
"""The provider that serves the models whose files are here."""
COUNT: Final = "questions"
"""The metric that counts the held-out questions."""


@dataclass(frozen=True, slots=True)
class Served:
    """By which provider a model that answers is asked, and under which name there."""

    provider: str
    model: str


def answers(model: TunedModel) -> bool:
    """Whether it answers itself; the others tune retrieval."""
    return MAKES[model.method] == "answers"


class TunedModelService:
    """Every method raises `NotFound` for a model of another workspace, as for one that does not exist."""

    def __init__(self, uow: UnitOfWork, providers: ProviderService, *, root: Path) -> None:
        self._uow = uow
        self._providers = providers
        self._root = root
        self._loaded: dict[UUID, QueryMap] = {}
        self._checked = CheckedFiles()

    async def page(self, principal: Principal, slice_: Slice) -> Page[wire.TunedModel]:
        """Newest first."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.tuning.models(slice_)
            return Page(items=[await self._shown(tx, row) for row in rows], next_cursor=cursor)

    async def get(self, principal: Principal, model_id: UUID) -> wire.TunedModel:
        async with self._uow.read(principal.workspace_id) as tx:
            return await self._shown(tx, await tx.tuning.model(model_id))

    async def _shown(self, tx: Tx, row: TunedModel) -> wire.TunedModel:
        return _to_wire(row, await tx.datasets.get(row.dataset_id), await self.unfit(tx, row))

    async def learnt_from(self, principal: Principal, model_id: UUID, slice_: Slice) -> Page[wire.LearntFrom]:
        """The rows that it was trained on, each with the FAQ and the revision behind it."""
        async with self._uow.read(principal.workspace_id) as tx:
            model = await tx.tuning.model(model_id)
            rows, cursor = await tx.datasets.rows(model.dataset_id, slice_, split="train")
        items = [wire.LearntFrom.model_validate({"question": row.question, "source": row.provenance}) for row in rows]
        return Page(items=items, next_cursor=cursor)

    @track("models.delete")
    async def delete(self, principal: Principal, model_id: UUID) -> None:
        """With its files. Raises `Conflict` for one that an agent, an alias, a collection or a training uses."""
        async with self._uow(principal.workspace_id) as tx:
            model = await tx.tuning.model(model_id)
            for agent in await tx.agents.all():
                if agent.parameters.get("retrieval_model") == model.name:
                    raise Conflict(f"the agent {agent.name!r} searches with this model; give it another one first")
            if alias := await tx.aliases.meaning("model_id", model.id):
                raise Conflict(f"the alias {alias!r} means this model; promote another one or roll it back first")
            if is_embeddings(model):
                await _require_unused(tx, model)
            training = await tx.tuning.training(model.training_id)
            await tx.tuning.remove_model(model)
        self._loaded.pop(model_id, None)
        await asyncio.to_thread(forget_folder, self._root, training)

    # --- for whoever asks ---------------------------------------------------------
    async def named(self, tx: Tx, name: str) -> TunedModel:
        """Raises `TunedModelNotFound`, which names those that exist."""
        found = await tx.tuning.named(name)
        if found is None:
            known = sorted(model.name for model in await tx.tuning.all_models())
            raise TunedModelNotFound(f"no model {name!r}; known: {known}")
        return found

    async def tuned(self, model: TunedModel) -> Tuned:
        """Its map, checked against its sha256 when it is first read. Raises `UnusableModel`."""
        known = self._loaded.get(model.id)
        if known is None:
            known = await asyncio.to_thread(self._read, model)
            self._loaded[model.id] = known
            if len(self._loaded) > LOADED:
                del self._loaded[next(iter(self._loaded))]
        return Tuned(model.name, known)

    def _read(self, model: TunedModel) -> QueryMap:
        folder = self._folder(model)
        self._checked.verify(folder, _asked_files(model))
        return QueryMap.load(folder / MAP)

    def _folder(self, model: TunedModel) -> Path:
        return folder_of(self._root, model.workspace_id, model.training_id)

    def served(self, model: TunedModel) -> Served:
        """At the provider that trained it, or by the path of its GGUF file, or of its folder where it has none. Raises
        `UnusableModel` for one whose folder nothing here can serve."""
        if model.remote_id is not None:
            return Served(_trained_at(model), model.remote_id)
        if any(file.path == GGUF for file in _asked_files(model)):
            return Served(LOCAL, str((self._folder(model) / GGUF).resolve()))
        if missing := missing_transformers():
            raise UnusableModel(f"it has no GGUF file, and {missing}. {' '.join(model.notes)}".rstrip())
        return Served(LOCAL, str((self._folder(model) / FOLDER).resolve()))

    async def ready(self, model: TunedModel) -> Tuned | None:
        """What it does to a search, nothing where it answers; its files are checked against their sha256, once for each
        state of them.

        Raises `UnusableModel`.
        """
        if not answers(model):
            return await self.tuned(model)
        if model.remote_id is None:
            await asyncio.to_thread(self._checked.verify, self._folder(model), _asked_files(model))
        return None

    def _unfit_embeddings(self, model: TunedModel) -> str:
        try:
            read_trained(self._root, model)
        except ModelUnavailable as exc:
            return str(exc)
        return ""

    async def unfit(self, tx: Tx, model: TunedModel) -> str:
        """Why it cannot be used any more; empty for one that can. Of large files only what is known without reading
        them: whether they are there, their size, and what was found when they were last read."""
        if is_embeddings(model):
            return await asyncio.to_thread(self._unfit_embeddings, model)
        if model.remote_id is not None:
            return await self._unfit_provider(tx, model)
        if not answers(model) and (reason := await _unfit_retrieval(tx, model)):
            return reason
        try:
            # In this thread, where questions are begun without a loop: it opens no file.
            self._checked.look(self._folder(model), _asked_files(model))
            if answers(model):
                served = self.served(model)
                await self._providers.choice(tx, served.provider, served.model)
        except (UnusableModel, InvalidRequest) as exc:
            return str(exc)
        return ""

    async def _unfit_provider(self, tx: Tx, model: TunedModel) -> str:
        try:
            await self._providers.training_at(tx, _trained_at(model))
        except InvalidRequest as exc:
            return f"its provider is not set up any more: {exc}"
        return ""


async def _require_unused(tx: Tx, model: TunedModel) -> None:
    if (collection := await user_of(tx, model)) is not None:
        raise Conflict(
            f"the collection {collection!r} has its vectors from this model; switch it to another embedding model first"
        )
    if (training := await tx.tuning.begun_from(TUNED + model.name)) is not None:
        raise Conflict(f"{training.name!r} is being trained from this model; cancel it, or wait for its end")


def refusal(model: TunedModel) -> str:
    """What to do instead of asking a model that collections are embedded by."""
    return (
        f"the model {model.name!r} is a search model and answers nothing by itself: switch a collection to "
        f"{TUNED + model.name!r} with POST /collections/{{id}}/model, or on its page, and ask an agent of that "
        "collection; to compare it, make a second collection with everything and that model, and ask two agents"
    )


def _trained_at(model: TunedModel) -> str:
    return str(model.parameters["provider"])


def _asked_files(model: TunedModel) -> list[ModelFile]:
    """What is opened when it is asked: its weights as GGUF, or else its whole folder; or its map."""
    files = [ModelFile.model_validate(one) for one in model.files["items"]]
    single = [file for file in files if file.path in (GGUF, MAP)]
    return single or [file for file in files if file.path.startswith(f"{FOLDER}/")]


async def _unfit_retrieval(tx: Tx, model: TunedModel) -> str:
    if model.collection_id is None:
        return "the collection that it was trained for is gone; train another one"
    try:
        collection = await tx.collections.get(model.collection_id)
    except NotFound:
        return "the collection that it was trained for is gone; train another one"
    if collection.spec["key"] != model.spec_key:
        return (
            f"the collection {collection.name!r} has another embedding model since it was trained; train it anew for "
            "these vectors"
        )
    return ""


def _to_wire(row: TunedModel, dataset: Dataset, reason: str) -> wire.TunedModel:
    metrics: dict[str, list[float]] = row.metrics
    return wire.TunedModel(
        id=row.id,
        name=row.name,
        method=row.method,
        makes=MAKES[row.method],
        base_model=row.base_model,
        parameters=row.parameters,
        changes=[
            wire.Change(name=name, before=before, after=after, **dict(zip(("low", "high"), ends, strict=False)))
            for name, (before, after, *ends) in ((name, values) for name, values in metrics.items() if len(values) > 1)
        ],
        held_out=int(metrics.get(COUNT, [0])[0]),
        took={name: values[0] for name, values in metrics.items() if len(values) == 1 and name != COUNT},
        notes=row.notes,
        files=[wire.ModelFile.model_validate(one) for one in row.files["items"]],
        remote_id=row.remote_id,
        dataset_id=row.dataset_id,
        dataset_name=dataset.name,
        dataset_version=dataset.version,
        dataset_hash=dataset.content_hash or "",
        collection_id=row.collection_id,
        training_id=row.training_id,
        state="unusable" if reason else "usable",
        reason=reason,
        author=row.author,
        created_at=row.created_at,
    )
