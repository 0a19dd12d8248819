"""Who uses a model provider: the agents that ask it, and the collections whose vectors it made."""

from collections.abc import Sequence
from dataclasses import dataclass

from backend.agents.providers import ProviderConfig, Vendor
from backend.db.models import Agent, Collection
from backend.errors import ProviderInUse
from backend.repositories.uow import Tx


@dataclass(frozen=True, slots=True)
class ProviderUse:
    """The agents and collections of a workspace; what is told are their names."""

    agents: Sequence[Agent]
    collections: Sequence[Collection]

    @classmethod
    async def read(cls, tx: Tx) -> "ProviderUse":
        return cls(await tx.agents.all(), await tx.collections.all())

    def answers(self, provider: str) -> list[str]:
        """The agents that it answers for."""
        return [agent.name for agent in self.agents if agent.provider == provider]

    def stands_in(self, provider: str) -> list[str]:
        """The agents that it is a fallback of."""
        return [agent.name for agent in self.agents if any(row["provider"] == provider for row in agent.fallbacks)]

    def embeds(self, vendor: Vendor, config: ProviderConfig) -> list[str]:
        """The collections that it embeds, as it is configured."""
        if config.base_url is None or (vendor.needs_key and config.api_key is None):
            return []
        url = config.base_url.rstrip("/")
        return [
            one.name
            for one in self.collections
            if one.spec["model"].startswith(f"{vendor.name}:") and one.spec["revision"] == url
        ]

    def check_stays(self, vendor: Vendor, before: ProviderConfig, after: ProviderConfig) -> None:
        """Raises `ProviderInUse` when a collection could no longer be asked: only its model can embed a question."""
        loses_key = before.api_key is not None and after.api_key is None
        kept = [] if loses_key else self.embeds(vendor, after)
        lost = [name for name in self.embeds(vendor, before) if name not in kept]
        if lost:
            raise ProviderInUse(
                f"{vendor.name!r} at {before.base_url!r} embeds the collections {lost}, which could not be asked "
                "without it; give them another model first, under Settings, Search models"
            )
