"""Writes `minilm_table.json` from the float64 twin. Run by hand when the texts change."""

import json
from pathlib import Path

from backend.embeddings.native import packaged_model
from rust_accel import Embedder
from tests.rust_accel.minilm_texts import TABLE, TEXTS
from tests.rust_accel.reference import Encoder


def main() -> None:
    twin = Encoder.read(packaged_model())
    ids = Embedder(packaged_model(), threads=1).token_ids([TEXTS[name] for name in TABLE])
    table = {name: [round(v, 7) for v in twin.vector(row)[:8].tolist()] for name, row in zip(TABLE, ids, strict=True)}
    path = Path(__file__).with_name("minilm_table.json")
    path.write_text(json.dumps(table, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
