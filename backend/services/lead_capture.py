"""What a conversation says of its visitor: read, sealed, and kept as a lead."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID, uuid4

from pydantic import TypeAdapter

from backend.db.leads import Lead
from backend.db.models import Agent, Message
from backend.leads.base import FieldSpec, LeadExtractor, LeadValue, Setting, Turn
from backend.repositories.uow import Tx
from backend.security.sealing import PersonIndex, Sealer
from backend.services.lead_scores import score_of
from backend.services.lead_wholes import Said, wholes
from backend.services.personas import persona_of
from contracts.lead_fields import LeadFields
from contracts.lead_records import CapturedLead, Evidence, PastEvidence

_PAST = TypeAdapter(list[PastEvidence])


def _utc_now() -> datetime:
    return datetime.now(UTC)


class LeadCapture:
    def __init__(
        self,
        extractor: LeadExtractor,
        sealer: Sealer,
        index: PersonIndex,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._extractor = extractor
        self._sealer = sealer
        self._index = index
        self._now = now

    async def said(self, agent: Agent, messages: Sequence[Message]) -> Said:
        """What the visitor of a conversation says of themselves, of the fields that the agent keeps."""
        fields = LeadFields.model_validate(agent.lead_fields) if agent.lead_fields else None
        if fields is None or not fields.any:
            return Said({}, [])
        turns = [_turn(message) for message in messages]
        own = [FieldSpec(one.name, one.kind, one.question, tuple(one.choices)) for one in fields.own]
        setting = Setting(self.today(), _region(agent))
        wanted = {*fields.standard, *(one.name for one in fields.own)}
        found = [value for value in await self._extractor.extract(turns, own, setting) if value.field in wanted]
        return Said(
            {value.field: _evidence(value) for value in found if value.standing == "holds"},
            [_past(value) for value in found if value.standing != "holds"],
        )

    def shown(self, said: Said, lead: Lead | None = None) -> CapturedLead | None:
        """Nothing where nothing was said."""
        if not (said.values or lead is not None):
            return None
        score, _ = score_of(said.values, self.today())
        stage = lead.stage if lead is not None else "new"
        return CapturedLead.model_validate(
            {
                "id": lead.id if lead else None,
                "score": score,
                "stage": stage,
                "values": said.values,
                "history": said.history,
            }
        )

    async def keep(self, tx: Tx, agent: Agent, conversation_id: UUID, said: Said) -> Lead | None:
        """The conversation's lead as it is now said to be; one that nothing is said of is not begun."""
        lead = await tx.leads.of_conversation(conversation_id)
        if lead is None and not said.values:
            return None
        if lead is not None and self.read(lead) == said:
            self._prolong(agent, lead)
            return lead
        is_new = lead is None
        if lead is None:
            lead = Lead(
                id=uuid4(),
                workspace_id=tx.workspace_id,
                agent_id=agent.id,
                conversation_id=conversation_id,
                stage="new",
            )
            lead.revision = 0
        self._write(lead, said)
        self._prolong(agent, lead)
        if is_new:
            await tx.leads.add(lead)
        else:
            await self._rate(tx, lead)
        return lead

    async def forget(self, tx: Tx, conversation_id: UUID) -> None:
        """The conversation's lead, where there is one; its parts are leads of their own again."""
        lead = await tx.leads.of_conversation(conversation_id)
        if lead is not None:
            above = await tx.leads.find(lead.merged_into) if lead.merged_into is not None else None
            await tx.leads.remove(lead)
            if above is not None:
                await self.renew(tx, above)

    async def renew(self, tx: Tx, lead: Lead) -> None:
        """A lead whose parts are others now, and what it is itself part of."""
        lead.revision += 1
        lead.updated_at = self._now()
        await self._rate(tx, lead)

    def read(self, lead: Lead) -> Said:
        """What is kept of a lead. Raises `SecretUnreadable`."""
        kept = _PAST.validate_python(self._sealer.unseal(lead.workspace_id, lead.id, lead.sealed))
        return Said(
            {one.field: Evidence(**one.model_dump(exclude={"field", "standing"})) for one in kept if _holds(one)},
            [one for one in kept if not _holds(one)],
        )

    def notes(self, lead: Lead) -> str:
        """Raises `SecretUnreadable`."""
        return str(self._sealer.unseal(lead.workspace_id, lead.id, lead.notes)) if lead.notes is not None else ""

    def edit(self, lead: Lead, *, notes: str | None) -> None:
        """Another revision of a lead; without `notes` with those that it has."""
        if notes is not None:
            lead.notes = self._sealer.seal(lead.workspace_id, lead.id, notes) if notes else None
        lead.revision += 1
        lead.updated_at = self._now()

    def today(self) -> date:
        return self._now().date()

    async def _rate(self, tx: Tx, lead: Lead) -> None:
        """The score is that of the whole; what the lead is part of has changed with it."""
        [whole] = await wholes(tx, [lead], self.read)
        lead.score, _ = score_of(whole.said.values, self.today())
        above = await tx.leads.find(lead.merged_into) if lead.merged_into is not None else None
        if above is not None:
            await self.renew(tx, above)

    def _write(self, lead: Lead, said: Said) -> None:
        held = [PastEvidence(**dict(value), field=field, standing="holds") for field, value in said.values.items()]
        rows = [one.model_dump(mode="json") for one in (*held, *said.history)]
        lead.sealed = self._sealer.seal(lead.workspace_id, lead.id, rows)
        lead.score, _ = score_of(said.values, self.today())
        lead.email_hash = self._hash(lead.workspace_id, "email", said.values.get("email"))
        lead.phone_hash = self._hash(lead.workspace_id, "phone", said.values.get("phone"))
        lead.revision += 1
        lead.updated_at = self._now()

    def _hash(self, workspace_id: UUID, kind: str, value: Evidence | None) -> str | None:
        return self._index.hash(workspace_id, kind, str(value.value)) if value is not None else None

    def _prolong(self, agent: Agent, lead: Lead) -> None:
        kept_for = timedelta(days=agent.retention_days) if agent.retention_days is not None else None
        lead.expires_at = self._now() + kept_for if kept_for is not None else None


def _holds(one: PastEvidence) -> bool:
    return one.standing == "holds"


def _turn(message: Message) -> Turn:
    return Turn("user" if message.role == "user" else "assistant", message.content, str(message.id))


def _region(agent: Agent) -> str | None:
    """The country of a persona's language that names one: `de-AT` is AT."""
    language = persona_of(agent).language or ""
    parts = [part for part in language.split("-")[1:] if len(part) == 2 and part.isalpha()]
    return parts[-1].upper() if parts else None


def _evidence(value: LeadValue) -> Evidence:
    return Evidence(
        value=value.value,
        raw=value.raw,
        message_id=UUID(value.message_id),
        start=value.start,
        end=value.end,
        confidence=value.confidence,
        extractor=value.extractor,
    )


def _past(value: LeadValue) -> PastEvidence:
    return PastEvidence(**dict(_evidence(value)), field=value.field, standing=value.standing)
