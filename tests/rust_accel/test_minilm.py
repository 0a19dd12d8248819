"""all-MiniLM-L6-v2, which the application brings along."""

import subprocess
import sys
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


LOADED = """
import sys
from pathlib import Path
from rust_accel import Embedder

def megabytes() -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("RssAnon")) / 1024

before = megabytes()
embedder = Embedder(Path(sys.argv[1]), precision="int8", threads=2)
print(megabytes() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory of the process from /proc")
def test_a_loaded_model_keeps_little_but_its_packed_weights() -> None:
    command = [sys.executable, "-c", LOADED, str(packaged_model())]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=100, check=True).stdout
    # 10.6 MB are weights, the others tokenizer and libraries. It was 33 when more of what was read stayed.
    assert float(printed) < 25
