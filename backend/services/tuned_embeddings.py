"""What a search model is trained on: the texts of a collection's items, and questions of a dataset."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from pydantic import JsonValue

from backend.db.finetuning import Training
from backend.embeddings.catalogue import NativeModel
from backend.embeddings.models import EmbeddingModels
from backend.errors import InvalidRequest
from backend.finetuning.base import BASE
from backend.finetuning.retriever_rows import SPLITS, Asked, Item, write
from backend.finetuning.retriever_run import Base
from backend.repositories.uow import UnitOfWork
from backend.retrieval.views import DEFAULT_RANKING, Ranking, ViewText
from backend.services.collection_items import alike, collection_items
from backend.services.progress import Progress
from backend.services.training_rows import training_rows
from backend.services.tuned_retrieval import plain, require_known, worded
from backend.services.workspace_models import TUNED, WorkspaceModels
from backend.tracing.track import track


class EmbeddingsPreparation:
    """Prepares the folder of a `retriever` training."""

    def __init__(
        self,
        uow: UnitOfWork,
        models: EmbeddingModels,
        trained: WorkspaceModels,
        *,
        ranking: Ranking = DEFAULT_RANKING,
    ) -> None:
        self._uow = uow
        self._trained = trained
        self._models = models
        self._ranking = ranking

    @track("finetune.prepare_embeddings")
    async def prepare(self, training: Training, folder: Path, progress: Progress) -> dict[str, JsonValue]:
        """Gives the base model. Raises `InvalidRequest` where nothing of the dataset is in the collection, and
        `UnknownStrategy` or `ModelUnavailable` for a base model that is not here."""
        if training.collection_id is None:
            raise InvalidRequest("the collection whose entries were to be found is gone; choose another one")
        model, path = await self._base(training)
        async with self._uow.read(training.workspace_id) as tx:
            collection = await tx.collections.get(training.collection_id)
        known = await collection_items(self._uow, collection, progress)
        place = {item.id: at for at, item in enumerate(known)}
        questions: dict[str, list[Asked]] = {}
        for split in SPLITS:
            rows = [row for row in await training_rows(self._uow, training, split, progress) if row.faq_id in place]
            asked = plain(rows) if split == "train" else worded(rows) or plain(rows)
            if split == "train":
                require_known(asked, collection)
            questions[split] = [Asked(text=text, item=place[faq_id]) for text, faq_id in asked]
        items = [
            self._item(item.title, item.texts, number)
            for item, number in zip(known, alike(known).tolist(), strict=True)
        ]
        await asyncio.to_thread(write, folder, items, questions)
        spec = model.spec
        base = Base(
            folder=path.resolve(),
            pooling="cls" if spec.pooling == "cls" else "mean",
            query_prefix=spec.query_prefix,
            document_prefix=spec.document_prefix,
        )
        return {BASE: base.model_dump(mode="json")}

    async def _base(self, training: Training) -> tuple[NativeModel, Path]:
        if training.base_model.startswith(TUNED):
            found = await self._trained.trained(training.workspace_id, training.base_model)
            return found.model, found.path
        return await asyncio.to_thread(self._models.native, training.base_model)

    def _item(self, title: str, texts: Sequence[ViewText], number: int) -> Item:
        if len(texts) == 1:
            return Item(views=[texts[0].text], weights=[1.0], alike=number)
        head = self._ranking.head(title)
        weights = {"head": head, "full": 1 - head}
        return Item(views=[view.text for view in texts], weights=[weights[view.view] for view in texts], alike=number)
