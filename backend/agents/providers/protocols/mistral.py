"""Mistral's chat completions: close to OpenAI's, but it refuses fields that it does not know."""

import httpx2
from mistralai.client import Mistral
from mistralai.client.errors import MistralError
from pydantic_ai.models import Model
from pydantic_ai.models.mistral import MistralModel
from pydantic_ai.providers.mistral import MistralProvider

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader
from backend.security.tls import trusted


class MistralChat:
    key_header = KeyHeader()
    errors: tuple[type[Exception], ...] = (MistralError,)

    def model(self, name: str, endpoint: Endpoint, http: httpx2.AsyncClient) -> Model:
        never_used = httpx2.Client(verify=trusted(), trust_env=False)
        url = endpoint.root("/v1")
        client = Mistral(api_key=endpoint.secret, server_url=url, client=never_used, async_client=http)
        return MistralModel(name, provider=MistralProvider(mistral_client=client))
