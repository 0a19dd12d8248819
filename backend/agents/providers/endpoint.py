"""Where a configured vendor is, and what is sent there: the key that belongs to the URL, and no other secret."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

import httpx2
from pydantic import SecretStr

from backend.agents.providers.config import HttpClientFactory, ProviderConfig
from backend.agents.providers.protocols.base import NO_KEY, KeyHeader
from backend.agents.providers.vendors import Vendor
from backend.errors import InvalidRequest, ProviderAuthFailed
from backend.security.outbound import same_endpoint

# SDKs add others, from the environment (organisation, project) and about this machine.
_SENT_HEADERS = frozenset(
    ("host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent")
)

_OPENED: ContextVar[list[httpx2.Response] | None] = ContextVar("opened responses", default=None)


@contextmanager
def noting_responses(opened: list[httpx2.Response]) -> Iterator[None]:
    """Collects the responses that clients of endpoints open meanwhile. Whoever notes them closes them."""
    token = _OPENED.set(opened)
    try:
        yield
    finally:
        _OPENED.reset(token)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A vendor at a base URL. `key` is None when none is configured or the stored one is for another URL."""

    vendor: Vendor
    base_url: str
    key: SecretStr | None
    is_key_elsewhere: bool = False

    @classmethod
    def of(cls, vendor: Vendor, config: ProviderConfig) -> "Endpoint":
        """Raises `InvalidRequest` without a URL, `OutboundRefused` for one that cannot be called."""
        base_url = config.base_url or vendor.default_url
        if not base_url:
            raise InvalidRequest(
                f"{config.name!r} needs a base URL, such as 'http://127.0.0.1:8080/v1'; set it in Settings"
            )
        bound_to = config.key_base_url
        is_elsewhere = config.api_key is not None and bound_to is not None and not same_endpoint(base_url, bound_to)
        return cls(vendor, base_url, None if is_elsewhere else config.api_key, is_elsewhere)

    @property
    def secret(self) -> str:
        """The key for an SDK that insists on one; what is sent is decided by `client`."""
        return self.key.get_secret_value() if self.key else NO_KEY

    def root(self, *versions: str) -> str:
        """The base URL without the version that an SDK adds itself, such as `/v1`."""
        url = self.base_url.rstrip("/")
        return next((url.removesuffix(version) for version in versions if url.endswith(version)), url)

    @property
    def openai_url(self) -> str:
        """Where its API like OpenAI's is."""
        return f"{self.root(self.vendor.openai_version)}{self.vendor.openai_version}"

    def client(self, http: HttpClientFactory, timeout: httpx2.Timeout, header: KeyHeader) -> httpx2.AsyncClient:
        """A client that sends this key and no other header of consequence. Raises `ProviderAuthFailed`."""
        self._check_key()
        client = http(self.base_url, timeout)
        agent, key, allowed = client.headers["user-agent"], self.key, _SENT_HEADERS | header.beside

        async def restrict(request: httpx2.Request) -> None:
            for name in {name.lower() for name in request.headers} - allowed:
                del request.headers[name]
            request.headers["user-agent"] = agent
            if key is not None:
                request.headers[header.name] = f"{header.prefix}{key.get_secret_value()}"
            # Some SDKs replace the client's time limits by their own.
            request.extensions["timeout"] = timeout.as_dict()

        async def note(response: httpx2.Response) -> None:
            if (opened := _OPENED.get()) is not None:
                opened.append(response)

        client.event_hooks = {"request": [restrict], "response": [note]}
        return client

    def _check_key(self) -> None:
        if self.is_key_elsewhere:
            raise ProviderAuthFailed(
                f"the stored key of {self.vendor.name!r} is for another URL than {self.base_url!r}; enter the key again"
            )
        if self.vendor.needs_key and self.key is None:
            raise ProviderAuthFailed(
                f"no key for {self.vendor.name!r}; enter it in Settings or set {self.vendor.key_variable}"
            )
