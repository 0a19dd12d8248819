"""Brings an environment in line with its lock: `python tools/setup.py base|dev|bench|local|finetune`, see `VENVS`.

`add-local` and `add-finetune` add what is in that lock to `.venv`. Standard library only. Says what is missing and how
to get it, fetches uv when there is none, syncs only when something changed.
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
VENVS = {
    "base": ROOT / ".venv",
    "dev": ROOT / ".venv",
    "bench": ROOT / ".bench",
    "local": ROOT / ".local",
    "finetune": ROOT / ".finetune",
}
LOCKS = {name: (name,) for name in VENVS} | {"local": ("dev", "local"), "finetune": ("dev", "finetune")}
"""Which locks an environment holds. Those of extras are without `dev`, since they are also added to `.venv`."""
ADDED = {"local": "llama.cpp and a sample model of 98 MB", "finetune": "torch and what trains with it, 4.8 GB"}
UV_VENV = ROOT / ".uv"
PYTHONS = ((3, 11), (3, 14))
VENV = VENVS["base"]
"""Where everything below is installed; `main` chooses."""


def main(wanted: str) -> None:
    global VENV
    VENV = VENVS[wanted]
    check_tools()
    uv = find_uv()
    # The dev lock holds everything of the base lock: going back to base would only uninstall.
    name = "dev" if wanted == "dev" or stamped("dev") else wanted
    if not stamped(name):
        if not (VENV / "bin" / "python").exists():
            run(uv, "venv", "--quiet", "--python", sys.executable, "--no-python-downloads", str(VENV))
        say(f"installing the packages of requirements/{name}.lock; the first time they are downloaded ...")
        run(uv, "pip", "sync", "--quiet", "--require-hashes", *map(str, files(name)))
        install(uv, "--editable", ".")
        stamp(name)
        say("building rust_accel; the first time that takes a minute or two ...")
    install(uv, "./rust_accel")


def add(extra: str) -> None:
    """What the lock of an extra has beyond `base`, for `.venv`. The next change of the locks removes it again."""
    main("base")
    more, known = (blocks((ROOT / "requirements" / f"{name}.lock").read_text()) for name in (extra, "base"))
    added = VENV / f"{extra}.txt"
    names = {block.split("==")[0] for block in known}
    added.write_text("".join(block for block in more if block.split("==")[0] not in names))
    say(f"installing {ADDED[extra]} ...")
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


def files(name: str) -> list[Path]:
    """The locks of an environment."""
    return [ROOT / "requirements" / f"{lock}.lock" for lock in LOCKS[name]]


def stamp_file(name: str) -> Path:
    return VENV / f".{name}.stamp"


def fingerprint(name: str) -> str:
    read = [path.read_bytes() for path in (*files(name), ROOT / "pyproject.toml")]
    return hashlib.sha256(b"\0".join([*read, str(ROOT).encode()])).hexdigest()


def stamped(name: str) -> bool:
    file = stamp_file(name)
    return file.exists() and file.read_text() == fingerprint(name)


def stamp(name: str) -> None:
    for old in VENV.glob(".*.stamp"):
        old.unlink()
    stamp_file(name).write_text(fingerprint(name))


def stop(reason: str) -> None:
    print(f"setup: {reason}", file=sys.stderr)
    raise SystemExit(1)


if __name__ == "__main__":
    wanted = sys.argv[1].removeprefix("add-")
    main(wanted) if wanted == sys.argv[1] else add(wanted)
