"""all-mpnet-base-v2: 405 MB, which the application does not bring along.

These tests run where the environment variable NEXUS_MPNET names its folder, or
`~/.cache/ai-nexus-benchmarks/all-mpnet-base-v2` is one; elsewhere they are skipped. What needs no real weights is in
`test_mpnet_encoder`.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from benchmarks.figures import Unavailable
from benchmarks.rust.models import mpnet_folder
from rust_accel import Embedder
from tests.rust_accel.contract import ModelContract
from tests.rust_accel.test_embedder import Precision


@pytest.fixture(scope="module")
def weights() -> Path:
    try:
        return mpnet_folder()
    except Unavailable as exc:
        pytest.skip(str(exc))


@pytest.mark.slow
@pytest.mark.timeout(600)  # its twin in float64 takes a minute or two of a busy machine
class TestMpnet(ModelContract):
    LIMIT = 384
    COMMITTED = Path(__file__).with_name("mpnet_table.json")
    LEAST: ClassVar[Mapping[Precision, tuple[float, float]]] = {
        "f32": (1 - 1e-6, 1 - 1e-6),
        "bf16": (0.9999, 0.9999),
        "int8": (0.985, 0.992),
        "int8-mixed": (0.997, 0.998),
    }
    ACROSS: ClassVar[Mapping[Precision, float]] = {"f32": 1 - 1e-6, "bf16": 0.99998, "int8": 0.998, "int8-mixed": 0.999}
    REPEATED: ClassVar[Mapping[Precision, float]] = {"bf16": 0.9993, "int8-mixed": 0.9965}
    TOLERANCE: ClassVar[Mapping[Precision, float]] = {"f32": 2e-5, "bf16": 2e-3, "int8": 2e-2, "int8-mixed": 8e-3}

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls, weights: Path) -> Path:
        return weights


def test_the_vector_that_others_published_is_found(weights: Path) -> None:
    """Of "This is a test document.", from the documentation of LangChain's embeddings of this model: two programs,
    sentence-transformers and OpenVINO, give the same."""
    (vector,) = Embedder(weights, precision="f32").embed(["This is a test document."])
    np.testing.assert_allclose(vector[:3], [-0.0489517, -0.0398619, -0.0215628], atol=1e-6)
