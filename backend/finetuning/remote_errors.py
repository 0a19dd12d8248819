"""What a fine-tuning API's SDK or HTTP client raises, as our errors, with the key removed from every text."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx2
import openai
from pydantic import SecretStr

from backend.agents.providers.vendor_errors import excerpt, own_error, scrub_chain
from backend.errors import (
    NexusError,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    ProviderUnreachable,
)
from backend.finetuning.remote_wire import NotThere

# SDKs trust the shape of what it reads.
_KNOWN: Final = (
    openai.OpenAIError,
    httpx2.HTTPError,
    httpx2.InvalidURL,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
)
_NO_CREDIT: Final = "insufficient_quota"
LONGEST_WAIT: Final = 3600.0
"""Seconds that a server may ask us to wait."""


@contextmanager
def api_errors(name: str, key: SecretStr | None) -> Iterator[None]:
    """`name` is the provider's. Raises the `ProviderError` family, and an error of ours that the SDK wrapped."""
    try:
        yield
    except NexusError:
        raise
    except _KNOWN as exc:
        secret = key.get_secret_value() if key else ""
        if (ours := own_error(exc)) is not None:
            raise ours from None
        error = _translated(exc, name, secret)
        scrub_chain(exc, secret)
        raise error from exc


def _translated(exc: Exception, name: str, secret: str) -> ProviderError:
    if isinstance(exc, openai.APIConnectionError | httpx2.TransportError):
        return _unconnected(exc, name)
    if isinstance(exc, openai.APIStatusError):
        return refusal(exc.response, name, excerpt(exc.body, secret), code=exc.code)
    return ProviderBadAnswer(f"{name!r} sent an answer that cannot be read; check that the URL is its API")


def _unconnected(exc: Exception, name: str) -> ProviderError:
    """`ProviderUnreachable` says that nothing was asked; of a connection that broke off nobody knows."""
    cause = exc.__cause__ if isinstance(exc, openai.APIConnectionError) else exc
    if isinstance(cause, httpx2.ConnectError | httpx2.ConnectTimeout):
        return ProviderUnreachable(f"{name!r} cannot be reached; check the URL and that the server runs")
    if isinstance(exc, openai.APITimeoutError | httpx2.TimeoutException):
        return ProviderTimeout(f"{name!r} took too long; it is asked again")
    return ProviderUnavailable(f"{name!r} broke the answer off; it is asked again")


def refusal(answer: httpx2.Response, name: str, said: str, *, code: str | None = None) -> ProviderError:
    """Of an answer that is none of success. `said` is the start of what the server says, after a colon."""
    status, request = answer.status_code, answer.request
    wait = retry_after(answer.headers.get("retry-after"))
    if status == 401:
        return ProviderAuthFailed(f"{name!r} refused the key{said}; correct it in Settings, then retry")
    if status in (404, 405):
        return NotThere(f"{name!r} does not know {request.method} {request.url.path} ({status}){said}")
    if status == 429 and code == _NO_CREDIT:
        return ProviderRejected(f"{name!r} says that the account has no credit left{said}; top it up, then retry")
    if status == 429:
        return ProviderRateLimited(f"{name!r} asks to slow down{said}", wait)
    if status >= 500 or status in (408, 425):
        return ProviderUnavailable(f"{name!r} failed with status {status}{said}", wait)
    return ProviderRejected(f"{name!r} refused the request ({status}){said}; change what it names, and train again")


def retry_after(header: str | None) -> float | None:
    """Seconds from now, of a number or a date (RFC 9110, 10.2.3), at most `LONGEST_WAIT`; None for nonsense."""
    if header is None:
        return None
    try:
        seconds = float(header)
    except ValueError:
        try:
            seconds = (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds()
        except (ValueError, TypeError):
            return None
    return min(max(seconds, 0.0), LONGEST_WAIT) if seconds == seconds else None
