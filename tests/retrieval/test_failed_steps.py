"""A model that fails in a step: what the step says of it, and whether it is asked for the later ones."""

from collections.abc import Sequence

import pytest

from backend.agents.providers.base import TextDelta
from backend.agents.providers.retry import Candidate, FallbackProvider
from backend.errors import (
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderError,
    ProviderRateLimited,
    ProviderRejected,
    ProviderTimeout,
    ProviderUnavailable,
    ProviderUnreachable,
)
from backend.retrieval.base import Phrasing
from backend.retrieval.by_model import Decision, Model, ModelPhraser, ModelPlanner, ModelReranker, ModelRewriter
from tests.agents.scripted import ScriptedProvider, SilentProvider, Step
from tests.retrieval.test_by_model import DONE, HISTORY, SCOPE, Other, Rules, contents, items, model, says


@pytest.mark.fault("C2")
async def test_the_rules_take_a_step_that_a_model_does_not_take_in_time() -> None:
    phraser = ModelPhraser(Model(SilentProvider(), "large", seconds=0.01), Rules())
    assert await phraser.phrasings("Why?") == [Phrasing("Why? (by rules)", "query")]
    assert phraser.name == "rules"
    assert phraser.failure == "the model 'large' took longer than 0.01 s for a step"


async def every_step(asked: Model) -> list[str]:
    """What each step says of its failure, asked in turn."""
    rewriter, planner = ModelRewriter(asked, Rules()), ModelPlanner(asked, Rules(), contents)
    phraser, reranker = ModelPhraser(asked, Rules()), ModelReranker(asked, Rules())
    await rewriter.rewrite("and for Enterprise?", HISTORY)
    await planner.plan("Is it good?", SCOPE, has_history=False)
    await phraser.phrasings("Why?")
    await reranker.rerank("Which?", items("BCA"))
    return [form.failure for form in (rewriter, planner, phraser, reranker)]


FORM = "the model's answer was refused: the model 'large' did not fill in the form that the step gives it"


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ((ProviderBadAnswer("no valid value"),), "the model's answer was refused: no valid value"),
        ((ProviderRejected("no such model"),), "no such model"),
        ((ProviderAuthFailed("the key was refused"),), "the key was refused"),
        ((TextDelta("I would rather talk about the weather."), DONE), FORM),
        (says(Other()), FORM),
    ],
)
async def test_every_step_asks_a_model_that_speaks_and_says_why_its_answer_was_not_taken(
    script: Sequence[Step], expected: str
) -> None:
    provider = ScriptedProvider(script, script, script, script)
    assert await every_step(model(provider)) == [expected] * 4
    assert len(provider.requests) == 4


@pytest.mark.fault("C2")
@pytest.mark.parametrize(
    "error", [ProviderTimeout, ProviderUnavailable, ProviderUnreachable, ProviderRateLimited], ids=lambda one: one.code
)
async def test_a_model_that_was_silent_is_not_asked_for_the_later_steps_of_the_answer(
    error: type[ProviderError],
) -> None:
    provider = ScriptedProvider((error("'vllm' does not speak"),))
    first, *later = await every_step(model(provider))
    assert first == "'vllm' does not speak"
    assert later == ["the model was not asked again in this answer: 'vllm' does not speak"] * 3
    assert len(provider.requests) == 1


@pytest.mark.fault("C1")
async def test_a_step_that_a_fallback_took_says_who_and_why() -> None:
    away, other = ScriptedProvider((ProviderUnreachable("'vllm' cannot be reached"),)), says(Decision(action="search"))
    chain = FallbackProvider([Candidate("vllm", away), Candidate("ollama", ScriptedProvider(other))])
    planner = ModelPlanner(Model(chain, "large"), Rules(), contents)
    await planner.plan("Is it good?", SCOPE, has_history=False)
    assert (planner.name, planner.failure) == ("model", "'ollama' took it instead: 'vllm' cannot be reached")


async def test_a_step_that_the_model_took_or_was_not_asked_for_says_nothing_of_a_failure() -> None:
    provider = ScriptedProvider(says(Decision(action="search")))
    rewriter, planner = ModelRewriter(model(provider), Rules()), ModelPlanner(model(provider), Rules(), contents)
    await rewriter.rewrite("How do I reset my password?", HISTORY)
    await planner.plan("Is it good?", SCOPE, has_history=False)
    assert (rewriter.name, rewriter.failure, planner.name, planner.failure) == ("rules", "", "model", "")
