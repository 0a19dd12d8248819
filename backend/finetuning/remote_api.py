"""The fine-tuning API of a provider, as its row says. Importing this takes a second: not before it is needed."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

import httpx2

from backend.agents.providers.config import HttpClientFactory, ProviderConfig
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader
from backend.agents.providers.protocols.openai_chat import client_of
from backend.agents.providers.vendors import PROVIDERS, TuningDialect
from backend.errors import InvalidRequest
from backend.finetuning.remote_fireworks import FireworksFineTuning
from backend.finetuning.remote_openai import OpenAIFineTuning
from backend.finetuning.remote_together import TogetherFineTuning
from backend.finetuning.remote_wire import FineTuningApi

Speaker = Callable[[httpx2.AsyncClient, Endpoint, HttpClientFactory], FineTuningApi]
DIALECTS: Final[Mapping[TuningDialect, Speaker]] = {
    "openai": lambda client, endpoint, _http: OpenAIFineTuning(client_of(endpoint, client), endpoint),
    "together": TogetherFineTuning,
    "fireworks": FireworksFineTuning,
}


@asynccontextmanager
async def connected(config: ProviderConfig, http: HttpClientFactory) -> AsyncIterator[FineTuningApi]:
    """Raises what `Endpoint` raises: for an address that must not be called, for a key that is not there."""
    vendor = PROVIDERS.vendors[config.name]
    if vendor.fine_tunes is None:
        raise InvalidRequest(f"the provider {config.name!r} fine-tunes no models; train at another one")
    endpoint = Endpoint.of(vendor, config)
    timeout = httpx2.Timeout(config.timeouts.total, connect=config.timeouts.connect)
    async with endpoint.client(http, timeout, KeyHeader()) as client:
        yield DIALECTS[vendor.fine_tunes.dialect](client, endpoint, http)
