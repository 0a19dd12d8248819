from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.chat import Conversation, ConversationSummary
from contracts.page import Page

router = guarded_router("chat")


@router.get("/conversations")
async def list_conversations(
    services: Services, principal: CurrentPrincipal, slice_: PageSlice
) -> Page[ConversationSummary]:
    """The most recently used first."""
    return await services.conversations.page(principal, slice_)


@router.get("/conversations/{conversation_id}")
async def get_conversation(conversation_id: UUID, services: Services, principal: CurrentPrincipal) -> Conversation:
    return await services.conversations.get(principal, conversation_id)


@router.delete("/conversations/{conversation_id}", status_code=204)
async def delete_conversation(conversation_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    await services.conversations.delete(principal, conversation_id)
