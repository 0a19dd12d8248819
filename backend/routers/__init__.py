"""The HTTP API: one file a noun, a handler is one service call."""

from fastapi import APIRouter

from backend.routers import (
    agents,
    collections,
    conversations,
    datasets,
    documents,
    drafting,
    embed_and_store,
    embedding_models,
    faq,
    faqs,
    finetune,
    ingest,
    jobs,
    keys,
    openai,
    providers,
    rag_chat,
    system,
    tuned_models,
)

ROUTERS: tuple[APIRouter, ...] = (
    system.router,
    faq.router,
    documents.router,
    drafting.router,
    faqs.router,
    collections.router,
    ingest.router,
    embed_and_store.router,
    rag_chat.router,
    conversations.router,
    jobs.router,
    providers.router,
    embedding_models.router,
    agents.router,
    datasets.router,
    finetune.router,
    tuned_models.router,
    openai.router,
    keys.router,
)
