"""What the jobs that make a dataset and tune retrieval take, on moulded FAQs that are all different."""

from typing import Final

from benchmarks import samples
from benchmarks.adapter import tuned_on
from benchmarks.figures import Figure
from benchmarks.product import fresh

SIZES: Final = (1_000, 10_000)
INGESTED: Final = 2_000
"""FAQs in one request."""


def measure() -> list[Figure]:
    return [figure for size in SIZES for figure in _of(size)]


def _of(size: int) -> list[Figure]:
    with fresh() as product, product.running("api"), product.client() as client:
        faqs = samples.faqs(size)
        for first in range(0, size, INGESTED):
            client.ended(client.post("/ingest", {"faqs": faqs[first : first + INGESTED]})["job_id"])
        client.quiet()
        tuned = tuned_on(client, "times")
        rows = sum(tuned.dataset[split] for split in ("train", "validation", "held_out"))
        epochs = max(point["step"] for point in client.get(f"/finetune/{tuned.model['training_id']}/points"))
    return [
        Figure(f"dataset of {size:,} FAQs", round(tuned.dataset_seconds, 1), "s", note=f"{rows:,} rows"),
        Figure(f"tuned retrieval on {size:,} FAQs", round(tuned.training_seconds, 1), "s", note=f"{epochs} epochs"),
    ]
