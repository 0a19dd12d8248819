"""The peer of `benchmarks.throughput`: FastAPI with the same models, nothing of ours.

`python -m benchmarks.bare PORT`; `--ours` serves the product's whole application instead, with one more route beside
`POST /rag-chat`, that does nothing but take a question and give an answer: before it stand our middleware, guard,
authentication, metrics and routing.
"""

import sys
from uuid import UUID

import uvicorn
from fastapi import APIRouter, FastAPI, HTTPException

from contracts.chat import ChatAnswer, Citation, RagChat, TokenUsage
from contracts.collections import Collection, NewCollection
from contracts.system import Health

UNKNOWN_STORE = "nowhere"
_ID = UUID("6f3b2c1e-94d1-4c3c-9a49-0a8c3f3f8d11")


def answer_to(question: RagChat) -> ChatAnswer:
    citations = [
        Citation(
            n=n,
            document_id=_ID,
            faq_id=_ID,
            title="How do I refill the boiler?",
            section="Boiler",
            page=n,
            quote="Open the blue tap below the boiler until the gauge shows two bars, then close it again.",
            score=0.8,
        )
        for n in range(1, (question.top_k or 5) + 1)
    ]
    return ChatAnswer(
        response="Open the blue tap below the boiler until the gauge shows two bars [1].",
        answered=True,
        citations=citations[:1],
        retrieved=citations,
        conversation_id=_ID,
        message_id=_ID,
        model="builtin",
        provider="builtin",
        fallback_used=False,
        usage=TokenUsage(),
        latency_ms=1.5,
    )


async def measured(body: RagChat) -> ChatAnswer:
    return answer_to(body)


def bare_app() -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.post("/measured")(measured)

    @app.post("/collections", status_code=201)
    async def create(new: NewCollection) -> Collection:
        raise HTTPException(422, f"no vector store {new.store!r}; known: ['native']")

    @app.get("/health")
    async def health() -> Health:
        return Health()

    return app


def our_router() -> APIRouter:
    from backend.routers.dependencies import CurrentPrincipal, Services
    from backend.routers.guarded import guarded_router
    from backend.security.permissions import ROUTES, Permission

    permitted = ROUTES
    assert isinstance(permitted, dict)
    permitted["POST", "/measured"] = Permission.CHAT
    router = guarded_router("measured")

    @router.post("/measured")
    async def measured_here(body: RagChat, _services: Services, _principal: CurrentPrincipal) -> ChatAnswer:
        return answer_to(body)

    return router


def serve_ours() -> None:
    from backend import routers
    from backend.routers import rag_chat

    at = routers.ROUTERS.index(rag_chat.router)
    routers.ROUTERS = (*routers.ROUTERS[:at], our_router(), *routers.ROUTERS[at:])
    from backend.server import serve
    from backend.settings import Settings
    from backend.tracing.logging import configure_logging

    settings = Settings()
    configure_logging(level=settings.log_level.upper(), format=settings.log_format or "auto")
    serve(settings)


def serve_bare(port: int) -> None:
    """With the settings that `backend.server` gives uvicorn."""
    uvicorn.run(
        bare_app(),
        port=port,
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
    )


if __name__ == "__main__":
    if sys.argv[1] == "--ours":
        serve_ours()
    else:
        serve_bare(int(sys.argv[1]))
