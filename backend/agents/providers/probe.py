"""Asking a vendor which models it serves: what a connection test shows."""

import httpx2
from pydantic import BaseModel, ValidationError

from backend.agents.providers.config import HttpClientFactory, ProviderConfig
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.vendors import vendor_of
from backend.errors import (
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
)

_SECONDS = 10.0


class _Model(BaseModel):
    id: str


class _Models(BaseModel):
    data: list[_Model]


async def list_models(config: ProviderConfig, http: HttpClientFactory) -> tuple[str, ...]:
    """The vendor's model names, sorted; its default models for one that needs no connection. Raises `ProviderError`."""
    vendor = vendor_of(config.name)
    if vendor.protocol == "offline":
        return vendor.default_models
    endpoint = Endpoint.of(config)
    timeout = httpx2.Timeout(_SECONDS, connect=config.timeouts.connect)
    try:
        async with endpoint.client(http, timeout) as client:
            response = await client.get(f"{endpoint.base_url.rstrip('/')}/models")
    except httpx2.ConnectTimeout as exc:
        raise ProviderUnavailable(f"{endpoint.base_url!r} did not accept a connection in time; check the URL") from exc
    except httpx2.TimeoutException as exc:
        raise ProviderTimeout(f"{endpoint.base_url!r} did not list its models within {_SECONDS:g} s") from exc
    except httpx2.HTTPError as exc:
        raise ProviderUnavailable(f"{endpoint.base_url!r} cannot be reached; check that the server runs") from exc
    _check_status(response.status_code, endpoint.base_url)
    try:
        return tuple(sorted(model.id for model in _Models.model_validate_json(response.content).data))
    except ValidationError as exc:
        raise ProviderBadAnswer(f"{endpoint.base_url!r} does not list models; give the URL up to '/v1'") from exc


def _check_status(status: int, url: str) -> None:
    if status in (401, 403):
        raise ProviderAuthFailed(f"{url!r} refused the key (status {status}); correct it")
    if status == 429:
        raise ProviderRateLimited(f"{url!r} asks to slow down; wait and try again")
    if status >= 500:
        raise ProviderUnavailable(f"{url!r} failed (status {status}); try again")
    if status != 200:
        raise ProviderRejected(f"{url!r} answered with status {status}; give the URL up to '/v1'")
