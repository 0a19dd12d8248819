"""The table of model providers: a row here is the one registration."""

from backend.agents.providers.config import HttpClientFactory, ProviderConfig, ProviderFactory, Timeouts
from backend.agents.providers.vendors import VENDORS, Vendor
from backend.registry import Registry, Row

__all__ = ["PROVIDERS", "VENDORS", "HttpClientFactory", "ProviderConfig", "ProviderFactory", "Timeouts", "Vendor"]


def _builtin() -> ProviderFactory:
    from backend.agents.providers.builtin import BuiltinProvider

    return lambda _config, _http: BuiltinProvider()


def _echo() -> ProviderFactory:
    from backend.agents.providers.echo import EchoProvider

    return lambda _config, _http: EchoProvider()


def _openai_chat() -> ProviderFactory:
    from backend.agents.providers.pydantic_ai import PydanticAiProvider

    return PydanticAiProvider


PROVIDERS: Registry[ProviderFactory] = Registry(
    "model provider",
    {
        "builtin": Row(_builtin),
        "echo": Row(_echo),
        "openai": Row(_openai_chat),
        "openai-compatible": Row(_openai_chat),
    },
)
