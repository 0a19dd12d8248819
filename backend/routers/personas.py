from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.personas import Persona, PersonaProposal, PersonaSaid

router = guarded_router("agents")


@router.get("/agents/persona")
async def get_default_persona(services: Services, principal: CurrentPrincipal) -> Persona:
    """How the workspace's agents speak where they do not say themselves."""
    return await services.personas.default(principal)


@router.put("/agents/persona")
async def put_default_persona(body: Persona, services: Services, principal: CurrentPrincipal) -> Persona:
    """In the place of the one that there is."""
    return await services.personas.put_default(principal, body)


@router.post("/agents/{agent_id}/persona/proposal")
async def propose_persona(
    agent_id: UUID, body: PersonaSaid, services: Services, principal: CurrentPrincipal
) -> PersonaProposal:
    """What "be more formal from now on" would change, to be looked at before it is kept."""
    return await services.personas.proposal(principal, agent_id, body)


@router.get("/conversations/{conversation_id}/persona")
async def get_conversation_persona(conversation_id: UUID, services: Services, principal: CurrentPrincipal) -> Persona:
    """What stands over the agent's in this conversation."""
    return await services.personas.of_conversation(principal, conversation_id)


@router.put("/conversations/{conversation_id}/persona")
async def put_conversation_persona(
    conversation_id: UUID, body: Persona, services: Services, principal: CurrentPrincipal
) -> Persona:
    """In the place of what stands over the agent's there; an empty one takes it away."""
    return await services.personas.put(principal, conversation_id, body)
