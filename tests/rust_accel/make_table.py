"""`python -m tests.rust_accel.make_table minilm|mpnet` writes the table of the float64 twin, when the texts change."""

import json
import sys
from pathlib import Path

from benchmarks.rust.models import NAMED
from rust_accel import Embedder
from tests.rust_accel.reference import Encoder
from tests.rust_accel.texts import TABLE, TEXTS


def main(name: str) -> None:
    folder = NAMED[name]().folder
    twin, ids = Encoder.read(folder), Embedder(folder, threads=1).token_ids([TEXTS[name] for name in TABLE])
    table = {name: [round(v, 7) for v in twin.vector(row)[:8].tolist()] for name, row in zip(TABLE, ids, strict=True)}
    path = Path(__file__).with_name(f"{name}_table.json")
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
