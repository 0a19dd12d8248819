"""all-MiniLM-L6-v2, which the application brings along."""

from pathlib import Path

import pytest

from backend.embeddings.native import packaged_model
from tests.rust_accel.contract import ModelContract


class TestMiniLM(ModelContract):
    LIMIT = 256
    COMMITTED = Path(__file__).with_name("minilm_table.json")
    LEAST = {
        "f32": (1 - 1e-6, 1 - 1e-6),
        "bf16": (0.9999, 0.9999),
        "int8": (0.985, 0.992),
        "int8-mixed": (0.997, 0.998),
    }
    TOLERANCE = {"f32": 2e-5, "bf16": 2e-3, "int8": 2e-2, "int8-mixed": 8e-3}

    @pytest.fixture(scope="class")
    @classmethod
    def folder(cls) -> Path:
        return packaged_model()
