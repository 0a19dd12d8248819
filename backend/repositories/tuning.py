"""Trainings, their curves, and the models that came out."""

from collections.abc import Sequence
from typing import Any, Final
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.finetuning import Training, TrainingPoint, TunedModel
from backend.db.models import Job
from backend.errors import NotFound
from backend.repositories.jobs import UNFINISHED
from backend.repositories.paging import Keyset, Slice, page_of
from backend.repositories.upsert import insert_absent, upsert

TRAININGS: Final = Keyset.by(Training.created_at, Training.id, descending=True)
MODELS: Final = Keyset.by(TunedModel.created_at, TunedModel.id, descending=True)


class TuningRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    # --- trainings -------------------------------------------------------------
    async def add(self, training: Training) -> None:
        self._session.add(training)
        await self._session.flush()

    async def training(self, training_id: UUID) -> Training:
        """Raises `NotFound`."""
        found = await self._session.scalar(self._trainings().where(Training.id == training_id))
        if found is None:
            raise NotFound(f"no training {str(training_id)!r}")
        return found

    async def trainings(self, slice_: Slice) -> tuple[Sequence[Training], str | None]:
        return await page_of(self._session, self._trainings(), TRAININGS, slice_)

    async def trained_on(self, dataset_id: UUID) -> Sequence[Training]:
        return (await self._session.scalars(self._trainings().where(Training.dataset_id == dataset_id))).all()

    async def begun_from(self, base_model: str) -> Training | None:
        """One that begins with this model and goes on."""
        query = self._trainings().join(Job, Job.id == Training.id).where(Job.status.in_(UNFINISHED))
        return await self._session.scalar(query.where(Training.base_model == base_model).limit(1))

    async def set_handle(self, training_id: UUID, handle: str) -> None:
        mine = sa.update(Training).where(Training.workspace_id == self._workspace_id, Training.id == training_id)
        await self._session.execute(mine.values(handle=handle))

    async def remove_training(self, training: Training) -> None:
        """With its curves."""
        await self._session.execute(
            sa.delete(Training).where(Training.workspace_id == self._workspace_id, Training.id == training.id)
        )

    # --- curves ----------------------------------------------------------------
    async def put_points(self, training_id: UUID, points: Sequence[dict[str, Any]]) -> None:
        """At most 500; a point of the same name and step is replaced."""
        own = {"training_id": training_id, "workspace_id": self._workspace_id}
        await upsert(self._session, TrainingPoint, [{**point, **own} for point in points])

    async def points(self, training_id: UUID, *, limit: int) -> Sequence[TrainingPoint]:
        """By step."""
        query = sa.select(TrainingPoint).where(
            TrainingPoint.workspace_id == self._workspace_id, TrainingPoint.training_id == training_id
        )
        ordered = query.order_by(TrainingPoint.step, TrainingPoint.name).limit(limit)
        return (await self._session.scalars(ordered)).all()

    async def forget_points(self, training_id: UUID, *, after_step: int) -> None:
        """Those behind the checkpoint that a training goes on from."""
        await self._session.execute(
            sa.delete(TrainingPoint).where(
                TrainingPoint.workspace_id == self._workspace_id,
                TrainingPoint.training_id == training_id,
                TrainingPoint.step > after_step,
            )
        )

    # --- models ----------------------------------------------------------------
    async def register(self, values: dict[str, Any]) -> None:
        """Nothing where it is registered already."""
        await insert_absent(self._session, TunedModel, [{**values, "workspace_id": self._workspace_id}])

    async def models(self, slice_: Slice) -> tuple[Sequence[TunedModel], str | None]:
        return await page_of(self._session, self._models(), MODELS, slice_)

    async def all_models(self) -> Sequence[TunedModel]:
        return (await self._session.scalars(self._models().order_by(TunedModel.created_at, TunedModel.id))).all()

    async def model(self, model_id: UUID) -> TunedModel:
        """Raises `NotFound`."""
        found = await self._session.scalar(self._models().where(TunedModel.id == model_id))
        if found is None:
            raise NotFound(f"no model {str(model_id)!r}")
        return found

    async def find_model(self, model_id: UUID) -> TunedModel | None:
        return await self._session.scalar(self._models().where(TunedModel.id == model_id))

    async def named(self, name: str) -> TunedModel | None:
        return await self._session.scalar(self._models().where(TunedModel.name == name))

    async def names(self) -> Sequence[str]:
        """Of all models, and of those that are being trained."""
        models = sa.select(TunedModel.name).where(TunedModel.workspace_id == self._workspace_id)
        begun = sa.select(Training.name).join(Job, Job.id == Training.id)
        going_on = begun.where(Training.workspace_id == self._workspace_id, Job.status.in_(UNFINISHED))
        return (await self._session.scalars(models.union(going_on))).all()

    async def of_training(self, training_ids: Sequence[UUID]) -> dict[UUID, UUID]:
        """Training id -> model id."""
        query = sa.select(TunedModel.training_id, TunedModel.id).where(
            TunedModel.workspace_id == self._workspace_id, TunedModel.training_id.in_(training_ids)
        )
        return dict((await self._session.execute(query)).all())

    async def remove_model(self, model: TunedModel) -> None:
        await self._session.delete(model)

    def _trainings(self) -> sa.Select[Training]:
        return sa.select(Training).where(Training.workspace_id == self._workspace_id)

    def _models(self) -> sa.Select[TunedModel]:
        return sa.select(TunedModel).where(TunedModel.workspace_id == self._workspace_id)
