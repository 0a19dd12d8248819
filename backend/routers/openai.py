"""`/v1`: the API of OpenAI, in which an agent is a model."""

from typing import Annotated, Any, Final

from fastapi import Path, Request, Response

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from backend.routers.openai_wire import CompletionChunks, completion, embeddings
from backend.routers.sse import EVENT_STREAM, status_first_stream
from contracts.base import ExternalId
from contracts.chat import CONVERSATION_HEADER
from contracts.openai import ChatCompletion, ChatCompletionRequest, EmbeddingList, EmbeddingsRequest, Model, ModelList

router = guarded_router("openai")

_COMPLETIONS: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "model": ChatCompletion,
        "content": EVENT_STREAM,
        "description": "The answer; with `stream` chunks of it, then `[DONE]`",
        "headers": {
            CONVERSATION_HEADER: {
                "description": "The conversation that the question was saved in",
                "schema": {"type": "string", "format": "uuid"},
            }
        },
    }
}


@router.get("/v1/models")
async def list_models(services: Services, principal: CurrentPrincipal) -> ModelList:
    """Agents and embedding models."""
    return await services.openai.models(principal)


@router.get("/v1/models/{model:path}")
async def get_model(model: Annotated[ExternalId, Path()], services: Services, principal: CurrentPrincipal) -> Model:
    """An agent by its name, id or external id, or an embedding model by its name."""
    return await services.openai.model(principal, model)


@router.post("/v1/chat/completions", responses=_COMPLETIONS, response_model=None)
async def create_chat_completion(
    body: ChatCompletionRequest, request: Request, services: Services, principal: CurrentPrincipal
) -> Response:
    """An agent's answer."""
    exchange = await services.openai.begin(principal, body)
    headers = {CONVERSATION_HEADER: str(exchange.conversation_id)}
    if body.stream:
        chunks = CompletionChunks(body, exchange.message_id)
        events = services.chat.answer(principal, exchange)
        return status_first_stream(events, request.app.state.stopping, headers, chunks.encode)
    answer = await services.chat.whole(principal, exchange)
    return Response(completion(body, answer).model_dump_json(), headers=headers, media_type="application/json")


@router.post("/v1/embeddings", responses={200: {"model": EmbeddingList}}, response_model=None)
async def create_embeddings(body: EmbeddingsRequest, services: Services, principal: CurrentPrincipal) -> Response:
    """The vectors of texts, in their order."""
    embedded = await services.openai.embed(principal, body)
    return Response(await embeddings(embedded, body.encoding_format or "float"), media_type="application/json")
