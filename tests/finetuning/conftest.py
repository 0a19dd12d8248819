from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.finetuning.remote import Place
from tests.mock_tuning.app import MockTuning
from tests.mock_tuning.server import TuningServer


@pytest.fixture(scope="session")
def running_tuning() -> Iterator[TuningServer]:
    with TuningServer() as server:
        yield server


@pytest.fixture
async def place(running_tuning: TuningServer, tmp_path: Path) -> AsyncIterator[Place]:
    running_tuning.tuning = MockTuning()
    place = Place(tmp_path, running_tuning)
    yield place
    await place.aclose()
