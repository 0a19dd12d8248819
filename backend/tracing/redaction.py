"""What may leave the process as text: secrets masked, control characters escaped."""

import re
import unicodedata
from typing import Final

MASK: Final = "[redacted]"

# Our keys and tokens, then vendors' (OpenAI, Anthropic, Langfuse, Groq, Google, GitHub, AWS, JWT).
# What must be followed by something has a bounded length: hostile text must not make this quadratic.
_SECRETS: Final = re.compile(
    r"""
      \bnx[kt]_[A-Za-z0-9_-]+
    | \b(?:sk|pk)-[A-Za-z0-9_-]{6,}
    | \bgsk_[A-Za-z0-9]{8,}
    | \bAIza[A-Za-z0-9_-]{20,}
    | \bgh[pousr]_[A-Za-z0-9]{16,}
    | \bAKIA[A-Z0-9]{12,}
    | \beyJ[A-Za-z0-9_-]{8,512}\.[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]*)?
    """,
    re.VERBOSE,
)
_SCHEMES: Final = re.compile(r"\b(bearer|basic)\s+[^\s\"',;]+", re.IGNORECASE)
_USERINFO: Final = re.compile(r"(://)[^/\s@\"']{1,256}@")
_NAMED: Final = re.compile(
    r"\b((?:[a-z0-9]{1,32}[_-])?(?:api[_-]?key|password|passwd|secret|token|authorization))"
    r"([\"']?\s{0,4}[=:]\s{0,4}[\"']?)(?!\[redacted\])[^\s\"',;&]+",
    re.IGNORECASE,
)
_SENSITIVE_NAME: Final = re.compile(
    r"(?:^|[_.-])(?:api[_-]?key|password|passwd|secret|authorization|cookie|credential|token)$", re.IGNORECASE
)
_UNSAFE_CATEGORIES: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def is_sensitive(name: str) -> bool:
    """Whether a field of this name is masked whatever it holds (`tokens` is a count and is not)."""
    return _SENSITIVE_NAME.search(name) is not None


def redact(text: str) -> str:
    """`text` with everything that looks like a secret replaced by `[redacted]`."""
    text = _SECRETS.sub(MASK, text)
    text = _SCHEMES.sub(rf"\1 {MASK}", text)
    text = _USERINFO.sub(rf"\1{MASK}@", text)
    return _NAMED.sub(rf"\1\2{MASK}", text)


def escape_controls(text: str) -> str:
    """`text` without characters that move a cursor, end a line, hide or reorder text; they show as `\\x1b`."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escaped(c) if unicodedata.category(c) in _UNSAFE_CATEGORIES else c for c in text)


def _escaped(character: str) -> str:
    return character.encode("unicode_escape").decode("ascii")
