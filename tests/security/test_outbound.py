from collections.abc import Sequence

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import OutboundRefused
from backend.security.outbound import (
    Outbound,
    OutboundPolicy,
    PinnedTransport,
    Purpose,
    Resolver,
    parse_target,
    same_endpoint,
)

LOCAL = OutboundPolicy("local", vendor_hosts=frozenset({"api.vendor.example"}))
KEYS = OutboundPolicy(
    "keys", frozenset({"llm.internal", "Other.Internal:9000", "[fd12::1]:80"}), frozenset({"api.vendor.example"})
)
PUBLIC = "93.184.216.34"


def answering(*addresses: str) -> Resolver:
    async def resolve(_host: str, _port: int) -> Sequence[str]:
        return addresses

    return resolve


class Wire(httpx2.AsyncBaseTransport):
    """Records what would have been sent; addresses in `dead` refuse."""

    def __init__(self, *dead: str, status: int = 200, location: str = "") -> None:
        self.sent: list[httpx2.Request] = []
        self._dead = dead
        self._status, self._location = status, location

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        self.sent.append(request)
        if request.url.host in self._dead:
            raise httpx2.ConnectError("refused")
        headers = {"location": self._location} if self._location else {}
        return httpx2.Response(self._status, headers=headers)


async def call(
    url: str, *addresses: str, policy: OutboundPolicy = LOCAL, purpose: Purpose = "provider", wire: Wire | None = None
) -> Wire:
    wire = wire or Wire()
    transport = PinnedTransport(policy, answering(*addresses), parse_target(url), purpose, wire)
    policy.check_target(parse_target(url), purpose)
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as client:
        await client.get(url)
    return wire


NEVER = [
    "169.254.169.254",
    "169.254.0.1",
    "0.0.0.0",
    "0.1.2.3",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "::",
    "ff02::1",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "fd00:ec2::254",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2002:a9fe:a9fe::1",
]
PRIVATE = [
    "127.0.0.1",
    "127.8.8.8",
    "10.1.2.3",
    "172.16.0.9",
    "192.168.1.1",
    "100.64.0.1",
    "::1",
    "fd12::1",
    "::ffff:10.0.0.1",
]
OPEN = [PUBLIC, "2606:2800:220:1:248:1893:25c8:1946"]


@pytest.mark.parametrize("address", NEVER)
@pytest.mark.parametrize("purpose", ["provider", "public"])
@pytest.mark.parametrize("policy", [LOCAL, KEYS])
async def test_metadata_and_special_addresses_are_never_called(
    address: str, purpose: Purpose, policy: OutboundPolicy
) -> None:
    with pytest.raises(OutboundRefused, match="never called"):
        await call("http://llm.internal/v1", address, policy=policy, purpose=purpose)


@pytest.mark.parametrize("address", PRIVATE)
async def test_an_admin_may_name_private_addresses_in_local_mode(address: str) -> None:
    assert (await call("http://llm.lan/v1", address)).sent


@pytest.mark.parametrize("address", PRIVATE)
async def test_public_purposes_never_reach_private_addresses(address: str) -> None:
    with pytest.raises(OutboundRefused, match="not public"):
        await call("http://hooks.example/x", address, purpose="public")


@pytest.mark.parametrize("address", OPEN)
@pytest.mark.parametrize("purpose", ["provider", "public"])
async def test_public_addresses_are_called(address: str, purpose: Purpose) -> None:
    assert (await call("https://hooks.example/x", address, purpose=purpose)).sent


@pytest.mark.parametrize(
    "url", ["http://llm.internal/v1", "http://LLM.internal.:8080/v1", "http://other.internal:9000"]
)
async def test_listed_hosts_may_be_private_in_keys_mode(url: str) -> None:
    assert (await call(url, "10.0.0.7", policy=KEYS)).sent


async def test_a_listed_ipv6_host_is_recognised() -> None:
    assert (await call("http://[fd12::1]/v1", "fd12::1", policy=KEYS)).sent


@pytest.mark.parametrize("url", ["http://example.com/v1", "http://other.internal:9001", "http://xllm.internal/v1"])
async def test_unlisted_hosts_are_refused_in_keys_mode(url: str) -> None:
    with pytest.raises(OutboundRefused, match="NEXUS_OUTBOUND_ALLOW"):
        await call(url, PUBLIC, policy=KEYS)


@pytest.mark.parametrize("policy", [LOCAL, KEYS])
async def test_a_known_vendor_is_called_at_public_addresses_over_https_only(policy: OutboundPolicy) -> None:
    assert (await call("https://api.vendor.example/v1", PUBLIC, policy=policy)).sent
    with pytest.raises(OutboundRefused, match="not public"):
        await call("https://api.vendor.example/v1", "10.0.0.7", policy=policy)
    with pytest.raises(OutboundRefused, match="https only"):
        await call("http://api.vendor.example/v1", PUBLIC, policy=policy)


async def test_one_bad_address_among_good_ones_refuses_the_name() -> None:
    with pytest.raises(OutboundRefused):
        await call("http://mixed.example/", PUBLIC, "169.254.169.254")


async def test_the_connection_goes_to_the_checked_address_under_the_name() -> None:
    (request,) = (await call("https://llm.example:8443/v1/models?x=1", PUBLIC)).sent
    assert str(request.url) == f"https://{PUBLIC}:8443/v1/models?x=1"
    assert request.headers["host"] == "llm.example:8443"
    assert request.extensions["sni_hostname"] == "llm.example"


async def test_an_ipv6_address_is_pinned_too() -> None:
    (request,) = (await call("http://llm.example/v1", "2606:2800:220:1::1")).sent
    assert request.url.host == "2606:2800:220:1::1"


async def test_the_next_address_is_tried_when_one_refuses() -> None:
    wire = await call("http://llm.lan/v1", "::1", "127.0.0.1", wire=Wire("::1"))
    assert [request.url.host for request in wire.sent] == ["::1", "127.0.0.1"]


async def test_when_every_address_refuses_the_error_is_the_connections() -> None:
    with pytest.raises(httpx2.ConnectError):
        await call("http://llm.lan/v1", "::1", "127.0.0.1", wire=Wire("::1", "127.0.0.1"))


async def test_a_name_that_changes_its_address_is_checked_at_each_request_and_pinned() -> None:
    answers = iter([[PUBLIC], ["127.0.0.1"]])

    async def rebinding(_host: str, _port: int) -> Sequence[str]:
        return next(answers)

    wire = Wire()
    transport = PinnedTransport(LOCAL, rebinding, parse_target("http://evil.example/"), "public", wire)
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as client:
        await client.get("http://evil.example/")
        with pytest.raises(OutboundRefused):
            await client.get("http://evil.example/")
    assert [request.url.host for request in wire.sent] == [PUBLIC]


async def test_redirects_are_answers_not_instructions() -> None:
    wire = Wire(status=302, location="http://169.254.169.254/latest/meta-data")
    await call("http://llm.lan/v1", "127.0.0.1", wire=wire)
    assert len(wire.sent) == 1


async def test_a_client_reaches_its_own_host_only() -> None:
    transport = PinnedTransport(LOCAL, answering("127.0.0.1"), parse_target("http://llm.lan/v1"), "provider", Wire())
    async with httpx2.AsyncClient(transport=transport, trust_env=False) as client:
        for url in ("http://other.lan/v1", "https://llm.lan/v1", "http://llm.lan:81/v1"):
            with pytest.raises(OutboundRefused, match="only"):
                await client.get(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0177.0.0.1/",
        "http://0x7f.0.0.1/",
        "http://0x7f000001/",
        "http://127.1/",
        "http://1.2.3.4.5/",
        "http://[fe80::1%25eth0]/",
        "http://user@host/",
        "http://user:secret-word@host/",
        "http://@host/",
        "ftp://host/",
        "file:///etc/passwd",
        "gopher://host/",
        "javascript:alert(1)",
        "host/path",
        "//host/path",
        "http://",
        "http:///path",
        "http://ho st/",
        "http://host\\@evil/",
        "http://host\r\nX: y/",
        "http://host:99999/",
        "http://host:0/",
        "",
    ],
)
def test_urls_that_are_not_plain_http_are_refused(url: str) -> None:
    with pytest.raises(OutboundRefused) as caught:
        parse_target(url)
    assert "secret-word" not in str(caught.value)


@pytest.mark.parametrize(
    ("url", "host", "port"),
    [
        ("https://Example.COM/v1", "example.com", 443),
        ("http://example.com.:8080", "example.com", 8080),
        ("http://127.0.0.1:1234/v1", "127.0.0.1", 1234),
        ("http://[::1]:1234/v1", "::1", 1234),
        ("https://bücher.example/", "xn--bcher-kva.example", 443),
    ],
)
def test_targets_are_normalised(url: str, host: str, port: int) -> None:
    target = parse_target(url)
    assert (target.host, target.port) == (host, port)


@given(st.text(max_size=60))
def test_any_text_is_a_target_or_refused(text: str) -> None:
    for url in (text, f"http://{text}/v1", f"https://host/{text}"):
        try:
            target = parse_target(url)
        except OutboundRefused:
            continue
        assert target.scheme in ("http", "https")
        assert target.host


@pytest.mark.fault("E10")
@pytest.mark.parametrize(
    ("url", "other", "is_same"),
    [
        ("https://api.example.com/v1", "https://API.example.com:443/v1/", True),
        ("https://api.example.com/v1", "http://api.example.com/v1", False),
        ("https://api.example.com/v1", "https://api.example.com.evil.test/v1", False),
        ("https://api.example.com/v1", "https://api.example.com:8443/v1", False),
        ("https://api.example.com/v1", "https://api.example.com/v2", False),
    ],
)
def test_an_endpoint_is_scheme_host_port_and_path(url: str, other: str, is_same: bool) -> None:
    assert same_endpoint(url, other) is is_same


async def test_the_environment_gives_neither_proxy_nor_redirects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.invalid:3128")
    async with Outbound(LOCAL, answering("127.0.0.1")).client("http://llm.lan:9/v1", "provider") as client:
        assert not client.follow_redirects
        assert not client.trust_env
        with pytest.raises(httpx2.ConnectError):
            await client.get("http://llm.lan:9/v1")


async def test_a_name_without_addresses_cannot_be_reached() -> None:
    with pytest.raises(httpx2.ConnectError, match="no address"):
        await call("http://nowhere.example/")


async def test_loopback_names_resolve_with_the_systems_resolver() -> None:
    async with Outbound(LOCAL).client("http://localhost:9/", "public") as client:
        with pytest.raises(OutboundRefused, match="not public"):
            await client.get("http://localhost:9/")


def test_a_refused_url_never_becomes_a_client() -> None:
    with pytest.raises(OutboundRefused):
        Outbound(KEYS).client("http://example.com/v1", "provider")
