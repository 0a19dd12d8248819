"""all-MiniLM-L6-v2, which the application brings along."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest

from backend.embeddings.native import packaged_model
from tests.rust_accel.contract import ModelContract
from tests.rust_accel.test_embedder import Precision


class TestMiniLM(ModelContract):
    LIMIT = 256
    COMMITTED = Path(__file__).with_name("minilm_table.json")
    LEAST: ClassVar[Mapping[Precision, tuple[float, float]]] = {
        "f32": (1 - 1e-6, 1 - 1e-6),
        "bf16": (0.9999, 0.9999),
        "int8": (0.985, 0.992),
        "int8-mixed": (0.997, 0.998),
    }
    ACROSS: ClassVar[Mapping[Precision, float]] = {
        "f32": 1 - 1e-6,
        "bf16": 0.99996,
        "int8": 0.988,
        "int8-mixed": 0.9975,
    }
    TOLERANCE: ClassVar[Mapping[Precision, float]] = {"f32": 2e-5, "bf16": 2e-3, "int8": 2e-2, "int8-mixed": 8e-3}

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls) -> Path:
        return packaged_model()
