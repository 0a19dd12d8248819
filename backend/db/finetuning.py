"""The tables of what models are trained on, of trainings, and of the models that came out."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Json, Owned, utc_now


class Dataset(Owned, Base):
    """A version of a dataset. Frozen, and for ever the same, once it has a `content_hash`; before that it is made.

    `recipe` is what was asked for, `findings` what its checks said: {"items": [...], "counts": {code: number}}.
    """

    __tablename__ = "dataset"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "name", "version"),
        sa.Index("ix_dataset_list", "workspace_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    version: Mapped[int]
    recipe: Mapped[Json]
    author: Mapped[str]
    job_id: Mapped[UUID]
    content_hash: Mapped[str | None]
    train: Mapped[int] = mapped_column(default=0)
    validation: Mapped[int] = mapped_column(default=0)
    held_out: Mapped[int] = mapped_column(default=0)
    faqs: Mapped[int] = mapped_column(default=0)
    tokens: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    findings: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    frozen_at: Mapped[datetime | None]


class DatasetRow(Owned, Base):
    """`faq_id` is kept beside the provenance to find what a FAQ went into; it outlives the FAQ.

    `provenance` as `datasets/rows.py` writes it.
    """

    __tablename__ = "dataset_row"
    __table_args__ = (
        sa.PrimaryKeyConstraint("dataset_id", "ordinal"),
        sa.Index("ix_dataset_row_split", "dataset_id", "split", "ordinal"),
        sa.Index("ix_dataset_row_faq", "workspace_id", "faq_id"),
    )

    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dataset.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    id: Mapped[UUID]
    split: Mapped[str]
    origin: Mapped[str]
    question: Mapped[str]
    answer: Mapped[str]
    system: Mapped[str | None]
    faq_id: Mapped[UUID | None]
    provenance: Mapped[Json]


class DatasetWording(Owned, Base):
    """What a model gave for a question of a dataset that is being made: `texts` that were kept, `dropped` by reason.

    `example_id` is the question's (`datasets/rows.py`). An attempt that was cut short asks only for the others.
    """

    __tablename__ = "dataset_wording"
    __table_args__ = (sa.PrimaryKeyConstraint("dataset_id", "example_id"),)

    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dataset.id", ondelete="CASCADE"))
    example_id: Mapped[UUID]
    texts: Mapped[list[str]]
    dropped: Mapped[Json]
    model: Mapped[str]
    input_tokens: Mapped[int]
    output_tokens: Mapped[int]


class Training(Owned, Base):
    """What a `finetune` job trains; its id is the job's. `handle` is the trainer's name for it."""

    __tablename__ = "training"
    __table_args__ = (
        sa.Index("ix_training_dataset", "dataset_id"),
        sa.Index("ix_training_collection", "collection_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dataset.id"))
    collection_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("collection.id", ondelete="SET NULL"))
    name: Mapped[str]
    method: Mapped[str]
    base_model: Mapped[str]
    parameters: Mapped[Json]
    author: Mapped[str]
    handle: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class TrainingPoint(Owned, Base):
    """A value of a training's curve."""

    __tablename__ = "training_point"
    __table_args__ = (sa.PrimaryKeyConstraint("training_id", "name", "step"),)

    training_id: Mapped[UUID] = mapped_column(sa.ForeignKey("training.id", ondelete="CASCADE"))
    name: Mapped[str]
    step: Mapped[int]
    epoch: Mapped[float]
    value: Mapped[float]


class TunedModel(Owned, Base):
    """A model that was trained here: `files` are below the training's folder, `metrics` [before, after] by name.

    `spec_key` is of the embedding model that tuned retrieval belongs to.
    """

    __tablename__ = "model"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "name"),
        sa.Index("ix_model_list", "workspace_id", "created_at", "id"),
        sa.Index("ix_model_dataset", "dataset_id"),
        sa.Index("ix_model_training", "training_id"),
        sa.Index("ix_model_collection", "collection_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    training_id: Mapped[UUID] = mapped_column(sa.ForeignKey("training.id"))
    dataset_id: Mapped[UUID] = mapped_column(sa.ForeignKey("dataset.id"))
    collection_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("collection.id", ondelete="SET NULL"))
    name: Mapped[str]
    method: Mapped[str]
    base_model: Mapped[str]
    parameters: Mapped[Json]
    metrics: Mapped[Json]
    notes: Mapped[list[str]]
    files: Mapped[Json]
    remote_id: Mapped[str | None]
    spec_key: Mapped[str | None]
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
