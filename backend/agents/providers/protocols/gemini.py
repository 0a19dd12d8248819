"""Google's generateContent, as the Gemini API speaks it."""

import httpx2
from google.genai import Client
from google.genai.errors import APIError, UnknownApiResponseError
from google.genai.types import HttpOptions
from pydantic_ai.models import Model
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader
from backend.security.tls import trusted


class GeminiContent:
    key_header = KeyHeader("x-goog-api-key", "")
    errors: tuple[type[Exception], ...] = (APIError, UnknownApiResponseError)

    def model(self, name: str, endpoint: Endpoint, http: httpx2.AsyncClient) -> Model:
        options = HttpOptions(
            base_url=endpoint.root("/v1beta", "/v1"),
            httpx_async_client=http,
            client_args={"verify": trusted()},
            async_client_args={"verify": trusted(), "ssl": trusted()},
        )
        client = Client(vertexai=False, api_key=endpoint.secret, http_options=options)
        return GoogleModel(name, provider=GoogleProvider(client=client))
