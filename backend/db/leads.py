"""The tables of leads: who said what about themselves to an agent, in whose words, and what they agreed to.

What a visitor said is sealed (`backend.security.sealing`); an e-mail address or phone number is found by a keyed hash.
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import Base, Json, Owned, utc_now


class Lead(Owned, Base):
    """What one conversation says of its visitor. `sealed` is a JSON list of values with their evidence, `notes` a text.

    `merged_into` is the lead that it became a part of. `expires_at` is when retention deletes it, with its
    conversation. `score` is of its values and those of its parts, on the day that they were last said.
    """

    __tablename__ = "lead"
    __table_args__ = (
        sa.UniqueConstraint("conversation_id"),
        sa.Index("ix_lead_list", "workspace_id", "created_at", "id"),
        sa.Index("ix_lead_email", "workspace_id", "email_hash"),
        sa.Index("ix_lead_phone", "workspace_id", "phone_hash"),
        sa.Index("ix_lead_expiry", "expires_at"),
        sa.Index("ix_lead_merged", "merged_into"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    agent_id: Mapped[UUID]
    conversation_id: Mapped[UUID] = mapped_column(sa.ForeignKey("conversation.id", ondelete="CASCADE"))
    sealed: Mapped[str]
    notes: Mapped[str | None]
    stage: Mapped[str] = mapped_column(default="new")
    owner: Mapped[str | None]
    score: Mapped[int] = mapped_column(default=0)
    email_hash: Mapped[str | None]
    phone_hash: Mapped[str | None]
    merged_into: Mapped[UUID | None] = mapped_column(sa.ForeignKey("lead.id", ondelete="SET NULL"))
    revision: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utc_now)
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
    expires_at: Mapped[datetime | None]


class Consent(Owned, Base):
    """What a visitor answered to an agent's consent text. `version` is the agent's whose text it was."""

    __tablename__ = "consent"

    conversation_id: Mapped[UUID] = mapped_column(
        sa.ForeignKey("conversation.id", ondelete="CASCADE"), primary_key=True
    )
    agent_id: Mapped[UUID]
    text: Mapped[str]
    version: Mapped[int]
    given: Mapped[bool]
    at: Mapped[datetime] = mapped_column(default=utc_now)


class LeadView(Owned, Base):
    """A list of leads that is asked for again: `view` is a `contracts.lead_records.LeadView`."""

    __tablename__ = "lead_view"
    __table_args__ = (sa.PrimaryKeyConstraint("workspace_id", "name"),)

    name: Mapped[str]
    view: Mapped[Json]
    author: Mapped[str]
    updated_at: Mapped[datetime] = mapped_column(default=utc_now)
