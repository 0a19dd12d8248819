"""The tables of comparisons and votes, of aliases and their moves, and of who did what."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Json, Owned, utc_now


class Contest(Owned, Base):
    """The same contestants over all their questions. `key` is a hash of theirs; `contestants` are
    {"items": [Contestant]}, ordered by key."""

    __tablename__ = "contest"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "key"),
        sa.Index("ix_contest_list", "workspace_id", "created_at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    key: Mapped[str]
    contestants: Mapped[Json]
    is_closed: Mapped[bool] = mapped_column(default=False)
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ComparisonBatch(Owned, Base):
    """What a `compare` job compares; its id is the job's. `recipe` is what was asked for, `results` what came out."""

    __tablename__ = "comparison_batch"
    __table_args__ = (
        sa.Index("ix_comparison_batch_list", "workspace_id", "created_at", "id"),
        sa.Index("ix_comparison_batch_contest", "contest_id"),
        sa.Index("ix_comparison_batch_dataset", "dataset_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contest_id: Mapped[UUID] = mapped_column(sa.ForeignKey("contest.id", ondelete="CASCADE"))
    dataset_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("dataset.id", ondelete="SET NULL"))
    dataset_name: Mapped[str]
    dataset_version: Mapped[int]
    recipe: Mapped[Json]
    questions: Mapped[int]
    results: Mapped[Json | None] = mapped_column(sa.JSON(none_as_null=True))
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Comparison(Owned, Base):
    """One question and its lanes. `ordinal` is its place in a batch; `row_id` and `faq_id` are of the dataset's row
    that it asks, `is_answerable` whether the documents answer it, where that is known. `judged` is what the judge said,
    {"pairs": {"key one|key two": {"said": "first" | "second" | "tie" | "failed", "why": ...}}, "usage": TokenUsage};
    {} where nobody was asked yet."""

    __tablename__ = "comparison"
    __table_args__ = (
        sa.Index("ix_comparison_list", "workspace_id", "created_at", "id"),
        sa.Index("ix_comparison_contest", "contest_id", "created_at", "id"),
        sa.Index("ix_comparison_batch", "batch_id", "ordinal"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    contest_id: Mapped[UUID] = mapped_column(sa.ForeignKey("contest.id", ondelete="CASCADE"))
    batch_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("comparison_batch.id", ondelete="CASCADE"))
    ordinal: Mapped[int] = mapped_column(default=0)
    question: Mapped[str]
    expected: Mapped[str | None]
    is_answerable: Mapped[bool | None]
    row_id: Mapped[UUID | None]
    faq_id: Mapped[UUID | None]
    is_blind: Mapped[bool]
    judged: Mapped[Json] = mapped_column(default=dict)
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ComparisonLane(Owned, Base):
    """A contestant's answer. `place` is where it stands, drawn anew for each comparison. `metrics` are by name."""

    __tablename__ = "comparison_lane"
    __table_args__ = (sa.PrimaryKeyConstraint("comparison_id", "contestant"),)

    comparison_id: Mapped[UUID] = mapped_column(sa.ForeignKey("comparison.id", ondelete="CASCADE"))
    contestant: Mapped[str]
    place: Mapped[int]
    text: Mapped[str]
    answer: Mapped[Json | None] = mapped_column(sa.JSON(none_as_null=True))
    error: Mapped[Json | None] = mapped_column(sa.JSON(none_as_null=True))
    latency_ms: Mapped[float] = mapped_column(sa.Double)
    first_token_ms: Mapped[float | None] = mapped_column(sa.Double)
    metrics: Mapped[Json] = mapped_column(default=dict)


class Vote(Owned, Base):
    """One person's on one comparison. `choice` is a contestant's key, `all_good` or `all_bad`, `blind_choice` the one
    that was cast before the names were told; `counts` whether that is the choice still, or again."""

    __tablename__ = "vote"
    __table_args__ = (sa.PrimaryKeyConstraint("comparison_id", "voter"),)

    comparison_id: Mapped[UUID] = mapped_column(sa.ForeignKey("comparison.id", ondelete="CASCADE"))
    voter: Mapped[str]
    choice: Mapped[str]
    blind_choice: Mapped[str | None]
    counts: Mapped[bool]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Alias(Owned, Base):
    """A name that agents use for what was promoted last. `move_id` is the move that holds now."""

    __tablename__ = "alias"
    __table_args__ = (sa.PrimaryKeyConstraint("workspace_id", "name"),)

    name: Mapped[str]
    move_id: Mapped[UUID]


class AliasMove(Owned, Base):
    """A promotion: the contestant, and the verdict on that day. `before_id` is the move that held before it, to which a
    roll-back returns. It outlives its contest."""

    __tablename__ = "alias_move"
    __table_args__ = (
        sa.Index("ix_alias_move_alias", "workspace_id", "alias"),
        sa.Index("ix_alias_move_contest", "contest_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    alias: Mapped[str]
    before_id: Mapped[UUID | None]
    contestant: Mapped[Json]
    contest_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("contest.id", ondelete="SET NULL"))
    verdict: Mapped[str]
    is_decided: Mapped[bool]
    reason: Mapped[str]
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class AuditEvent(Owned, Base):
    """Who did what, when. Rows are only added."""

    __tablename__ = "audit_event"
    __table_args__ = (sa.Index("ix_audit_event_list", "workspace_id", "at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(default=utc_now)
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    details: Mapped[Json] = mapped_column(default=dict)
