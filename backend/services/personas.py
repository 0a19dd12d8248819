"""How agents speak: of a workspace, of one agent, of one conversation; and changes that an operator sees first."""

from uuid import UUID

from backend.agents.persona_changes import changed
from backend.agents.personas import layered
from backend.db.models import Agent, Conversation
from backend.errors import NotFound
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.conversations import readable_by
from backend.tracing.track import track
from contracts.personas import Persona, PersonaProposal, PersonaSaid


class PersonaService:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def default(self, principal: Principal) -> Persona:
        """How the workspace's agents speak where they do not say themselves."""
        async with self._uow.read(principal.workspace_id) as tx:
            return await tx.agents.default_persona()

    @track("personas.put_default")
    async def put_default(self, principal: Principal, persona: Persona) -> Persona:
        async with self._uow(principal.workspace_id) as tx:
            await tx.agents.put_default_persona(persona)
            return await tx.agents.default_persona()

    async def proposal(self, principal: Principal, agent_id: UUID, said: PersonaSaid) -> PersonaProposal:
        """What would be different. Raises `NotFound` for a conversation that is not with the agent."""
        async with self._uow.read(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            layers = [await tx.agents.default_persona(), persona_of(agent)]
            if said.conversation_id is not None:
                layers.append(persona_of(await _conversation(tx, principal, said.conversation_id, agent)))
        before = layered(*layers)
        after = changed(before, said.said)
        differing = {
            name: getattr(after, name) for name in Persona.model_fields if getattr(after, name) != getattr(before, name)
        }
        return PersonaProposal(before=before, after=after, change=Persona.model_validate(differing))

    async def of_conversation(self, principal: Principal, conversation_id: UUID) -> Persona:
        """What stands over the agent's there."""
        async with self._uow.read(principal.workspace_id) as tx:
            return persona_of(await _conversation(tx, principal, conversation_id))

    @track("personas.put")
    async def put(self, principal: Principal, conversation_id: UUID, persona: Persona) -> Persona:
        """In the place of what stood over the agent's there."""
        async with self._uow(principal.workspace_id) as tx:
            conversation = await _conversation(tx, principal, conversation_id)
            conversation.persona = persona.model_dump(mode="json", exclude_none=True) or None
            await tx.session.flush()
            return persona_of(conversation)


def persona_of(row: Agent | Conversation) -> Persona:
    return Persona.model_validate(row.persona or {})


async def _conversation(
    tx: Tx, principal: Principal, conversation_id: UUID, agent: Agent | None = None
) -> Conversation:
    found = await tx.conversations.get(conversation_id, readable_by(principal))
    if agent is not None and found.agent_id != agent.id:
        raise NotFound(f"no conversation {str(conversation_id)!r}")
    return found
