from pathlib import Path

import pytest

from tests.rust_accel import tiny_model


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small BERT's; the tests of a model of their own override it."""
    return tiny_model.write(tmp_path)
