"""`python -m benchmarks [names]`: measures, prints a table, writes `benchmarks/results/`."""

import argparse
import signal
import sys
import time
import traceback
from collections.abc import Callable
from importlib import import_module

from benchmarks import report
from benchmarks.figures import Figure, Measured, Unavailable, text_table
from benchmarks.machine import describe

NAMES = (
    "start",
    "idle",
    "pdf",
    "memory",
    "search",
    "retrieval_load",
    "chat",
    "compare",
    "throughput",
    "batch",
    "embeddings_api",
    "quality",
    "sequence",
    "ui",
)
SLOW = ("adapter", "adapter_times", "tuned_batch", "retriever", "lora", "clone")
"""Only when asked for by name."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "names", nargs="*", help=f"any of {', '.join((*NAMES, *SLOW))}; all but {', '.join(SLOW)} when none"
    )
    parser.add_argument("--no-results", action="store_true", help="print only")
    given = parser.parse_args()
    unknown = set(given.names) - {*NAMES, *SLOW}
    if unknown:
        parser.error(f"no figure {sorted(unknown)!r}; known: {', '.join((*NAMES, *SLOW))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that what was started is ended
    machine = describe()
    print(
        f"{machine['cpu']}, {machine['cores']} cores, load {machine['load_average']}, revision {machine['revision']}\n"
    )
    failed = [name for name in given.names or NAMES if not measured(name, is_kept=not given.no_results)]
    if failed:
        print(f"not measured: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


def measured(name: str, *, is_kept: bool) -> bool:
    """Prints a module's figures; False where it broke."""
    measure: Callable[[], list[Figure] | Measured] = import_module(f"benchmarks.{name}").measure
    print(f"== {name}", flush=True)
    began = time.perf_counter()
    try:
        found = measure()
    except Unavailable as exc:
        print(f"not measured: {exc}\n", flush=True)
        return True
    except Exception:  # noqa: BLE001  one measurement that breaks must not cost the others
        traceback.print_exc()
        return False
    told = found if isinstance(found, Measured) else Measured(found)
    print(f"{text_table(told.figures)}\n({time.perf_counter() - began:.0f} s)\n", flush=True)
    if is_kept:
        report.write(name, told.figures, report.FOLDER, files=told.files)
    return True


if __name__ == "__main__":
    sys.exit(main())
