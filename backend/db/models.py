"""The tables. Every one but `workspace` carries `workspace_id`; ids are UUIDs made by us."""

from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from backend.db.agents import Agent, AgentCollection, AgentUsage, AgentVersion
from backend.db.base import Base, Json, Owned, UtcDateTime, utc_now
from backend.db.drafting import SectionDrafting

__all__ = [
    "Agent",
    "AgentCollection",
    "AgentUsage",
    "AgentVersion",
    "Base",
    "Json",
    "SectionDrafting",
    "UtcDateTime",
    "utc_now",
]


class Workspace(Base):
    """`persona` is a `contracts.personas.Persona`: how its agents speak where they do not say themselves."""

    __tablename__ = "workspace"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    persona: Mapped[Json] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class ApiKey(Owned, Base):
    __tablename__ = "api_key"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    role: Mapped[str]
    hash: Mapped[str] = mapped_column(unique=True)
    hint: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    last_used_at: Mapped[datetime | None]


class Credential(Owned, Base):
    """A provider's settings. The key is encrypted and bound to `base_url`."""

    __tablename__ = "credential"
    __table_args__ = (sa.PrimaryKeyConstraint("workspace_id", "provider"),)

    provider: Mapped[str]
    base_url: Mapped[str | None]
    sealed_key: Mapped[str | None]
    key_hint: Mapped[str | None]
    model: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now, onupdate=utc_now)


class Idempotency(Owned, Base):
    """The answer that a POST with an Idempotency-Key gave; `status` is null while it runs."""

    __tablename__ = "idempotency"
    __table_args__ = (sa.PrimaryKeyConstraint("workspace_id", "route", "key"),)

    route: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[str]
    status: Mapped[int | None]
    body: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now, index=True)


class Document(Owned, Base):
    __tablename__ = "document"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "sha256"),
        sa.Index("ix_document_list", "workspace_id", "created_at", "id"),
        sa.Index("ix_document_external_id", "workspace_id", "external_id", unique=True),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    external_id: Mapped[str | None]
    name: Mapped[str]
    media_type: Mapped[str]
    size: Mapped[int] = mapped_column(sa.BigInteger)
    sha256: Mapped[str]
    status: Mapped[str]
    version: Mapped[int] = mapped_column(default=1)
    pages: Mapped[int | None]
    section_count: Mapped[int] = mapped_column(default=0)
    word_count: Mapped[int] = mapped_column(default=0)
    title: Mapped[str | None]
    job_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Section(Owned, Base):
    """`blocks` rows are [kind, start, end, page]."""

    __tablename__ = "section"
    __table_args__ = (sa.UniqueConstraint("document_id", "ordinal"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    title_path: Mapped[list[str]]
    level: Mapped[int]
    page: Mapped[int | None]
    anchor: Mapped[str | None]
    text: Mapped[str]
    blocks: Mapped[list[list[Any]]]


class Passage(Owned, Base):
    """`section.text[start:end]`, small enough for the embedding model."""

    __tablename__ = "passage"
    __table_args__ = (
        sa.UniqueConstraint("document_id", "ordinal"),
        sa.Index("ix_passage_section", "section_id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"))
    section_id: Mapped[UUID] = mapped_column(sa.ForeignKey("section.id", ondelete="CASCADE"))
    ordinal: Mapped[int]
    start: Mapped[int]
    end: Mapped[int]
    page: Mapped[int | None]


class Faq(Owned, Base):
    """`quote` is kept beside the source's place, so that a FAQ outlives its document.

    `ordinal` orders FAQs over all documents: by the document's time, then by their place in it. `question_key` is the
    same for questions of the same words. `drafted_by` names the model that wrote it; what models draft stands behind
    the last draft of the rules that it follows, and there by its `place`.
    """

    __tablename__ = "faq"
    __table_args__ = (
        sa.UniqueConstraint("workspace_id", "external_id"),
        sa.Index("ix_faq_review", "workspace_id", "status", "document_id", "ordinal"),
        sa.Index("ix_faq_document", "document_id", "ordinal"),
        sa.Index("ix_faq_group", "workspace_id", "group_id"),
        sa.Index("ix_faq_section", "section_id"),
        sa.Index("ix_faq_key", "workspace_id", "question_key"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("document.id", ondelete="SET NULL"))
    section_id: Mapped[UUID | None] = mapped_column(sa.ForeignKey("section.id", ondelete="SET NULL"))
    ordinal: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    place: Mapped[int] = mapped_column(sa.BigInteger, default=0, server_default="0")
    question: Mapped[str]
    answer: Mapped[str]
    status: Mapped[str]
    kind: Mapped[str]
    confidence: Mapped[float]
    reason: Mapped[str] = mapped_column(default="")
    section_title: Mapped[str | None]
    page: Mapped[int | None]
    anchor: Mapped[str | None]
    quote: Mapped[str | None]
    start: Mapped[int | None]
    end: Mapped[int | None]
    tags: Mapped[list[str]] = mapped_column(default=list)
    group_id: Mapped[UUID | None]
    revision: Mapped[int] = mapped_column(default=1)
    external_id: Mapped[str | None]
    question_key: Mapped[str] = mapped_column(server_default="")
    drafted_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class FaqRevision(Owned, Base):
    __tablename__ = "faq_revision"
    __table_args__ = (sa.PrimaryKeyConstraint("faq_id", "revision"),)

    faq_id: Mapped[UUID] = mapped_column(sa.ForeignKey("faq.id", ondelete="CASCADE"))
    revision: Mapped[int]
    question: Mapped[str]
    answer: Mapped[str]
    tags: Mapped[list[str]]
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class FaqAction(Owned, Base):
    """A bulk decision, so that it can be undone."""

    __tablename__ = "faq_action"
    __table_args__ = (sa.Index("ix_faq_action_list", "workspace_id", "created_at", "id"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    author: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    undone_at: Mapped[datetime | None]


class FaqActionItem(Owned, Base):
    __tablename__ = "faq_action_item"
    __table_args__ = (
        sa.PrimaryKeyConstraint("action_id", "faq_id"),
        sa.Index("ix_faq_action_item_faq", "faq_id"),
    )

    action_id: Mapped[UUID] = mapped_column(sa.ForeignKey("faq_action.id", ondelete="CASCADE"))
    faq_id: Mapped[UUID] = mapped_column(sa.ForeignKey("faq.id", ondelete="CASCADE"))
    before: Mapped[str]
    after: Mapped[str]


class Collection(Owned, Base):
    """`seq` numbers the changes of its points; `changes` counts those of its sources, of which `synced` are in.

    The FAQs of points up to the seq `compared` have been searched for duplicates. `generation` counts the embedding
    models that it had: each has a collection of its own in the vector store. While it is embedded anew by another one,
    that is `next_spec`. `calibration` is when it answers, None until it was measured.
    """

    __tablename__ = "collection"
    __table_args__ = (sa.UniqueConstraint("workspace_id", "name"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[str]
    store: Mapped[str]
    spec: Mapped[Json]
    next_spec: Mapped[Json | None]
    sync: Mapped[str]
    takes_everything: Mapped[bool] = mapped_column(default=False)
    seq: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    changes: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    synced: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    compared: Mapped[int] = mapped_column(sa.BigInteger, default=0)
    generation: Mapped[int] = mapped_column(default=0)
    calibration: Mapped[Json | None]
    job_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class CollectionSource(Owned, Base):
    """What a collection draws from: a document (its passages and approved FAQs) or one FAQ."""

    __tablename__ = "collection_source"
    __table_args__ = (
        sa.PrimaryKeyConstraint("collection_id", "kind", "ref"),
        sa.Index("ix_collection_source_ref", "ref"),
    )

    collection_id: Mapped[UUID] = mapped_column(sa.ForeignKey("collection.id", ondelete="CASCADE"))
    kind: Mapped[str]
    ref: Mapped[UUID]


class VectorPoint(Owned, Base):
    """One view of one item in a collection. `seq` orders changes; a removed point stays as `deleted`."""

    __tablename__ = "vector_point"
    __table_args__ = (
        sa.PrimaryKeyConstraint("collection_id", "key"),
        sa.Index("ix_vector_point_seq", "collection_id", "seq"),
        sa.Index("ix_vector_point_item", "collection_id", "item_id", "deleted", "revision"),
    )

    collection_id: Mapped[UUID] = mapped_column(sa.ForeignKey("collection.id", ondelete="CASCADE"))
    key: Mapped[int] = mapped_column(sa.BigInteger, autoincrement=False)
    point_id: Mapped[UUID]
    item_id: Mapped[UUID]
    source: Mapped[str]
    view: Mapped[str]
    revision: Mapped[int]
    document_id: Mapped[UUID | None]
    content_hash: Mapped[str]
    seq: Mapped[int] = mapped_column(sa.BigInteger)
    deleted: Mapped[bool] = mapped_column(default=False)


class Embedding(Owned, Base):
    """`vector` is float32 in little-endian order."""

    __tablename__ = "embedding"
    __table_args__ = (sa.PrimaryKeyConstraint("workspace_id", "spec_key", "content_hash"),)

    spec_key: Mapped[str]
    content_hash: Mapped[str]
    vector: Mapped[bytes]


class Conversation(Owned, Base):
    """`owner` is the id of the key that began it, or "local"; None where it was not kept yet.

    `agent_id` is None where no agent was asked but a collection, or a tuned model or an alias: `model` is its name.
    `user_id` is another program's name for who asks. `source` is "pages" or "program", None where it was not kept yet.
    `persona` is a `contracts.personas.Persona` that stands over the agent's. From `expires_at` on it is not there any
    more. At `handed_over_at` its visitor asked for a person.
    """

    __tablename__ = "conversation"
    __table_args__ = (
        sa.Index("ix_conversation_list", "workspace_id", "updated_at", "id"),
        sa.Index("ix_conversation_expiry", "expires_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    collection_id: Mapped[UUID]
    agent_id: Mapped[UUID | None]
    model: Mapped[str | None]
    user_id: Mapped[str | None]
    title: Mapped[str]
    owner: Mapped[str | None]
    source: Mapped[str | None]
    persona: Mapped[Json | None]
    expires_at: Mapped[datetime | None]
    handed_over_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)


class Message(Owned, Base):
    """`answer` is a ChatAnswer, `error` a Problem; a question has neither.

    `documents` is of an answer whether it was given from documents, None where that was not kept yet; of a question
    what it says of them, None where it says nothing.
    """

    __tablename__ = "message"
    __table_args__ = (
        sa.Index("ix_message_conversation", "conversation_id", "created_at", "id"),
        sa.Index("ix_message_day", "workspace_id", "role", "created_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    conversation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("conversation.id", ondelete="CASCADE"))
    role: Mapped[str]
    content: Mapped[str]
    answered: Mapped[bool | None]
    documents: Mapped[bool | None]
    answer: Mapped[Json | None]
    error: Mapped[Json | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)


class Job(Owned, Base):
    """`attempt` fences steps of an older workflow of the same job."""

    __tablename__ = "job"
    __table_args__ = (
        sa.Index("ix_job_list", "workspace_id", "created_at", "id"),
        sa.Index("ix_job_status", "status"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[str]
    status: Mapped[str]
    stage: Mapped[str] = mapped_column(default="")
    progress: Mapped[float] = mapped_column(default=0.0)
    done: Mapped[int] = mapped_column(default=0)
    total: Mapped[int] = mapped_column(default=0)
    message: Mapped[str] = mapped_column(default="")
    title: Mapped[str] = mapped_column(default="")
    error: Mapped[Json | None]
    result: Mapped[Json | None]
    attempt: Mapped[int] = mapped_column(default=1)
    version: Mapped[str]
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    document_id: Mapped[UUID | None]
    collection_id: Mapped[UUID | None]
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    input: Mapped["JobInput"] = relationship(lazy="raise", cascade="save-update, merge", passive_deletes=True)


class JobInput(Owned, Base):
    """What a job's workflow works on: up to megabytes, which no reading or writing of its progress should carry."""

    __tablename__ = "job_input"

    job_id: Mapped[UUID] = mapped_column(sa.ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    payload: Mapped[Json]
