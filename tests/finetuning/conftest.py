from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.finetuning.remote import PROVIDERS, Place
from tests.mock_tuning.app import MockTuning
from tests.mock_tuning.fireworks import MockFireworks
from tests.mock_tuning.server import TuningServer
from tests.mock_tuning.together import MockTogether


@pytest.fixture(scope="session")
def running_tuning() -> Iterator[TuningServer]:
    with TuningServer() as server:
        yield server


async def _place(server: TuningServer, root: Path, provider: str) -> AsyncIterator[Place]:
    server.tuning = PROVIDERS[provider]()
    place = Place(root, server, provider)
    yield place
    await place.aclose()


@pytest.fixture(params=list(PROVIDERS))
async def place(running_tuning: TuningServer, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """At a server of each dialect."""
    async for place in _place(running_tuning, tmp_path, request.param):
        yield place


@pytest.fixture(params=["openai-compatible", "together"])
async def listing(running_tuning: TuningServer, tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Place]:
    """At a server whose jobs have ids of its own, so that one is looked for in its list."""
    async for place in _place(running_tuning, tmp_path, request.param):
        yield place


@pytest.fixture
async def openai(running_tuning: TuningServer, tmp_path: Path) -> AsyncIterator[Place]:
    async for place in _place(running_tuning, tmp_path, "openai-compatible"):
        yield place


@pytest.fixture
async def together(running_tuning: TuningServer, tmp_path: Path) -> AsyncIterator[Place]:
    async for place in _place(running_tuning, tmp_path, "together"):
        yield place


@pytest.fixture
async def fireworks(running_tuning: TuningServer, tmp_path: Path) -> AsyncIterator[Place]:
    async for place in _place(running_tuning, tmp_path, "fireworks"):
        yield place


@pytest.fixture
def acme(fireworks: Place) -> MockFireworks:
    """The server of `fireworks`."""
    tuning: MockTuning = fireworks.server.tuning
    assert isinstance(tuning, MockFireworks)
    return tuning


@pytest.fixture
def mock(together: Place) -> MockTogether:
    """The server of `together`."""
    tuning: MockTuning = together.server.tuning
    assert isinstance(tuning, MockTogether)
    return tuning
