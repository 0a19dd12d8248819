"""States of the compare page, made over the API."""

from collections.abc import Sequence
from typing import Final

from contracts.comparisons import Compared, Comparison, NewComparison, Target
from contracts.providers import ProviderSettings
from frontend.api_client import Api
from tests.mock_openai import MockServer

COMPARE: Final = "pages/4_Compare.py"
QUESTION: Final = "What does the warranty cover?"
PROVIDER: Final = "openai-compatible"


def set_up(api: Api, mock: MockServer) -> None:
    """A second one to ask, whose usual model answers."""
    settings = {"base_url": mock.base_url, "api_key": "sk-test-abcdefghij0123456789", "model": "ok"}
    api.save_provider(PROVIDER, ProviderSettings.model_validate(settings))


def default(api: Api) -> Target:
    return Target(agent_id=next(one.id for one in api.agents().items if one.is_default))


def of_model(name: str) -> Target:
    return Target(provider=PROVIDER, model=name)


def compare(api: Api, lanes: Sequence[Target], *, question: str = QUESTION, blind: bool = True) -> Comparison:
    with api.compare(NewComparison(question=question, lanes=list(lanes), blind=blind)) as stream:
        return next(event.comparison for event in stream if isinstance(event, Compared))


def label_of(comparison: Comparison, name: str) -> str:
    """The lane of a contestant, once the names are told."""
    return next(lane.label for lane in comparison.lanes if lane.contestant is not None and lane.contestant.name == name)
