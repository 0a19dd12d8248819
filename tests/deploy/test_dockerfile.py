"""The Dockerfile: what goes in exists, what runs has no compiler, no secret and no root."""

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
SECRET = re.compile(r"(?i)(secret|token|passw|api_?key|credential)")


@dataclass(frozen=True)
class Instruction:
    stage: str
    name: str
    value: str

    @property
    def words(self) -> list[str]:
        """The arguments without `--flags`."""
        return [word for word in self.value.split() if not word.startswith("--")]


def _instructions() -> list[Instruction]:
    lines = [line for line in DOCKERFILE.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    found: list[Instruction] = []
    stage = "global"
    for line in filter(str.strip, joined.splitlines()):
        name, value = line.split(maxsplit=1)
        if name == "FROM":
            stage = value.split(" AS ")[1]
        found.append(Instruction(stage, name, value))
    return found


INSTRUCTIONS = _instructions()
RUNTIME = [instruction for instruction in INSTRUCTIONS if instruction.stage == "runtime"]
ARGS = dict(instruction.value.split("=", 1) for instruction in INSTRUCTIONS if instruction.stage == "global")
SOURCES = [
    source
    for instruction in INSTRUCTIONS
    if instruction.name == "COPY" and "--from=" not in instruction.value
    for source in instruction.words[:-1]
]


def _ignore_rules() -> list[str]:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    return [line for line in lines if line and not line.startswith("#")]


def _reaches_the_build(path: str) -> bool:
    """The last matching rule decides, and a rule that names a folder holds for what is in it."""
    reaches = True
    for rule in _ignore_rules():
        pattern = rule.removeprefix("!").removeprefix("**/")
        anchors = path.split("/") if "**/" in rule else [path]
        if any(fnmatch(anchor, pattern) or anchor.startswith(f"{pattern}/") for anchor in anchors):
            reaches = rule.startswith("!")
    return reaches


def test_the_stages_are_rust_build_and_runtime() -> None:
    stages = [instruction.stage for instruction in INSTRUCTIONS if instruction.name == "FROM"]
    assert stages == ["rust", "build", "runtime"]


def test_the_image_that_runs_is_slim_python_of_a_supported_version() -> None:
    assert RUNTIME[0].value == "python:${PYTHON_VERSION}-slim-${DEBIAN} AS runtime"
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["requires-python"] == ">=3.11,<3.14"
    assert ARGS["PYTHON_VERSION"] in {"3.11", "3.12", "3.13"}


def test_the_compiler_is_new_enough_for_the_crate() -> None:
    needed = tomllib.loads((ROOT / "rust_accel" / "Cargo.toml").read_text(encoding="utf-8"))["package"]["rust-version"]
    assert [int(part) for part in ARGS["RUST_VERSION"].split(".")] >= [int(part) for part in needed.split(".")]


def test_it_runs_as_a_numbered_user_that_is_not_root() -> None:
    users = [instruction.value for instruction in RUNTIME if instruction.name == "USER"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", users[-1])
    last_run = max(n for n, instruction in enumerate(RUNTIME) if instruction.name == "RUN")
    assert [instruction.name for instruction in RUNTIME].index("USER") > last_run


def test_nothing_is_installed_or_compiled_in_the_stage_that_runs() -> None:
    runs = " ".join(instruction.value for instruction in RUNTIME if instruction.name == "RUN")
    assert not re.search(r"apt-get|pip|cargo|gcc|curl|wget", runs)
    copies = [instruction.value for instruction in RUNTIME if instruction.name == "COPY"]
    assert all(copy.startswith("--from=build ") for copy in copies)


def test_every_package_is_held_by_hash() -> None:
    installs = [line for line in INSTRUCTIONS if "uv pip install" in line.value]
    assert len(installs) == 3
    for install in installs:
        assert "--no-deps" in install.value
        assert "--require-hashes" in install.value or "--build-constraints /src/deploy/build.lock" in install.value
    pins = (ROOT / "deploy" / "build.lock").read_text(encoding="utf-8")
    assert len(re.findall(r"^[a-z-]+==", pins, re.MULTILINE)) <= pins.count("--hash=sha256:")


def test_no_secret_is_baked_in() -> None:
    names = [i.value for i in INSTRUCTIONS if i.name in ("ARG", "ENV")]
    assert [name for name in names if SECRET.search(name)] == []
    assert not any(instruction.name == "ADD" for instruction in INSTRUCTIONS)
    assert not any(re.search(r"(^|/)\.env|secrets|data(/|$)", source) for source in SOURCES)


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_copied_exists_and_is_not_ignored(source: str) -> None:
    assert (ROOT / source).exists()
    assert _reaches_the_build(source)


@pytest.mark.parametrize(
    "path", [".git/config", "data/nexus.db", ".env", "backend/.env", "rust_accel/target/x", "tests/deploy/x.py"]
)
def test_private_and_built_files_stay_out_of_the_build(path: str) -> None:
    assert not _reaches_the_build(path)


def test_the_process_is_started_without_a_shell() -> None:
    (command,) = [instruction.value for instruction in RUNTIME if instruction.name == "CMD"]
    assert command == '["nexus", "api", "--host", "0.0.0.0", "--port", "8000"]'
