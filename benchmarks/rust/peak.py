"""What a core can do at most, from `rust_accel/examples/peak.rs`, and what a model asks of it."""

import json
import subprocess
from collections.abc import Iterable, Sequence
from pathlib import Path

from benchmarks.figures import Unavailable
from benchmarks.machine import ROOT

CRATE = ROOT / "rust_accel"


def build() -> Path:
    """The program, compiled with the crate's release profile. Raises `Unavailable`."""
    command = ("cargo", "build", "--release", "--locked", "--quiet", "--example", "peak", "--message-format=json")
    done = subprocess.run(command, cwd=CRATE, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unavailable(f"cargo could not build the example peak: {done.stderr.strip()[-300:]}")
    for line in reversed(done.stdout.splitlines()):
        found = json.loads(line)
        if found.get("executable") and found["target"]["name"] == "peak":
            return Path(found["executable"])
    raise Unavailable("cargo named no program for the example peak")


def measure(program: Path, sizes: Sequence[int] = ()) -> dict[str, float]:
    """`peak <kind>` in GFLOP/s, `stream <bytes>` in 1e9 bytes/s, one thread."""
    done = subprocess.run([program, *map(str, sizes)], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    rates = {f"peak {kind}": float(rate) for kind, rate in found["gflops"].items()}
    return rates | {f"stream {size}": float(rate) for size, rate in found["stream_gb_s"].items()}


def higher(first: dict[str, float], second: dict[str, float]) -> dict[str, float]:
    """The better of two measurements, value by value."""
    return {name: max(first.get(name, 0.0), second.get(name, 0.0)) for name in first | second}


def operations(folder: Path, lengths: Iterable[int]) -> float:
    """Multiplications and additions of encoding texts of so many tokens: those of the matrix products, no others.

    A layer of hidden size h and inner size m takes 2 n (4 h^2 + 2 h m) for the linear layers of n tokens, which are
    query, key, value, output and the two of the feed-forward part, and 4 n^2 h for the scores and the weighted sum of
    the attention (Vaswani et al. 2017, sections 3.2 and 3.3).
    """
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    h, m, layers = config["hidden_size"], config["intermediate_size"], config["num_hidden_layers"]
    return float(sum(layers * (2 * n * (4 * h * h + 2 * h * m) + 4 * n * n * h) for n in lengths))
