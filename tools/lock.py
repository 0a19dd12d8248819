"""Exports the hash-pinned locks. Standard library only; `uv.lock` itself stays out of the repository."""

import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
EXPORT = ("export", "--quiet", "--no-emit-workspace", "--no-header", "--no-annotate", "--locked")
GROUPS = {
    "base": ("--no-default-groups", "--group", "build"),
    "dev": ("--no-default-groups", "--group", "build", "--group", "dev"),
    "bench": ("--no-default-groups", "--group", "build", "--group", "bench"),
    "local": ("--no-default-groups", "--group", "build", "--extra", "local"),
    "finetune": ("--no-default-groups", "--group", "build", "--extra", "local", "--extra", "finetune"),
}
COMPILE = ("pip", "compile", "--quiet", "--no-header", "--no-annotate", "--generate-hashes", "--universal")


def main() -> None:
    uv = shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    run(uv, "lock", "--upgrade")
    for name, groups in GROUPS.items():
        run(uv, *EXPORT, *groups, "--output-file", f"requirements/{name}.lock")
    for compiled in ("deploy/build", "requirements/setup"):
        run(uv, *COMPILE, "--python-version", "3.11", f"{compiled}.in", "--output-file", f"{compiled}.lock")


def run(*command: str) -> None:
    subprocess.run(command, cwd=ROOT, check=True)


if __name__ == "__main__":
    main()
