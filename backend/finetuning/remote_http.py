"""A fine-tuning API that is spoken to over HTTP, without an SDK: its answers are checked and read in one place."""

from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, TypeVar
from urllib.parse import quote

import httpx2
from pydantic import BaseModel

from backend.agents.providers.config import HttpClientFactory
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.vendor_errors import excerpt
from backend.errors import OutboundRefused, ProviderUnreachable
from backend.finetuning.remote_errors import api_errors, refusal

Read = TypeVar("Read", bound=BaseModel)


class HttpApi:
    """What every such API needs. `http` makes the client for what the server keeps at another host."""

    def __init__(self, client: httpx2.AsyncClient, endpoint: Endpoint, http: HttpClientFactory, base_url: str) -> None:
        self._client = client
        self._endpoint = endpoint
        self._http = http
        self.base_url = base_url

    @property
    def _name(self) -> str:
        return self._endpoint.vendor.name

    @property
    def _secret(self) -> str:
        return self._endpoint.key.get_secret_value() if self._endpoint.key else ""

    def _url(self, *path: str) -> str:
        return "/".join((self.base_url, *(quote(part, safe=":") for part in path)))

    async def _read(self, kind: type[Read], method: str, *path: str, json: dict[str, Any] | None = None) -> Read:
        return self._read_of(kind, await self._client.request(method, self._url(*path), json=json))

    def _read_of(self, kind: type[Read], answer: httpx2.Response) -> Read:
        self._check(answer)
        return kind.model_validate(answer.json())

    def _check(self, answer: httpx2.Response) -> None:
        if not answer.is_success:
            raise refusal(answer, self._name, excerpt(answer.text, self._secret))

    def _errors(self) -> AbstractContextManager[None]:
        return api_errors(self._name, self._endpoint.key)

    @asynccontextmanager
    async def _elsewhere(self, place: httpx2.URL, what: str) -> AsyncIterator[httpx2.AsyncClient]:
        """A client without the key. The URL itself lets everyone in there, so that it stands in no message.

        `what` the server does with the place follows its name. Raises `OutboundRefused`, `ProviderUnreachable`.
        """
        try:
            if place.scheme != "https" and httpx2.URL(self.base_url).scheme == "https":
                raise OutboundRefused(f"it would not be encrypted on its way to {place.host!r}")
            async with self._http(str(place), self._client.timeout) as storage:
                yield storage
        except OutboundRefused as exc:
            raise OutboundRefused(f"{self._name!r} {what} elsewhere: {_not_called(exc)}") from None
        except httpx2.ConnectError as exc:
            raise ProviderUnreachable(
                f"{place.host!r}, where {self._name!r} {what}, cannot be reached; it is asked again"
            ) from exc


def _not_called(error: OutboundRefused) -> str:
    """Why the place was not called, without what a user could do about a URL of theirs: this one is the server's."""
    why, _, advice = str(error).partition("; ")
    is_for_administrators = "NEXUS_OUTBOUND_ALLOW" in advice
    return f"{why}; {advice if is_for_administrators else 'ask the provider why, or train at another one'}"
