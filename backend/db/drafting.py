"""The table of what models were asked about documents."""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Json, Owned, utc_now


class SectionDrafting(Owned, Base):
    """What a model was asked about a section, or a part of a long one: it is not asked about the same text again.

    `status` is done, failed, or open for one that is to be asked again. Counts, tokens and cost are those of `job_id`.
    """

    __tablename__ = "section_drafting"
    __table_args__ = (
        sa.PrimaryKeyConstraint("section_id", "part"),
        sa.Index("ix_section_drafting_document", "document_id", "job_id"),
    )

    section_id: Mapped[UUID] = mapped_column(sa.ForeignKey("section.id", ondelete="CASCADE"))
    part: Mapped[int]
    document_id: Mapped[UUID] = mapped_column(sa.ForeignKey("document.id", ondelete="CASCADE"))
    job_id: Mapped[UUID]
    content_hash: Mapped[str]
    provider: Mapped[str]
    model: Mapped[str]
    status: Mapped[str]
    kept: Mapped[int]
    dropped: Mapped[Json]
    failure: Mapped[str | None]
    input_tokens: Mapped[int] = mapped_column(sa.BigInteger)
    output_tokens: Mapped[int] = mapped_column(sa.BigInteger)
    cost_usd: Mapped[str | None]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
