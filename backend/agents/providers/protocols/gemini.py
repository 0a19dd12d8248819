"""Google's generateContent, as the Gemini API speaks it."""

import httpx2
from google.genai.errors import APIError, UnknownApiResponseError
from pydantic_ai.models import Model
from pydantic_ai.models.google import GoogleModel
from pydantic_ai.providers.google import GoogleProvider

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader


class GeminiContent:
    key_header = KeyHeader("x-goog-api-key", "")
    errors: tuple[type[Exception], ...] = (APIError, UnknownApiResponseError)

    def model(self, name: str, endpoint: Endpoint, http: httpx2.AsyncClient) -> Model:
        provider = GoogleProvider(api_key=endpoint.secret, base_url=endpoint.root("/v1beta", "/v1"), http_client=http)
        return GoogleModel(name, provider=provider)
