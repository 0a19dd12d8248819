"""Where a configured vendor is, and what is sent there: the key that belongs to the URL, and no other secret."""

from dataclasses import dataclass

import httpx2
from pydantic import SecretStr

from backend.agents.providers.config import HttpClientFactory, ProviderConfig
from backend.agents.providers.vendors import Vendor, vendor_of
from backend.errors import InvalidRequest, ProviderAuthFailed
from backend.security.outbound import same_endpoint

# SDKs add others, from the environment (organisation, project) and about this machine.
_SENT_HEADERS = frozenset(
    ("host", "accept", "accept-encoding", "connection", "content-type", "content-length", "user-agent", "authorization")
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A vendor at a base URL. `key` is None when none is configured or the stored one is for another URL."""

    vendor: Vendor
    base_url: str
    key: SecretStr | None
    is_key_elsewhere: bool = False

    @classmethod
    def of(cls, config: ProviderConfig) -> "Endpoint":
        """Raises `InvalidRequest` without a URL, `OutboundRefused` for one that cannot be called."""
        vendor = vendor_of(config.name)
        base_url = config.base_url or vendor.default_url
        if not base_url:
            raise InvalidRequest(
                f"{config.name!r} needs a base URL, such as 'http://127.0.0.1:8080/v1'; set it in Settings"
            )
        bound_to = config.key_base_url
        is_elsewhere = config.api_key is not None and bound_to is not None and not same_endpoint(base_url, bound_to)
        return cls(vendor, base_url, None if is_elsewhere else config.api_key, is_elsewhere)

    def client(self, http: HttpClientFactory, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        """A client that sends this key and no other header of consequence. Raises `ProviderAuthFailed`."""
        self._check_key()
        client = http(self.base_url, timeout)
        agent, key = client.headers["user-agent"], self.key

        async def restrict(request: httpx2.Request) -> None:
            for name in {name.lower() for name in request.headers} - _SENT_HEADERS:
                del request.headers[name]
            request.headers["user-agent"] = agent
            request.headers.pop("authorization", None)
            if key is not None:
                request.headers["authorization"] = f"Bearer {key.get_secret_value()}"

        client.event_hooks = {"request": [restrict]}
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
