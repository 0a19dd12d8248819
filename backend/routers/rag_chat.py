from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import JSONResponse

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router, problems
from backend.routers.sse import chat_stream
from contracts.chat import CONVERSATION_HEADER, ChatAnswer, RagChat

router = guarded_router("chat")

_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": ChatAnswer,
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
        "description": "The answer; with `stream` the events token, citation, done and error",
        "headers": {
            CONVERSATION_HEADER: {
                "description": "The conversation that the question was saved in; known before the first event",
                "schema": {"type": "string", "format": "uuid"},
            }
        },
    }
}


@router.post("/rag-chat", responses=_ANSWERS | problems(429, 502, 504), response_model=None)
async def rag_chat(body: RagChat, request: Request, services: Services, principal: CurrentPrincipal) -> Response:
    """An answer from a collection, with citations."""
    exchange = await services.chat.begin(principal, body)
    headers = {CONVERSATION_HEADER: str(exchange.conversation_id)}
    if not body.stream:
        answer = await services.chat.whole(principal, exchange)
        return JSONResponse(answer.model_dump(mode="json"), headers=headers)
    return chat_stream(services.chat.answer(principal, exchange), request.app.state.stopping, headers)
