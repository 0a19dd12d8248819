from typing import Final
from uuid import UUID

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from backend.routers.sse import conversation_answers, event_stream
from contracts.chat import CLIENT_HEADER, CONVERSATION_HEADER, PAGES
from contracts.lead_records import Consent, ConsentAnswer
from contracts.smart import SmartAnswer, SmartChat

router = guarded_router("smart agents")

_ANSWERS: Final = conversation_answers(
    SmartAnswer, "The answer; with `stream` the events lead, token, citation, done and error"
)


@router.post("/smart_chat/chat", responses=_ANSWERS, response_model=None)
async def smart_chat(body: SmartChat, request: Request, services: Services, principal: CurrentPrincipal) -> Response:
    """An agent's answer to a visitor, and what the visitor has said about themselves so far."""
    is_on_pages = request.headers.get(CLIENT_HEADER) == PAGES
    talk = await services.smart_chat.begin(principal, body, is_on_pages=is_on_pages)
    headers = {CONVERSATION_HEADER: str(talk.exchange.conversation_id)}
    if not body.stream:
        answer = await services.smart_chat.whole(principal, talk)
        return JSONResponse(answer.model_dump(mode="json"), headers=headers)
    return event_stream(services.smart_chat.answer(principal, talk), request.app.state.stopping, headers)


@router.get("/conversations/{conversation_id}/consent")
async def get_consent(conversation_id: UUID, services: Services, principal: CurrentPrincipal) -> Consent:
    """What the visitor was asked and said."""
    return await services.smart_chat.consent(principal, conversation_id)


@router.post("/conversations/{conversation_id}/consent")
async def give_consent(
    conversation_id: UUID, body: ConsentAnswer, services: Services, principal: CurrentPrincipal
) -> Consent:
    """The visitor's answer to the agent's consent text: with consent what they said becomes a lead, without it is taken
    out of the conversation."""
    return await services.smart_chat.decide(principal, conversation_id, given=body.given)
