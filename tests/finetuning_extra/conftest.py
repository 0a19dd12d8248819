"""These tests need the extra `finetune`; where it is missing, they are not even imported."""

from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.finetuning_extra.running import Whole

collect_ignore_glob = [] if find_spec("trl") else ["test_*.py"]


@pytest.fixture(scope="session")
def lora(tmp_path_factory: pytest.TempPathFactory) -> "Whole":
    from tests.finetuning_extra import building
    from tests.finetuning_extra.running import Whole

    base = building.write_base(tmp_path_factory.mktemp("models") / "tiny")
    return Whole(base, *building.train(tmp_path_factory.mktemp("lora") / "run", base, building.LONG))


@pytest.fixture(scope="session")
def retriever(tmp_path_factory: pytest.TempPathFactory) -> "Whole":
    from tests.finetuning_extra import encoders
    from tests.finetuning_extra.running import Whole

    base = encoders.write_base(tmp_path_factory.mktemp("encoders") / "tiny")
    return Whole(base, *encoders.train(tmp_path_factory.mktemp("retriever") / "run", base))


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """The folder of a training."""
    return tmp_path / "run"
