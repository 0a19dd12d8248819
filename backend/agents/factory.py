"""Create agent: a provider by name, its wrappers, and the concrete agent around them."""

from collections.abc import Callable
from dataclasses import dataclass, field

from backend.agents.alone import AloneAgent
from backend.agents.cited import SupportsClaims
from backend.agents.personas import with_persona
from backend.agents.providers.base import Provider, Sampling
from backend.agents.providers.breaker import Breaker, BreakerProvider, Breakers, BreakerState
from backend.agents.providers.config import HttpClientFactory, ProviderConfig
from backend.agents.providers.leased import LeasedProvider
from backend.agents.providers.retry import Candidate, FallbackProvider, RetryingProvider
from backend.agents.providers.stops import StoppingProvider
from backend.agents.providers.vendors import ProviderTable
from backend.agents.rag import Agent, RagAgent, RagSettings
from backend.agents.spending import CountedProvider, Spending
from backend.errors import InvalidRequest
from contracts.personas import Persona

ProviderWrapper = Callable[[str, Provider], Provider]
"""Provider's name and provider -> the provider, wrapped (tracing, metrics)."""


def unwrapped(_name: str, provider: Provider) -> Provider:
    return provider


def retrying(_name: str, provider: Provider) -> Provider:
    """The usual retry, for callers that count no attempts."""
    return RetryingProvider(provider)


@dataclass(frozen=True, slots=True)
class ProviderChoice:
    """A configured provider and the model to ask it for; "" means its default."""

    config: ProviderConfig
    model: str = ""

    @property
    def model_name(self) -> str:
        return self.model or self.config.default_model


@dataclass(frozen=True, slots=True)
class AgentConfig:
    """What an agent is made from. `fallbacks` are asked in turn when the one before says nothing.

    Without `documents` it answers from what its model learnt.
    """

    primary: ProviderChoice
    fallbacks: tuple[ProviderChoice, ...] = ()
    instructions: str = ""
    persona: Persona = field(default_factory=Persona)
    sampling: Sampling = field(default_factory=Sampling)
    history: int = 12
    documents: bool = True
    steps: frozenset[str] = frozenset({"rewrite"})
    """The pipeline's steps that the model takes, of rewrite, plan, search and rerank; the rules take the others."""

    @property
    def choices(self) -> tuple[ProviderChoice, ...]:
        return (self.primary, *self.fallbacks)

    @property
    def told(self) -> str:
        """Its instructions and its persona, as the model is told them."""
        return with_persona(self.instructions, self.persona)


class AgentFactory:
    """Builds agents. Providers are kept per configuration, so that their connections are reused."""

    def __init__(
        self,
        providers: ProviderTable,
        http: HttpClientFactory,
        *,
        retry: ProviderWrapper = retrying,
        trace: ProviderWrapper = unwrapped,
        breaker: Callable[[], Breaker] = Breaker,
        verifier: SupportsClaims | None = None,
    ) -> None:
        self._table = providers
        self._http = http
        self._retry = retry
        self._trace = trace
        self._breaker = breaker
        self._verifier = verifier
        self._providers: dict[ProviderConfig, LeasedProvider] = {}
        self._breakers: dict[ProviderConfig, Breakers] = {}

    def create_agent(self, config: AgentConfig, spending: Spending | None = None) -> Agent:
        """The concrete agent: one that answers from documents and cites them, or one that answers alone.

        Its calls are added to `spending`. Raises `UnknownStrategy`, `MissingExtra`, `OutboundRefused` and
        `InvalidRequest`: no URL, no such model, no documents for a provider that only quotes them."""
        self._table.check_model(config.primary.config.name, config.primary.model)
        settings = RagSettings(
            provider=config.primary.config.name,
            model=config.primary.model_name,
            instructions=config.told,
            sampling=config.sampling,
            history=config.history,
        )
        provider = self.chain(config, spending)
        if config.documents:
            return RagAgent(provider, settings, self._verifier)
        if not provider.capabilities.generates:
            raise InvalidRequest(f"the provider {settings.provider!r} only quotes documents; it cannot answer without")
        return AloneAgent(provider, settings)

    def chain(
        self, config: AgentConfig, spending: Spending | None = None, *, patience: float | None = None
    ) -> FallbackProvider:
        """An agent's choices as one provider that falls back along them; its last event tells who answered.

        `patience` is how many seconds each may be silent.
        """
        candidates = [
            Candidate(c.config.name, StoppingProvider(self._counted(c, spending)), c.model_name) for c in config.choices
        ]
        return FallbackProvider(candidates, patience=patience)

    def provider(self, config: ProviderConfig) -> Provider:
        """The one provider of a configuration, traced, retried and behind breakers."""
        known = self._providers.get(config)
        if known is None:
            name, breakers = config.name, Breakers(self._breaker)
            guarded = BreakerProvider(name, self._table.get(name)(config, self._http), breakers, config.default_model)
            known = self._providers.setdefault(config, LeasedProvider(self._trace(name, self._retry(name, guarded))))
            self._breakers[config] = breakers
        return known

    def _counted(self, choice: ProviderChoice, spending: Spending | None) -> Provider:
        """What only quotes takes no tokens."""
        provider = self.provider(choice.config)
        if spending is None or not provider.capabilities.generates:
            return provider
        return CountedProvider(choice.config.name, provider, spending)

    def state(self, config: ProviderConfig) -> BreakerState:
        """How the server of a configuration and its models are doing in this process."""
        breakers = self._breakers.get(config)
        return breakers.state if breakers is not None else BreakerState()

    async def forget(self, config: ProviderConfig) -> None:
        """Closes a configuration's provider, once its answers have ended: its settings were changed or removed."""
        self._breakers.pop(config, None)
        provider = self._providers.pop(config, None)
        if provider is not None:
            await provider.retire()

    async def aclose(self) -> None:
        """Closes the connections of the running loop."""
        for provider in self._providers.values():
            await provider.aclose()
