from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import Query

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.base import Storable
from contracts.chat import Conversation, ConversationSource, ConversationSummary, UnansweredQuestion
from contracts.page import Page

router = guarded_router("chat")

Sources = Annotated[Sequence[ConversationSource], Query(max_length=3)]


@router.get("/conversations")
async def list_conversations(
    services: Services,
    principal: CurrentPrincipal,
    slice_: PageSlice,
    source: Sources = (),
    q: Annotated[str, Query(max_length=200), Storable] = "",
    everybody: Annotated[bool, Query(alias="all")] = False,
) -> Page[ConversationSummary]:
    """One's own, the last used first; `q` is part of the title, `all` is for admins, `source` may be there often."""
    return await services.conversations.page(principal, slice_, text=q.strip(), everybody=everybody, sources=source)


@router.get("/conversations/unanswered")
async def list_unanswered(
    services: Services, principal: CurrentPrincipal, slice_: PageSlice, source: Sources = ()
) -> Page[UnansweredQuestion]:
    """The questions that had no answer, newest first: one's own, for an admin everybody's."""
    return await services.conversations.unanswered(principal, slice_, sources=source)


@router.get("/conversations/{conversation_id}")
async def get_conversation(conversation_id: UUID, services: Services, principal: CurrentPrincipal) -> Conversation:
    return await services.conversations.get(principal, conversation_id)


@router.delete("/conversations/{conversation_id}", status_code=204)
async def delete_conversation(conversation_id: UUID, services: Services, principal: CurrentPrincipal) -> None:
    await services.conversations.delete(principal, conversation_id)
