"""The tables of agents: who answers, from which collections, and what it used."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Json, Owned, utc_now


class Agent(Owned, Base):
    """`parameters` is a `contracts.agents.AgentParameters`, `fallbacks` rows are {provider, model}, `persona` is a
    `contracts.personas.Persona`, `lead_fields` a `contracts.lead_fields.LeadFields`.

    `daily_tokens` is the most that it may use in a day of UTC; None is without end. `job_id` is the job that brings in
    the knowledge that it was created with.
    """

    __tablename__ = "agent"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "name"),
        sa.Index("ix_agent_external_id", "workspace_id", "external_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    external_id: Mapped[str | None]
    provider: Mapped[str]
    model: Mapped[str]
    parameters: Mapped[Json] = mapped_column(default=dict)
    fallbacks: Mapped[list[dict[str, str]]] = mapped_column(default=list)
    daily_tokens: Mapped[int | None] = mapped_column(sa.BigInteger)
    collection_id: Mapped[UUID] = mapped_column(sa.ForeignKey("collection.id"))
    persona: Mapped[Json] = mapped_column(default=dict)
    lead_fields: Mapped[Json | None]
    consent_text: Mapped[str | None]
    retention_days: Mapped[int | None]
    job_id: Mapped[UUID | None]
    version: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    archived_at: Mapped[datetime | None]


class AgentCollection(Owned, Base):
    """A collection that an agent answers from beside its first one; `place` is its order among them, from 0."""

    __tablename__ = "agent_collection"
    __table_args__ = (
        sa.PrimaryKeyConstraint("agent_id", "collection_id"),
        sa.Index("ix_agent_collection_collection", "collection_id"),
    )

    agent_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agent.id", ondelete="CASCADE"))
    collection_id: Mapped[UUID] = mapped_column(sa.ForeignKey("collection.id", ondelete="CASCADE"))
    place: Mapped[int]


class AgentVersion(Owned, Base):
    """`settings` is a `contracts.agents.AgentSettings`, as they were from `created_at` on."""

    __tablename__ = "agent_version"
    __table_args__ = (sa.PrimaryKeyConstraint("agent_id", "number"),)

    agent_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agent.id", ondelete="CASCADE"))
    number: Mapped[int]
    settings: Mapped[Json]
    note: Mapped[str]
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class AgentUsage(Owned, Base):
    """What an agent used on one day of UTC, `2026-11-28`."""

    __tablename__ = "agent_usage"
    __table_args__ = (sa.PrimaryKeyConstraint("agent_id", "day"),)

    agent_id: Mapped[UUID] = mapped_column(sa.ForeignKey("agent.id", ondelete="CASCADE"))
    day: Mapped[str]
    input_tokens: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    output_tokens: Mapped[int] = mapped_column(sa.BigInteger, default=0)
