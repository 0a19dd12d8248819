from typing import Annotated
from uuid import UUID

from pydantic import Field, SecretStr, StringConstraints

from contracts.base import Answer, Name, Request, UtcTime

BaseUrl = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=500)]
ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class Provider(Answer):
    """A model provider as the settings page shows it. The key is never sent; `key_hint` is its last four characters.

    `hidden`: for tests and demos; offered to nobody, shown where it is in use.
    """

    name: str
    label: str
    generates: bool
    needs_url: bool
    needs_key: bool
    configured: bool
    base_url: str | None
    key_hint: str | None
    key_from_environment: bool
    model: str | None
    models: list[str]
    hidden: bool = False


class ProviderSettings(Request):
    """A stored key is bound to its `base_url`: another URL needs the key again."""

    base_url: BaseUrl | None = None
    api_key: SecretStr | None = Field(None, min_length=1, max_length=500)
    model: ModelName | None = None


class ProviderCheck(Answer):
    """The outcome of one short test request. `latency_ms` is its whole time."""

    ok: bool
    model: str
    latency_ms: float
    reply: str


class Agent(Answer):
    id: UUID
    name: str
    provider: str
    model: str
    collection_id: UUID
    created_at: UtcTime


class AgentEdit(Request):
    provider: Name | None = None
    model: ModelName | None = None
