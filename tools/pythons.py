"""Installs and tests the product under every other supported Python that this machine has. Standard library only.

Environments stay in `.pythons/`. Under the newest every module of the product runs, by the tests in `TESTS`; under
those between it and the Python of `.venv` the product is started, asked and looked at. That each route and page does
what it should in every case is left to the Python of `.venv`, as are Chromium and the slow sets.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VERSIONS = ("3.11", "3.12", "3.13")
OPTIONS = ("-n", "2", "--dist", "loadscope", "-m", "not slow and not local and not finetune")
TESTS = [
    "tests/comparison",
    "tests/contracts",
    "tests/datasets",
    "tests/db",
    "tests/deploy",
    "tests/docs",
    "tests/embeddings",
    "tests/faqs",
    "tests/jobs",
    "tests/parsing",
    "tests/repositories",
    "tests/retrieval",
    "tests/security",
    "tests/services",
    "tests/tracing",
    "tests/vectors",
    "tests/workflows",
    "tests/agents/providers/test_wire.py",
    "tests/api/test_isolation.py",
    "tests/api/test_openai_chat.py",
    "tests/api/test_roles.py",
    "tests/api/test_schema.py",
    "tests/api/test_tour.py",
    "tests/finetuning/test_adapter.py",
    "tests/frontend/test_hostile_text.py",
    "tests/frontend/test_pages.py",
    "tests/process/test_cli.py",
    "tests/process/test_supervisor.py",
    "tests/rust_accel/test_embedder.py",
    "tests/rust_accel/test_vector_index.py",
]
BETWEEN = ["tests/api/test_tour.py", "tests/contracts", "tests/frontend/test_pages.py", "tests/process/test_cli.py"]


def main() -> None:
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    here = "{}.{}".format(*sys.version_info)
    found = {version: None if version == here else find(version) for version in VERSIONS}
    newest = max((version for version in VERSIONS if found[version]), default=here)
    for version, python in found.items():
        if python is None:
            print(f"{version}: {'is the Python of .venv' if version == here else 'not on this machine, left out'}")
            continue
        print(f"{version}: {python}", flush=True)
        environment = ROOT / ".pythons" / version
        if not environment.exists():
            run(environment, uv, "venv", "--quiet", "--python", python, "--no-python-downloads", str(environment))
        run(environment, uv, "pip", "sync", "--quiet", "--require-hashes", "requirements/dev.lock")
        ours = ("--editable", ".", "./rust_accel")
        run(environment, uv, "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", *ours)
        tests = TESTS if version == newest else BETWEEN
        run(environment, str(environment / "bin" / "python"), "-m", "pytest", "-q", *OPTIONS, *tests)


def find(version: str) -> str | None:
    """A Python of that version: on the PATH, or one that pyenv keeps."""
    kept = sorted(Path.home().glob(f".pyenv/versions/{version}.*/bin/python"))
    for candidate in (shutil.which(f"python{version}"), *map(str, kept)):
        if candidate is not None:
            asked = subprocess.run([candidate, "-c", "print(1)"], capture_output=True, check=False)
            if asked.returncode == 0:  # a shim of pyenv is on the PATH whether or not it leads anywhere
                return candidate
    return None


def run(environment: Path, *command: str) -> None:
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"
    variables = {"UV_SYSTEM_CERTS": "1", **os.environ, "VIRTUAL_ENV": str(environment), "PATH": path}
    if subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode:
        raise SystemExit(f"pythons: this failed: {' '.join(command)}")


if __name__ == "__main__":
    main()
