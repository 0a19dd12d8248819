"""What vendors raise, as our errors: once, with the key removed from every text that could be logged."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr
from pydantic_ai.exceptions import (
    AgentRunError,
    ModelAPIError,
    ModelAuthenticationError,
    ModelConnectionError,
    ModelContextWindowExceededError,
    ModelHTTPError,
    ModelQuotaExceededError,
    ModelRateLimitError,
    ModelRequestRejectedError,
    ModelServerError,
    ModelTimeoutError,
    ModelUnavailableError,
    UserError,
)

from backend.errors import (
    NexusError,
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderContextExceeded,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    ProviderUnreachable,
)

# The SDKs trust the shape of what they read: `data: 5` or a text in `created` ends in one of the last five.
_RAISED_BY_SDKS: tuple[type[Exception], ...] = (
    AgentRunError,
    UserError,
    ValueError,
    TypeError,
    AttributeError,
    KeyError,
    RecursionError,
)
_EXCERPT = 200
_LONGEST_WAIT = 86_400.0
_MASK = "***"
_SHORTEST = 8
"""Characters of a key that is masked where it stands. A shorter one may be any word, which a mask would give away."""
_BEARER = re.compile(r"(?i)\bbearer\s+\S+|\b(?:sk|pk|key|nxk)[-_][A-Za-z0-9_*.…-]{4,}")
_MASKED_PIECE = re.compile(r"[A-Za-z0-9_-]{3,}(?:[*•]{2,}[A-Za-z0-9_*•-]*|(?:…|\.{3})[A-Za-z0-9_-]{2,})")
_WORD = re.compile(r"[A-Za-z0-9_-]{6,}")


@contextmanager
def vendor_errors(
    name: str, model: str, key: SecretStr | None, sdk_errors: tuple[type[Exception], ...] = ()
) -> Iterator[None]:
    """Turns everything that a vendor's SDK raises into the `ProviderError` family."""
    known: tuple[type[Exception], ...] = _RAISED_BY_SDKS + sdk_errors
    try:
        yield
    except NexusError:
        raise
    except known as exc:
        secret = key.get_secret_value() if key else ""
        cause = own_error(exc)
        if cause is not None:
            raise cause from None
        error = _mapped(exc, name, model, secret)
        scrub_chain(exc, secret)
        raise error from exc


def broken_off(name: str, model: str, *, said: bool) -> ProviderError:
    """For an answer that ended without a reason: it was cut off, and must not pass for a whole one."""
    if said:
        return ProviderUnavailable(f"{name!r} (model {model!r}) broke the answer off; try again")
    return ProviderBadAnswer(
        f"{name!r} (model {model!r}) sent an answer that cannot be read; check that the URL is its API"
    )


def scrub(text: str, secret: str) -> str:
    """The text without the key, neither whole nor as the piece of it that vendors like to repeat.

    Of a text with a short key nothing is left.
    """
    is_short = len(secret) < _SHORTEST
    if is_short and secret and re.search(rf"(?<![\w-]){re.escape(secret)}(?![\w-])", text):
        return _MASK
    text = text if is_short else text.replace(secret, _MASK)
    text = _MASKED_PIECE.sub(_MASK, _BEARER.sub(_MASK, text))
    return (
        text if is_short else _WORD.sub(lambda word: _MASK if _is_piece(word.group(), secret) else word.group(), text)
    )


def _is_piece(word: str, secret: str) -> bool:
    """Words of a language are none: keys such as `no-key-required` consist of them."""
    is_plain = word.isalpha() and (word.islower() or word.istitle())
    return word in secret and not is_plain


# The first row whose type fits. `{said}` is the start of what the vendor says.
_ROWS: tuple[tuple[type[Exception], type[ProviderError], str], ...] = (
    (ModelTimeoutError, ProviderTimeout, "took too long; try again or choose a faster model"),
    (ModelConnectionError, ProviderUnreachable, "cannot be reached; check the URL and that the server runs"),
    (ModelQuotaExceededError, ProviderRejected, "says that the account has no credit left{said}; top it up"),
    (ModelRateLimitError, ProviderRateLimited, "asks to slow down{said}; wait and try again"),
    (ModelAuthenticationError, ProviderAuthFailed, "refused the key{said}; correct it in Settings"),
    (
        ModelContextWindowExceededError,
        ProviderContextExceeded,
        "cannot read as much as the question, its passages and the conversation{said}; begin a new conversation, or "
        "choose a model that reads more",
    ),
    (ModelRequestRejectedError, ProviderRejected, "refused the request{said}; check the model's name and the URL"),
    (ModelUnavailableError, ProviderUnavailable, "failed{said}; try again"),
    (ModelServerError, ProviderUnavailable, "failed{said}; try again"),
    (ModelHTTPError, ProviderRejected, "refused the request{said}; check the URL"),
    (Exception, ProviderBadAnswer, "sent an answer that cannot be read{said}; check that the URL is its API"),
)


def _mapped(exc: Exception, name: str, model: str, secret: str) -> ProviderError:
    _, error, text = next(row for row in _ROWS if isinstance(exc, row[0]))
    if isinstance(exc, ModelConnectionError) and exc.phase == "read" and error is ProviderUnreachable:
        error, text = ProviderUnavailable, "broke the answer off; try again"
    if isinstance(exc, ModelTimeoutError) and exc.phase == "connect":
        error, text = ProviderUnreachable, "did not accept a connection in time; check the URL and the server"
    said = excerpt(exc.body if isinstance(exc, ModelAPIError) else None, secret)
    message = f"{name!r} (model {model!r}) {text.replace('{said}', said)}"
    if isinstance(exc, ModelAPIError) and error in (ProviderRateLimited, ProviderUnavailable):
        return error(message + at_time(exc.retry_after, datetime.now(UTC)), exc.retry_after)
    return error(message)


def at_time(wait: float | None, now: datetime) -> str:
    """After "try again": the time to which a server asks to be left alone, from a second up to a day; with its date
    where that is not today's."""
    if wait is None or not 1 <= wait <= _LONGEST_WAIT:
        return ""
    then = now + timedelta(seconds=wait)
    day = "" if then.date() == now.date() else f" on {then:%-d %B}"
    return f" at {then:%H:%M:%S} UTC{day}"


def excerpt(body: object, secret: str) -> str:
    """`: 'text'` with the start of what the vendor says; never a whole body, nothing for one that is not text."""
    body = _read(body)
    if isinstance(body, dict) and isinstance(body.get("error"), dict):
        body = body["error"]
    message = body.get("message") if isinstance(body, dict) else None
    if not isinstance(message, str) or not message.strip():
        return ""
    scrubbed = scrub(message, secret)
    if scrubbed == _MASK:
        return ""
    clean = "".join(char if char.isprintable() else " " for char in scrubbed)
    return f": {' '.join(clean.split())[:_EXCERPT]!r}"


def _read(body: object) -> object:
    """Some SDKs leave the body as it came."""
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body)
    except ValueError:
        return None


def own_error(exc: BaseException) -> NexusError | None:
    """An error of ours that an SDK wrapped, such as a refused address."""
    for each in _chain(exc):
        if isinstance(each, NexusError):
            return each
    return None


def _chain(exc: BaseException) -> Iterator[BaseException]:
    seen: set[int] = set()
    current: BaseException | None = exc
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def scrub_chain(exc: BaseException, secret: str) -> None:
    """Rewrites the texts of the causes in place: they are printed with a traceback."""
    for each in _chain(exc):
        each.args = tuple(scrub(arg, secret) if isinstance(arg, str) else arg for arg in each.args)
        message = getattr(each, "message", None)
        if isinstance(message, str):
            each.__dict__["message"] = scrub(message, secret)
        body = getattr(each, "body", None)
        if body is not None and secret and secret in json.dumps(body, default=str):
            each.__dict__["body"] = None
