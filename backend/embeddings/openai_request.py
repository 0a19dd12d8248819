"""One request for embeddings through the SDKs. Importing this takes a second or more: not before it is needed."""

from collections.abc import Sequence

import httpx2
from openai import AsyncOpenAI, OpenAIError
from pydantic_ai.embeddings.openai import OpenAIEmbeddingModel
from pydantic_ai.embeddings.result import EmbeddingResult
from pydantic_ai.providers.openai import OpenAIProvider

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.vendor_errors import vendor_errors
from backend.embeddings.base import EmbeddingKind


async def ask(
    endpoint: Endpoint, http: httpx2.AsyncClient, model: str, texts: Sequence[str], kind: EmbeddingKind
) -> EmbeddingResult:
    """Raises the `ProviderError` family."""
    with vendor_errors(endpoint.vendor.name, model, endpoint.key, (OpenAIError,)):
        client = AsyncOpenAI(
            base_url=endpoint.base_url,
            api_key=endpoint.secret,
            http_client=http,
            max_retries=0,
            timeout=http.timeout,
        )
        asked = OpenAIEmbeddingModel(model, provider=OpenAIProvider(openai_client=client))
        return await asked.embed(texts, input_type=kind)
