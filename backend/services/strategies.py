"""Which form of each pipeline step an agent's answers take."""

from dataclasses import dataclass

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.providers import PROVIDERS
from backend.agents.spending import Spending
from backend.retrieval.base import Phraser, Planner, Reranker, Rewriter
from backend.retrieval.by_model import (
    STEP_SECONDS,
    Contents,
    Model,
    ModelPhraser,
    ModelPlanner,
    ModelReranker,
    ModelRewriter,
)
from backend.retrieval.pipeline import Steps


@dataclass(frozen=True, slots=True)
class Strategies:
    """The rules are offline and take a millisecond; a model's forms cost a request each, so only follow-ups get one.

    A small model takes no step, nor does one that writes no answers of a given form. `contents` tell a planning model
    what is in the collections that it chooses from.
    """

    factory: AgentFactory
    rewriter: Rewriter
    planner: Planner
    phraser: Phraser
    reranker: Reranker
    contents: Contents

    def of(self, config: AgentConfig, spending: Spending | None = None) -> Steps:
        """What their calls take is added to `spending`."""
        provider = self.factory.chain(config, spending, patience=_patience(config))
        chosen = config.steps
        is_able = provider.capabilities.structured_output and _is_able(config.primary)
        model = Model(provider, config.primary.model_name)
        rewriter, planner, phraser, reranker = self.rewriter, self.planner, self.phraser, self.reranker
        if is_able and "rewrite" in chosen:
            rewriter = ModelRewriter(model, rewriter)
        if is_able and "plan" in chosen:
            planner = ModelPlanner(model, planner, self.contents)
        if is_able and "search" in chosen:
            phraser = ModelPhraser(model, phraser)
        if is_able and "rerank" in chosen:
            reranker = ModelReranker(model, reranker)
        return Steps(rewriter, planner, phraser, reranker)


def _patience(config: AgentConfig) -> float | None:
    """A fallback needs a part of a step's time; alone, the first choice has all of it."""
    return STEP_SECONDS / (1 + len(config.fallbacks)) if config.fallbacks else None


def _is_able(choice: ProviderChoice) -> bool:
    """SmolLM2-135M left five of five follow-ups as they were, or worse, in seconds each."""
    vendor = PROVIDERS.vendors.get(choice.config.name)
    return vendor is None or (choice.model_name not in vendor.small_models and vendor.is_structured(choice.model_name))
