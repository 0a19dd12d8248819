"""What a person may ask for: all that is kept of them, and that nothing is kept any more."""

import logging
from uuid import UUID, uuid4

from backend.db.comparing import AuditEvent
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.conversations import shown
from backend.services.lead_rows import consents_of
from backend.services.leads import LeadService, standing
from backend.tracing.track import track
from contracts import lead_records as wire

log = logging.getLogger("nexus.persons")


class PersonService:
    def __init__(self, uow: UnitOfWork, leads: LeadService) -> None:
        self._uow = uow
        self._leads = leads

    async def kept(self, principal: Principal, lead_id: UUID) -> wire.PersonalData:
        """Of a lead with its parts, whoever began the conversations. Raises `PartOfAnother`."""
        async with self._uow.read(principal.workspace_id) as tx:
            lead = await standing(tx, lead_id)
            whole = await self._leads.whole(tx, lead)
            consents = await consents_of(tx, whole.leads)
            return wire.PersonalData(
                lead=await self._leads.shown(tx, lead),
                consents=[consents[one] for one in whole.conversation_ids],
                conversations=[await _conversation(tx, principal, one) for one in whole.conversation_ids],
            )

    @track("persons.erase")
    async def erase(self, principal: Principal, lead_id: UUID) -> wire.Erasure:
        """The lead with its parts, their conversations and consents; what is kept is that it was done, and by whom.
        Needs no key of what is sealed. Raises `PartOfAnother`."""
        async with self._uow(principal.workspace_id) as tx:
            lead = await standing(tx, lead_id)
            leads = [lead, *(await tx.leads.parts([lead_id]))[lead_id]]
            conversation_ids = [one.conversation_id for one in leads]
            await tx.access.forget_naming(conversation_ids)
            erasure = wire.Erasure(leads=len(leads), conversations=await tx.leads.erase(conversation_ids))
            await _note(tx, principal, lead_id, erasure)
        if not await self._uow.database.settle(rewrite=True):
            log.warning("what was erased is not yet overwritten in the database's files; it is tried again")
        return erasure


async def _conversation(tx: Tx, principal: Principal, conversation_id: UUID) -> wire.PersonConversation:
    row = await tx.conversations.get(conversation_id)
    conversation = shown(row, await tx.conversations.messages(conversation_id), principal)
    return wire.PersonConversation(**dict(conversation), user_id=row.user_id)


async def _note(tx: Tx, principal: Principal, lead_id: UUID, erasure: wire.Erasure) -> None:
    await tx.aliases.note(
        AuditEvent(
            id=uuid4(),
            workspace_id=tx.workspace_id,
            actor=principal.name,
            action="lead.erased",
            subject=str(lead_id),
            details={"leads": str(erasure.leads), "conversations": str(erasure.conversations)},
        )
    )
