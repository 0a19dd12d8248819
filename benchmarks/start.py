"""Second start to ready.

`nexus up` on a data directory that an earlier start made and that holds one document; the time from the process's
start to its banner, which the supervisor prints when API and UI both answer. Median of five starts.
"""

import time
from statistics import median

from benchmarks.figures import Figure, Target
from benchmarks.product import cpu_seconds, fresh, warm

STARTS = 5


def measure() -> list[Figure]:
    with fresh() as product:
        first = time.perf_counter()
        with product.running("up"), product.client() as client:
            first = time.perf_counter() - first
            warm(client)
        seconds, spent = [], []
        for _ in range(STARTS):
            began = time.perf_counter()
            with product.running("up") as supervisor:
                seconds.append(time.perf_counter() - began)
                spent.append(cpu_seconds(supervisor.pid))
    note = "median of " + ", ".join(f"{one:.2f}" for one in sorted(seconds))
    return [
        Figure("second start to ready", round(median(seconds), 2), "s", Target("at most", 5), note=note),
        Figure(
            "processor time of a start",
            round(median(spent), 2),
            "s",
            note="all processes; other load adds to the above",
        ),
        Figure("first start to ready", round(first, 2), "s", note="empty data directory: the database is made"),
    ]
