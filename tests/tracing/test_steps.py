"""What the exported trace tells of the steps of an answer."""

from dataclasses import dataclass
from typing import get_args

import pytest

from backend.retrieval.base import StepName
from backend.retrieval.pipeline import Trace
from backend.tracing.config import OtlpTarget, TracingConfig
from backend.tracing.track import configure, flush, track
from tests.tracing.collector import Collector


@dataclass
class Form:
    failure: str
    name: str = "rules"


@track("steps")
async def taken(**failures: str) -> None:
    async def work() -> str:
        return "done"

    trace = Trace()
    for name in get_args(StepName):
        await trace.run(name, Form(failures.get(name, "")), work(), str)


@pytest.mark.parametrize(
    ("failures", "told"),
    [({}, None), ({"plan": "Anna's model is away"}, "plan"), ({"rewrite": "a", "search": "b"}, "rewrite,search")],
)
async def test_a_span_names_the_steps_whose_model_failed_and_not_why(
    collector: Collector, failures: dict[str, str], told: str | None
) -> None:
    configure(TracingConfig(targets=(OtlpTarget(f"{collector.url}/v1/traces"),), delay=3600))
    await taken(**failures)
    flush()
    assert collector.spans["steps"].attributes.get("nexus.failed_steps") == told
    assert b"Anna" not in collector.everything
