"""How the settings and the metrics come to the providers of a process."""

from backend.agents.cited import SupportsClaims
from backend.agents.factory import AgentFactory, ProviderWrapper
from backend.agents.providers import PROVIDERS, Timeouts
from backend.agents.providers.base import Provider
from backend.agents.providers.config import HttpClientFactory
from backend.agents.providers.metered import MeteredProvider
from backend.agents.providers.retry import Attempt, RetryingProvider
from backend.settings import Settings
from backend.tracing.metrics import Metrics


def agent_factory(metrics: Metrics, http: HttpClientFactory, verifier: SupportsClaims) -> AgentFactory:
    """One whose providers are counted, each attempt by itself."""
    return AgentFactory(
        PROVIDERS,
        http,
        retry=_counted_retry(metrics),
        trace=lambda name, provider: MeteredProvider(name, provider, metrics),
        verifier=verifier,
    )


def timeouts_of(settings: Settings) -> Timeouts:
    return Timeouts(
        connect=settings.provider_connect_timeout,
        first_token=settings.provider_first_token_timeout,
        idle=settings.provider_idle_timeout,
        total=settings.provider_total_timeout,
        unload=settings.local_model_unload,
    )


def _counted_retry(metrics: Metrics) -> ProviderWrapper:
    def retried(name: str, provider: Provider) -> Provider:
        def count(attempt: Attempt) -> None:
            outcome = attempt.error.code if attempt.error else "ok"
            metrics.provider_attempts.labels(name, outcome).inc()

        return RetryingProvider(provider, observe=count)

    return retried
