from dataclasses import replace
from typing import Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from backend.routers.sse import conversation_answers, event_stream
from backend.security.principal import Principal
from backend.services.app_services import AppServices
from backend.services.asking import Question, of_agent, of_collection, of_default
from contracts.chat import CLIENT_HEADER, CONVERSATION_HEADER, PAGES, ApiChat, Chat, ChatAnswer, RagChat

router = guarded_router("chat")

_ANSWERS: Final = conversation_answers(
    ChatAnswer, "The answer; with `stream` the events token, citation, done and error"
)


@router.post("/rag-chat", responses=_ANSWERS, response_model=None)
async def rag_chat(body: RagChat, request: Request, services: Services, principal: CurrentPrincipal) -> Response:
    """An answer from a collection, with citations."""
    return await _answer(of_collection(body), body.stream, request, services, principal)


@router.post("/chat", responses=_ANSWERS, response_model=None)
async def chat(body: Chat, request: Request, services: Services, principal: CurrentPrincipal) -> Response:
    """An agent's answer, with citations."""
    return await _answer(of_agent(body), body.stream, request, services, principal)


@router.post("/api/chat", responses=_ANSWERS, response_model=None)
async def api_chat(body: ApiChat, request: Request, services: Services, principal: CurrentPrincipal) -> Response:
    """The default agent's answer to a message with the conversation before it."""
    return await _answer(of_default(body), body.stream, request, services, principal)


async def _answer(
    question: Question, stream: bool, request: Request, services: AppServices, principal: Principal
) -> Response:
    question = replace(question, is_on_pages=request.headers.get(CLIENT_HEADER) == PAGES)
    exchange = await services.chat.begin(principal, question)
    headers = {CONVERSATION_HEADER: str(exchange.conversation_id)}
    if not stream:
        answer = await services.chat.whole(principal, exchange)
        return JSONResponse(answer.model_dump(mode="json"), headers=headers)
    return event_stream(services.chat.answer(principal, exchange), request.app.state.stopping, headers)
