from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, SecretStr, StringConstraints

from contracts.base import Answer, Request, Storable, UtcTime

BaseUrl = Annotated[str, StringConstraints(strip_whitespace=True, min_length=8, max_length=500)]
ProviderName = Annotated[str, StringConstraints(min_length=1, max_length=60), Storable]
ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
ProviderState = Literal["not_set_up", "missing_extra", "ready", "paused"]


class ProviderFailure(Answer):
    """The last request of this process failed. `detail` has no key in it."""

    code: str
    detail: str
    at: UtcTime


class FailingModel(Answer):
    """A model whose last request failed; None of its provider's other models is paused with it."""

    model: str
    paused_until: UtcTime | None
    last_error: ProviderFailure


class ModelPrice(Answer):
    """US dollars for a million tokens; None where no price is known."""

    model: str
    input_usd: Decimal | None
    output_usd: Decimal | None


class Provider(Answer):
    """A model provider as the settings page shows it. The key is never sent; `has_key` says that one is stored,
    and `key_hint` is the last four characters of one that has twelve.

    `hidden`: for tests and demos; offered to nobody, shown where it is in use. `is_settable`: it has an address, a key
    or a model to enter; `is_stored`: something was entered; `serves_files`: its model is a file's path on the server.
    `missing_extra` has to be installed first. While it is `paused` it could not be reached several times in a row and
    is left alone until `paused_until`; a model that fails is in `failing_models`, and may be paused by itself. By name,
    the `agents` that it answers for, those that it is a `fallback_of`, and the `collections` that it embeds, which
    cannot be asked without it.
    """

    name: str
    label: str
    generates: bool
    needs_url: bool
    needs_key: bool
    configured: bool
    base_url: str | None
    key_hint: str | None
    has_key: bool = False
    key_from_environment: bool
    model: str | None
    models: list[str]
    hidden: bool = False
    key_variable: str | None = None
    is_settable: bool = False
    serves_files: bool = False
    is_stored: bool = False
    state: ProviderState = "ready"
    missing_extra: str | None = None
    paused_until: UtcTime | None = None
    last_error: ProviderFailure | None = None
    failing_models: list[FailingModel] = Field([])
    streams: bool = True
    structured_output: bool = False
    tools: bool = False
    note: str = ""
    prices: list[ModelPrice] = Field([])
    agents: list[str] = Field([])
    fallback_of: list[str] = Field([])
    collections: list[str] = Field([])


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
