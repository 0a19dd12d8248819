from collections.abc import Iterator

import pytest

from backend.tracing import track
from tests.tracing.collector import Collector, collecting


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as running:
        yield running
        track.shutdown()


@pytest.fixture(autouse=True)
def tracing_ends_with_the_test() -> Iterator[None]:
    yield
    track.shutdown()
