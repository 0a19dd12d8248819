"""Idle memory of API and UI.

`nexus up` on a new data directory, Home opened in Chromium and left open; 20 s later the memory of the supervisor, the
API, the UI and whatever they started. RSS counts shared pages once a process, so its sum is the stricter figure and the
one that is held to the target; PSS shares them out. Chromium is not ours and not counted.
"""

import time

import psutil

from benchmarks.browser import opened
from benchmarks.figures import Figure, Target
from benchmarks.product import MIB, family, fresh

REST = 20.0


def measure() -> list[Figure]:
    with fresh() as product, product.running("up") as supervisor, opened(product.ui_url):
        time.sleep(REST)
        members = family(supervisor.pid)
        resident = {_name(member): member.memory_info().rss / MIB for member in members}
        shared_out = sum(member.memory_full_info().pss for member in members) / MIB
    parts = ", ".join(f"{name} {size:.0f}" for name, size in resident.items())
    return [
        Figure(
            "idle memory of API + UI, RSS", round(sum(resident.values())), "MiB", Target("at most", 600), note=parts
        ),
        Figure("idle memory of API + UI, PSS", round(shared_out), "MiB"),
    ]


def _name(process: psutil.Process) -> str:
    """What a process is, by its command line, with its id where two are alike."""
    command = process.cmdline()
    kind = next((word for word in ("up", "api", "streamlit") if word in command), process.name())
    return f"{kind} ({process.pid})"
