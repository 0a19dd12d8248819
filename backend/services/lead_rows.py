"""Leads as they are shown, with what stands beside them: consent, score, and who may be the same person."""

from collections.abc import Sequence
from datetime import date
from typing import Final
from uuid import UUID

from pydantic import TypeAdapter

from backend.db.leads import Consent, Lead
from backend.db.models import Agent
from backend.repositories.uow import Tx
from backend.services.lead_scores import score_of
from backend.services.lead_wholes import Whole
from contracts import lead_records as wire

_STAGE: Final = TypeAdapter[wire.Stage](wire.Stage)


async def rows_of(tx: Tx, found: Sequence[Whole], today: date) -> list[wire.LeadRow]:
    """In their order."""
    consents = await consents_of(tx, [lead for whole in found for lead in whole.leads])
    twins = await _twins(tx, found)
    rows = []
    for whole in found:
        lead = whole.lead
        score, reasons = score_of(whole.said.values, today)
        rows.append(
            wire.LeadRow(
                id=lead.id,
                agent_id=lead.agent_id,
                conversation_ids=whole.conversation_ids,
                stage=_STAGE.validate_python(lead.stage),
                owner=lead.owner,
                score=score,
                reasons=reasons,
                values=whole.said.values,
                consent=_weakest([consents[one.conversation_id].state for one in whole.leads]),
                twins=twins[lead.id],
                merged=[part.id for part in whole.parts],
                merged_into=lead.merged_into,
                revision=lead.revision,
                created_at=lead.created_at,
                updated_at=lead.updated_at,
                expires_at=lead.expires_at,
            )
        )
    return rows


async def consents_of(tx: Tx, leads: Sequence[Lead]) -> dict[UUID, wire.Consent]:
    """What each one's visitor was asked and said, by the conversation."""
    given = await tx.leads.consents([one.conversation_id for one in leads])
    agents = {agent.id: agent for agent in await tx.agents.all()}
    return {
        one.conversation_id: _consent(one, given.get(one.conversation_id), agents.get(one.agent_id)) for one in leads
    }


def _consent(lead: Lead, row: Consent | None, agent: Agent | None) -> wire.Consent:
    """Where nothing was said, an agent that was given a consent text since asks for it."""
    if row is None:
        text = agent.consent_text if agent is not None else None
        state: wire.ConsentState = "not_required" if text is None else "required"
        return wire.Consent(conversation_id=lead.conversation_id, state=state, text=text)
    return wire.Consent(
        conversation_id=lead.conversation_id,
        state="given" if row.given else "refused",
        text=row.text,
        version=row.version,
        at=row.at,
    )


def _weakest(states: Sequence[wire.ConsentState]) -> wire.ConsentState:
    order: tuple[wire.ConsentState, ...] = ("refused", "required", "given", "not_required")
    return min(states, key=order.index)


async def _twins(tx: Tx, found: Sequence[Whole]) -> dict[UUID, list[UUID]]:
    """By the lead, the ids of others that share an address or a number with it or a part of it, each once and as the
    lead that it is part of."""
    alike = await tx.leads.alike([lead for whole in found for lead in whole.leads])
    roots = await tx.leads.roots([one.id for one in alike])
    twins: dict[UUID, list[UUID]] = {}
    for whole in found:
        own = {lead.id for lead in whole.leads}
        mails = {lead.email_hash for lead in whole.leads if lead.email_hash}
        phones = {lead.phone_hash for lead in whole.leads if lead.phone_hash}
        shared = {roots[one.id] for one in alike if one.email_hash in mails or one.phone_hash in phones}
        twins[whole.lead.id] = sorted(shared - own - {roots[one] for one in own & roots.keys()})
    return twins
