"""Which steps of an answer a model takes."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.local_models.model_files import SAMPLE
from backend.embeddings.native import NativeEmbedder
from backend.retrieval.base import Scope
from backend.retrieval.phraser import AsAsked
from backend.retrieval.planner import NamedDocument, RulePlanner
from backend.retrieval.reranker import KeptOrder
from backend.retrieval.rewriter import RuleRewriter
from backend.security.outbound import Outbound, OutboundPolicy
from backend.services.strategies import Strategies

ABLE = ProviderChoice(ProviderConfig("openai-compatible", base_url="http://127.0.0.1:9/v1"), "m")
SMALL = ProviderChoice(ProviderConfig("local", default_model=SAMPLE))
LARGE = ProviderChoice(ProviderConfig("local", default_model=SAMPLE), "/models/large.gguf")
FOLDER = ProviderChoice(ProviderConfig("local", default_model=SAMPLE), str(Path(__file__).parent))
BUILTIN = ProviderChoice(ProviderConfig("builtin"))


async def no_documents(_scope: Scope, _text: str) -> Sequence[NamedDocument]:
    return []


async def no_contents(_scope: Scope) -> Mapping[UUID, Sequence[str]]:
    return {}


@pytest.fixture
def strategies() -> Strategies:
    """Asks nobody, so that the extra of local models need not be there."""
    local = replace(PROVIDERS.vendors["local"], needs=None)
    factory = AgentFactory(PROVIDERS.plus(local), Outbound(OutboundPolicy()).provider_client)
    rewriter, planner = RuleRewriter(NativeEmbedder()), RulePlanner(no_documents)
    return Strategies(factory, rewriter, planner, AsAsked(), KeptOrder(), no_contents)


@pytest.mark.parametrize(
    ("choices", "chosen", "expected"),
    [
        ((ABLE,), {"rewrite"}, ("model", "rules", "views", "off")),
        ((ABLE,), {"plan", "rerank"}, ("rules", "model", "views", "model")),
        ((ABLE,), {"search"}, ("rules", "rules", "model", "off")),
        ((ABLE,), set(), ("rules", "rules", "views", "off")),
        ((BUILTIN,), {"rewrite", "plan", "search", "rerank"}, ("rules", "rules", "views", "off")),
        ((SMALL,), {"rewrite", "plan", "search", "rerank"}, ("rules", "rules", "views", "off")),
        ((LARGE,), {"rewrite", "plan", "search", "rerank"}, ("model", "model", "model", "model")),
        ((FOLDER,), {"rewrite", "plan", "search", "rerank"}, ("rules", "rules", "views", "off")),
        ((ABLE, BUILTIN), {"rewrite", "plan", "search", "rerank"}, ("rules", "rules", "views", "off")),
    ],
)
def test_a_model_takes_the_chosen_steps_where_every_provider_can(
    strategies: Strategies, choices: tuple[ProviderChoice, ...], chosen: set[str], expected: tuple[str, ...]
) -> None:
    steps = strategies.of(AgentConfig(choices[0], choices[1:], steps=frozenset(chosen)))
    assert tuple(form.name for form in (steps.rewriter, steps.planner, steps.phraser, steps.reranker)) == expected
