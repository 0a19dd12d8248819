"""The only way to a URL that a user gave: the address is resolved, checked and pinned before anything is sent."""

import asyncio
import re
import socket
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Literal

import httpx2

from backend.errors import OutboundRefused
from backend.security.tls import trusted

Address = IPv4Address | IPv6Address
Purpose = Literal["provider", "public"]
Resolver = Callable[[str, int], Awaitable[Sequence[str]]]

USER_AGENT = "ai-nexus"
CONNECTIONS = httpx2.Limits(max_connections=1000, max_keepalive_connections=100)
"""To one host. An answer holds its connection for as long as the model writes, so many people at once need many."""
_PORTS = {"http": 80, "https": 443}

# Cloud metadata services that are neither link-local nor otherwise special: AWS (IPv6), Alibaba, Oracle, Azure.
_METADATA = frozenset(map(ip_address, ("fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")))
_THIS_NETWORK = IPv4Network("0.0.0.0/8")
_LOCAL = tuple(
    map(
        ip_network, ("127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "::1", "fc00::/7")
    )
)
_NAT64 = IPv6Network("64:ff9b::/96")
_NAMES_A_USER = re.compile(r"[^/?#]*//[^/?#]*@")
_NUMERIC_LABEL = re.compile(r"(?:\d+|0x[0-9a-f]*)\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Target:
    """Where a URL points: scheme, host (lower case, ASCII, no trailing dot) and port."""

    scheme: str
    host: str
    port: int


@dataclass(frozen=True, slots=True)
class OutboundPolicy:
    """Which hosts may be called. `allow_hosts` are `host` or `host:port`; `vendor_hosts` are those of known vendors."""

    mode: Literal["local", "keys"] = "local"
    allow_hosts: frozenset[str] = frozenset()
    vendor_hosts: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        object.__setattr__(self, "allow_hosts", _lowered(self.allow_hosts))
        object.__setattr__(self, "vendor_hosts", _lowered(self.vendor_hosts))

    def allows(self, target: Target) -> bool:
        """Whether an administrator named this host in NEXUS_OUTBOUND_ALLOW."""
        host = f"[{target.host}]" if ":" in target.host else target.host
        return bool(self.allow_hosts & {target.host, host, f"{host}:{target.port}"})

    def check_target(self, target: Target, purpose: Purpose) -> None:
        """Raises `OutboundRefused` for a host that may not be called, whatever it resolves to."""
        if target.host in self.vendor_hosts and target.scheme != "https":
            raise OutboundRefused(f"{target.host!r} takes a key, so it is called by https only; correct the URL")
        if purpose == "provider" and self.mode == "keys" and not self._is_listed(target):
            raise OutboundRefused(f"the host {target.host!r} is not listed; add it to NEXUS_OUTBOUND_ALLOW")

    def check_address(self, address: Address, target: Target, purpose: Purpose) -> None:
        """Raises `OutboundRefused` for an address that this purpose may not reach."""
        candidates = _embedded(address)
        if any(_is_never_callable(candidate) for candidate in candidates):
            raise OutboundRefused(f"{_resolved(target, address)}, which is never called; correct the URL")
        if not all(self._may_reach(candidate, target, purpose) for candidate in candidates):
            raise OutboundRefused(f"{_resolved(target, address)}, which is not public; use a public host")

    def _is_listed(self, target: Target) -> bool:
        return target.host in self.vendor_hosts or self.allows(target)

    def _may_reach(self, address: Address, target: Target, purpose: Purpose) -> bool:
        if purpose == "provider" and _is_local(address):
            return target.host not in self.vendor_hosts and (self.mode == "local" or self.allows(target))
        return address.is_global


def parse_target(url: str) -> Target:
    """The target of an absolute http(s) URL. Raises `OutboundRefused`, without repeating a password in the URL."""
    try:
        parsed = httpx2.URL(url)
    except (httpx2.InvalidURL, ValueError, TypeError) as exc:
        raise OutboundRefused("the URL cannot be read; give it as https://host/path") from exc
    if parsed.userinfo or _NAMES_A_USER.match(url):
        raise OutboundRefused("the URL contains a user name or password; remove it and store the key instead")
    if parsed.scheme not in _PORTS:
        raise OutboundRefused(f"the scheme {parsed.scheme!r} is not called; use http or https")
    if "\\" in url or any(ord(char) <= 32 for char in url):
        raise OutboundRefused("the URL contains a space, backslash or control character; remove it")
    host = parsed.raw_host.decode("ascii").lower().removesuffix(".")
    _check_host(host)
    port = _PORTS[parsed.scheme] if parsed.port is None else parsed.port
    if not 0 < port < 65536:
        raise OutboundRefused(f"the port {port} does not exist; use 1 to 65535")
    return Target(parsed.scheme, host, port)


def same_endpoint(url: str, other: str) -> bool:
    """Whether two base URLs are one endpoint: same scheme, host, port and path. A stored key is bound to it."""
    return parse_target(url) == parse_target(other) and _path(url) == _path(other)


async def resolve(host: str, port: int) -> Sequence[str]:
    """All addresses of a name by the system's resolver."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(entry[4][0]) for entry in found))


@dataclass(frozen=True, slots=True)
class Outbound:
    """Makes HTTP clients that reach one host each. Whoever asks for a client closes it, in the same event loop."""

    policy: OutboundPolicy
    resolver: Resolver = resolve

    def check(self, url: str, purpose: Purpose) -> Target:
        """What can be said of a URL without the network. Raises `OutboundRefused`."""
        target = parse_target(url)
        self.policy.check_target(target, purpose)
        address = _literal(target.host)
        if address is not None:
            self.policy.check_address(address, target, purpose)
        return target

    def provider_client(self, base_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        """The client factory that model providers get."""
        return self.client(base_url, "provider", timeout=timeout)

    def client(
        self,
        base_url: str,
        purpose: Purpose,
        *,
        timeout: httpx2.Timeout | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> httpx2.AsyncClient:
        """A client for the host of `base_url` only: no redirects, no proxies or keys from the environment."""
        target = self.check(base_url, purpose)
        return httpx2.AsyncClient(
            transport=PinnedTransport(self.policy, self.resolver, target, purpose),
            timeout=timeout or httpx2.Timeout(30.0, connect=5.0),
            headers={"user-agent": USER_AGENT, **(headers or {})},
            follow_redirects=False,
            trust_env=False,
        )


@dataclass(slots=True)
class PinnedTransport(httpx2.AsyncBaseTransport):
    """Connects to addresses that were checked, under the name in the URL (Host, SNI, certificate).

    One transport serves one target, so a connection made for one host is never used for another.
    """

    policy: OutboundPolicy
    resolver: Resolver
    target: Target
    purpose: Purpose
    inner: httpx2.AsyncBaseTransport = field(
        default_factory=lambda: httpx2.AsyncHTTPTransport(verify=trusted(), trust_env=False, limits=CONNECTIONS)
    )

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        target = parse_target(str(request.url.copy_with(query=None, fragment=None)))
        if target != self.target:
            raise OutboundRefused(f"this client calls {self.target.host!r} only, not {target.host!r}")
        addresses = await self._checked_addresses(request)
        for address in addresses[:-1]:
            try:
                return await self._send(request, address)
            except (httpx2.ConnectError, httpx2.ConnectTimeout):
                continue
        return await self._send(request, addresses[-1])

    async def aclose(self) -> None:
        await self.inner.aclose()

    async def _send(self, request: httpx2.Request, address: Address) -> httpx2.Response:
        pinned = httpx2.Request(
            request.method,
            request.url.copy_with(host=str(address)),
            headers=request.headers,
            stream=request.stream,
            extensions={**request.extensions, "sni_hostname": self.target.host},
        )
        return await self.inner.handle_async_request(pinned)

    async def _checked_addresses(self, request: httpx2.Request) -> list[Address]:
        limit = request.extensions.get("timeout", {}).get("connect")
        try:
            async with asyncio.timeout(limit):
                names = await self.resolver(self.target.host, self.target.port)
        except TimeoutError as exc:
            raise httpx2.ConnectTimeout(f"no address for {self.target.host!r} within {limit} s") from exc
        except (OSError, UnicodeError) as exc:
            raise httpx2.ConnectError(f"no address for {self.target.host!r}") from exc
        addresses = [ip_address(name) for name in names]
        if not addresses:
            raise httpx2.ConnectError(f"no address for {self.target.host!r}")
        for address in addresses:
            self.policy.check_address(address, self.target, self.purpose)
        return addresses


def _path(url: str) -> str:
    return httpx2.URL(url).path.rstrip("/")


def _lowered(hosts: Collection[str]) -> frozenset[str]:
    return frozenset(host.strip().lower() for host in hosts if host.strip())


def _check_host(host: str) -> None:
    """Refuses what resolvers read as an address although it does not look like one: 2130706433, 0177.0.0.1, 0x7f.1."""
    if not host:
        raise OutboundRefused("the URL has no host; give it as https://host/path")
    if "%" in host:
        raise OutboundRefused(f"the host {host!r} names a network interface; leave that out")
    if ":" in host or not _NUMERIC_LABEL.match(host.rsplit(".", 1)[-1]):
        return
    try:
        IPv4Address(host)
    except ValueError as exc:
        raise OutboundRefused(f"the host {host!r} is not a plain IPv4 address; write it as 192.0.2.1") from exc


def _resolved(target: Target, address: Address) -> str:
    return f"the URL names {address}" if _literal(target.host) else f"{target.host!r} resolves to {address}"


def _literal(host: str) -> Address | None:
    """The address that a host of this form is, None for a name."""
    try:
        return ip_address(host)
    except ValueError:
        return None


def _embedded(address: Address) -> list[Address]:
    """The address and every IPv4 address that it stands for."""
    if isinstance(address, IPv4Address):
        return [address]
    inner: list[IPv4Address | None] = [address.ipv4_mapped, address.sixtofour]
    if address.teredo is not None:
        inner.extend(address.teredo)
    if address in _NAT64:
        inner.append(IPv4Address(int(address) & 0xFFFFFFFF))
    found: list[Address] = [each for each in inner if each is not None]
    return found if address.ipv4_mapped is not None else [address, *found]


def _is_local(address: Address) -> bool:
    return any(address in network for network in _LOCAL if network.version == address.version)


def _is_never_callable(address: Address) -> bool:
    special = address.is_unspecified or address.is_multicast or address.is_link_local or address in _METADATA
    if isinstance(address, IPv6Address):
        return special or address.is_site_local
    return special or address in _THIS_NETWORK or address.is_reserved
