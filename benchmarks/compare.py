"""What a comparison adds to its slower lane: two lanes over the mock provider, one of which answers after 50 ms.

One comparison after the other, each a question of its own, from the request to the whole answer at the client. The
slower lane's own time is what the answer says of it.
"""

import time
from statistics import median

from benchmarks.figures import Figure, Target
from benchmarks.mock import SERVER, connect, mock
from benchmarks.product import Client, fresh
from benchmarks.search import percentile

COMPARISONS, WARM = 200, 10
SLOW = 0.05
FAQS = [
    {"question": f"How do I order part {n}?", "answer": f"Part {n} is on shelf {n * 7}; ask the store for it."}
    for n in range(COMPARISONS + WARM)
]


def measure() -> list[Figure]:
    with (
        fresh() as product,
        mock(product, "--slow-seconds", str(SLOW)) as base_url,
        product.running("api"),
        product.client() as client,
    ):
        client.ended(client.post("/ingest", {"faqs": FAQS})["job_id"])
        client.quiet()
        connect(client, base_url, "slow")
        added = [_added(client, faq["question"]) for faq in FAQS][WARM:]
    note = f"{COMPARISONS} comparisons of two lanes, the slower one answers after {SLOW * 1000:.0f} ms and more"
    return [
        Figure(
            "a comparison adds to its slower lane, p50",
            round(median(added), 1),
            "ms",
            Target("at most", 10.0),
            note=note,
        ),
        Figure("a comparison adds to its slower lane, p95", round(percentile(added, 0.95), 1), "ms"),
    ]


def _added(client: Client, question: str) -> float:
    lanes = [{"provider": SERVER, "model": model} for model in ("slow", "ok")]
    began = time.perf_counter()
    compared = client.post("/compare", {"question": question, "lanes": lanes, "blind": False})
    took = (time.perf_counter() - began) * 1000
    if any(lane["error"] for lane in compared["lanes"]):
        raise RuntimeError(f"a lane failed: {compared['lanes']}")
    return took - max(float(lane["latency_ms"]) for lane in compared["lanes"])
