"""What every wire type shares."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints


class Answer(BaseModel):
    """A type the API sends. Fields may be added, never renamed."""

    model_config = ConfigDict(frozen=True)


class Request(BaseModel):
    """A type the API takes. An unknown field is a mistake of the caller and refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")


def _utc(value: datetime) -> datetime:
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def _storable(value: str) -> str:
    if "\x00" in value:
        raise ValueError("must not contain NUL characters")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise ValueError("must not contain lone surrogates") from None
    return value


UtcTime = Annotated[datetime, AfterValidator(_utc)]
Storable = AfterValidator(_storable)
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=20_000), Storable]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable]
Message = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), Storable]
ExternalId = Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
