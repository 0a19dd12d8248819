from backend.agents.providers.config import HttpClientFactory, ProviderConfig, ProviderFactory, Timeouts
from backend.agents.providers.vendors import PROVIDERS, ProviderTable, Vendor

__all__ = [
    "PROVIDERS",
    "HttpClientFactory",
    "ProviderConfig",
    "ProviderFactory",
    "ProviderTable",
    "Timeouts",
    "Vendor",
]
