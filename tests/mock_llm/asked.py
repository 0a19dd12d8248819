"""What the mock server's dialects translate from and to."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Json = dict[str, object]


@dataclass(frozen=True, slots=True)
class Recorded:
    """One request as it came."""

    path: str
    headers: Mapping[str, str]
    body: Json
    model: str = ""
    peer: object = None
    """The address that it came from: one a connection."""


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    schema: Json


@dataclass(frozen=True, slots=True)
class Asked:
    """A request in the mock's own words. The model's name, or what follows its `@`, chooses how it behaves.

    `earlier` are the user's messages before the last.
    """

    model: str
    prompt: str
    schema: Json | None = None
    tool: Tool | None = None
    stream: bool = True
    earlier: str = ""

    @property
    def mode(self) -> str:
        return self.model.rpartition("@")[2]


class Failure(Exception):
    def __init__(self, status: int, message: str, headers: tuple[tuple[str, str], ...] = ()) -> None:
        super().__init__(message)
        self.status, self.message, self.headers = status, message, headers


class Dialect(Protocol):
    """A vendor's own protocol. Frames are the bytes of its stream, `ServerSentEvents` with most."""

    media_type: str

    def frame(self, text: str, /) -> bytes:
        """With this text, whatever it is."""
        ...

    def speaks(self, path: str) -> bool: ...

    def asked(self, request: Recorded) -> Asked:
        """Raises `Failure` for what the vendor's API would refuse."""
        ...

    def key(self, headers: Mapping[str, str]) -> str: ...

    def error(self, failure: Failure) -> Json: ...

    def begin(self, asked: Asked, /) -> bytes: ...

    def delta(self, asked: Asked, text: str, /) -> bytes: ...

    def thought(self, asked: Asked, /) -> bytes:
        """A piece of reasoning, which is no part of the answer."""
        ...

    def end(self, asked: Asked, call: Json | None, /) -> Sequence[bytes]:
        """The tool call, if there is one, then why it ended and what it used: 12 tokens in, 7 out."""
        ...


class ServerSentEvents:
    media_type = "text/event-stream"

    def frame(self, text: str) -> bytes:
        return f"data: {text}\n\n".encode()


def rows(value: object) -> list[Json]:
    """The objects of a list in a body; anything else is none."""
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def fields(value: object) -> Json:
    return value if isinstance(value, dict) else {}


def text_of(content: object) -> str:
    """A content that is a text or a list of parts with texts."""
    return content if isinstance(content, str) else "".join(str(part.get("text", "")) for part in rows(content))


def only_known(body: Json, known: str) -> None:
    """Refuses other fields, as strict APIs do."""
    unknown = sorted(set(body) - set(known.split()))
    if unknown:
        raise Failure(422, f"Extra inputs are not permitted: {unknown}")
