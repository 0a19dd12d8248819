"""An agent's row as others see it."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from backend.db.models import Agent
from backend.repositories.agents import DEFAULT
from backend.repositories.uow import Tx
from backend.services.agent_states import Standing
from backend.services.personas import persona_of
from contracts import agents as wire
from contracts.lead_fields import LeadFields


async def settings_of(tx: Tx, row: Agent) -> wire.AgentSettings:
    return _settings(row, await tx.agents.more_collections_of(row.id))


def to_wire(row: Agent, used_today: int, more: Sequence[UUID], standing: Standing) -> wire.Agent:
    names = ("id", "name", "external_id", "version", "job_id", "created_at", "archived_at")
    stored: dict[str, Any] = {name: getattr(row, name) for name in names}
    settings = _settings(row, more)
    shown = {name: getattr(settings, name) for name in wire.AgentSettings.model_fields}
    return wire.Agent(
        **stored,
        **shown | {"model": row.model},
        used_today=used_today,
        state=standing.state,
        reason=standing.reason,
        is_default=row.name == DEFAULT,
    )


def _settings(row: Agent, more: Sequence[UUID]) -> wire.AgentSettings:
    return wire.AgentSettings(
        provider=row.provider,
        model=row.model or None,
        parameters=wire.AgentParameters.model_validate(row.parameters or {}),
        fallbacks=[wire.Fallback(provider=one["provider"], model=one["model"] or None) for one in row.fallbacks],
        daily_tokens=row.daily_tokens,
        collection_id=row.collection_id,
        more_collection_ids=list(more),
        persona=persona_of(row),
        lead_fields=LeadFields.model_validate(row.lead_fields) if row.lead_fields else None,
        consent_text=row.consent_text,
        retention_days=row.retention_days,
    )
