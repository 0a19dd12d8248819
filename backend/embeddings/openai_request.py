"""One request for embeddings through the SDKs. Importing this takes a second or more: not before it is needed."""

from collections.abc import Sequence

import httpx2
from openai import OpenAIError
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.embeddings.result import EmbeddingResult
from pydantic_ai.providers.openai import OpenAIProvider

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.openai_chat import client_of
from backend.agents.providers.vendor_errors import vendor_errors
from backend.embeddings.base import EmbeddingKind


async def ask(
    endpoint: Endpoint, http: httpx2.AsyncClient, model: str, texts: Sequence[str], kind: EmbeddingKind
) -> EmbeddingResult:
    """Raises the `ProviderError` family."""
    with vendor_errors(endpoint.vendor.name, model, endpoint.key, (OpenAIError,)):
        provider = OpenAIProvider(openai_client=client_of(endpoint, http))
        asked = OpenAIEmbeddingModel(model, provider=provider)
        return await asked.embed(texts, input_type=kind)
