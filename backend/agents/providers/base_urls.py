"""Which addresses can be a vendor's base URL: what is copied from a manual or a browser often is that of one call."""

import re
from typing import Final

from backend.agents.providers.vendors import Vendor
from backend.errors import InvalidRequest
from backend.security.outbound import parse_target

_SCHEME: Final = re.compile(r"(?:https?:/{0,2}|//)?", re.IGNORECASE)
_HOST_AND_PATH: Final = re.compile(r"[\w.\[\]-]+(?::[\w.:\[\]-]*)?(?:/[\w./-]*)?")
_PUBLIC: Final = re.compile(r"[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}(?:/|$)", re.IGNORECASE)
_CALL: Final = re.compile(
    r"(?:/chat/completions|(?<=/v1)/chat|/completions|/responses|/embeddings|/messages|/models(?:/.*)?)$", re.IGNORECASE
)
"""What is called below a base URL."""
_CALL_OF_OLLAMA: Final = re.compile(r"/api/(?:chat|generate|embed|embeddings|tags|show|ps|version)$", re.IGNORECASE)
_API_OF_OLLAMA: Final = re.compile(r"/api$", re.IGNORECASE)
_VERSION: Final = re.compile(r"/V\d\w*$")


def base_url_of(vendor: Vendor, given: str) -> str:
    """The address without slashes at its end.

    Raises `InvalidRequest`, which says what to write, for one without `http://`, with a query, or that leads to a call
    below the base URL; `OutboundRefused` for one that cannot be read. Who may be called is not asked here.
    """
    if "://" not in given:
        raise InvalidRequest(f"the base URL must begin with http:// or https://; {_with_scheme(given)}")
    parse_target(given)
    alone = re.split(r"[?#]", given, maxsplit=1)[0]
    base = _base(vendor, alone.rstrip("/"))
    if base != alone.rstrip("/"):
        raise InvalidRequest(f"{alone!r} is no base URL, to which the paths of the calls are added; write {base!r}")
    if alone != given:
        raise InvalidRequest(f"a base URL has nothing behind its path, neither '?' nor '#'; write {base!r}")
    return base


def _with_scheme(given: str) -> str:
    """What to write: an example where it cannot be told what was meant."""
    rest = _SCHEME.sub("", given, count=1)
    if not _HOST_AND_PATH.fullmatch(rest):
        return "write the whole of it, such as 'http://127.0.0.1:8080/v1'"
    return f"write '{'https' if _PUBLIC.match(rest) else 'http'}://{rest}'"


def _base(vendor: Vendor, url: str) -> str:
    """What stands before the path of a call, with its version as every vendor writes it."""
    base = _CALL.sub("", _CALL_OF_OLLAMA.sub("/v1", url))
    if vendor.openai_version:
        base = _API_OF_OLLAMA.sub(vendor.openai_version, base)
    return _VERSION.sub(lambda version: version[0].lower(), base)
