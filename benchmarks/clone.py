"""A clean clone to its first page, with a warm package cache: `python -m benchmarks clone`.

`git clone` of this repository into an empty folder, then `make run` there with a new HOME, an environment of little
more than PATH, and the caches of uv, pip and cargo that this machine has (the Rust toolchain is a prerequisite and not
counted). The time runs from the start of `git clone` until page and API answer; the Rust build is
part of it. Changes of this tree that are in no commit are copied into the clone, and the note says so.
"""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from benchmarks.figures import Figure, Target, Unavailable
from benchmarks.product import Product, answers, stop, until

ROOT = Path(__file__).parents[1]
PATIENCE = 900.0
KEPT = ("PATH", "LANG", "TERM")
KEPT_PREFIXES = ("SSL_", "PIP_", "UV_", "CARGO_", "RUSTUP_", "REQUESTS_CA", "CURL_CA", "HTTP_PROXY", "HTTPS_PROXY")


def measure() -> list[Figure]:
    missing = [tool for tool in ("git", "make", "cargo") if shutil.which(tool) is None]
    if missing:
        raise Unavailable(f"{', '.join(missing)} cannot be found on the PATH")
    with tempfile.TemporaryDirectory(prefix="nexus-clone-") as folder:
        return _first_page(Path(folder))


def _first_page(folder: Path) -> list[Figure]:
    home = folder / "home"
    home.mkdir()
    product = Clone(folder / "data", root=folder / "ai-nexus", variables=_environment(home))
    began = time.perf_counter()
    subprocess.run(["git", "clone", "--quiet", str(ROOT), str(product.root)], check=True)
    copied = _copy_changes(product.root)
    process = product.spawn("make", "run")

    def is_up() -> bool:
        if process.poll() is not None:
            raise RuntimeError(f"make run ended with status {process.returncode}: {product.said()[-2000:]}")
        return answers(f"{product.ui_url}/") and answers(f"{product.url}/health")

    try:
        until(is_up, seconds=PATIENCE, what="the first page answers", pause=0.2)
        seconds = time.perf_counter() - began
    finally:
        stop(process)
    fetched = "uv fetched" if (product.root / ".uv").exists() else "uv found"
    load = os.getloadavg()[0]
    note = f"{fetched}; {copied} changed files copied; load {load:.1f} on {os.cpu_count()} cores at its end"
    return [Figure("clean clone to first page", round(seconds), "s", Target("at most", 180), note=note)]


class Clone(Product):
    """Started with nothing of this shell's environment."""

    @property
    def environment(self) -> dict[str, str]:
        return self.variables | {
            "NEXUS_DATA_DIR": str(self.data_dir),
            "NEXUS_API_PORT": str(self.api_port),
            "NEXUS_UI_PORT": str(self.ui_port),
        }


def _environment(home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if name in KEPT or name.startswith(KEPT_PREFIXES)}
    here = Path.home()
    caches = {
        "UV_CACHE_DIR": here / ".cache" / "uv",
        "PIP_CACHE_DIR": here / ".cache" / "pip",
        "CARGO_HOME": here / ".cargo",
        "RUSTUP_HOME": here / ".rustup",
    }
    return {name: str(path) for name, path in caches.items()} | kept | {"HOME": str(home)}


def _copy_changes(clone: Path) -> int:
    """Files that differ from the last commit or are in none; returns how many. Deleted ones are removed."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--modified", "--deleted", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    names = sorted(set(filter(None, listed.stdout.split("\0"))))
    for name in names:
        target = clone / name
        if not (ROOT / name).exists():
            target.unlink(missing_ok=True)
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return len(names)
