"""The compose file, as the reference loader of Compose (compose-go) resolves it."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docker-compose.yml"
CHECKER = ROOT / "deploy" / "composecheck"
VARIABLES = ("NEXUS_", "STREAMLIT_", "COMPOSE_")
NEEDS_GO = "deploy/composecheck needs Go 1.24 or newer and 'go' is not on the PATH; install it from https://go.dev/dl"
BREAKAGES = {
    "an unknown key": ("depends_on:", "depend_on:"),
    "an unknown service": ("      api:\n        condition", "      apx:\n        condition"),
    "an unknown condition": ("service_healthy", "healthy"),
    "an undeclared volume": ("- data:/data", "- dat:/data"),
    "a bad duration": ("interval: 15s", "interval: 15 parsecs"),
    "a bad port": ('}:8000"', '}:80000"'),
    "a bad memory size": (":-4g}", ":-four}"),
    "an unclosed variable": ("${NEXUS_BIND:-127.0.0.1}", "${NEXUS_BIND:-127.0.0.1"),
    "a circle of dependencies": ("stop_grace_period: 40s", "depends_on: [ui]"),
    "a repeated key": ("stop_grace_period: 10s", "stop_grace_period: 10s\n    stop_grace_period: 11s"),
}

# Building the checker the first time downloads and compiles compose-go.
pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None:
        if os.environ.get("CI"):
            pytest.fail(NEEDS_GO)
        pytest.skip(NEEDS_GO)
    program = tmp_path_factory.mktemp("composecheck") / "composecheck"
    built = subprocess.run(
        [go, "build", "-mod=readonly", "-o", str(program), "."],
        cwd=CHECKER,
        timeout=540,
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stderr
    return program


def _check(checker: Path, file: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith(VARIABLES)}
    return subprocess.run([str(checker), str(file)], env=clean | variables, timeout=60, capture_output=True, text=True)


def _project(checker: Path, **variables: str) -> dict[str, Any]:
    checked = _check(checker, FILE, **variables)
    assert checked.returncode == 0, checked.stderr
    project: dict[str, Any] = json.loads(checked.stdout)
    return project


@pytest.fixture(scope="module")
def services(checker: Path) -> dict[str, Any]:
    found: dict[str, Any] = _project(checker)["services"]
    return found


def test_the_project_is_an_api_an_interface_and_a_volume(checker: Path) -> None:
    project = _project(checker)
    assert sorted(project["services"]) == ["api", "ui"]
    assert sorted(project["volumes"]) == ["data"]


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_the_checker_refuses(checker: Path, tmp_path: Path, breakage: str) -> None:
    right, wrong = BREAKAGES[breakage]
    text = FILE.read_text(encoding="utf-8")
    assert right in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(right, wrong, 1), encoding="utf-8")
    assert _check(checker, broken).returncode == 1


@pytest.mark.parametrize("name", ["api", "ui"])
def test_a_service_has_no_more_rights_than_it_needs(services: dict[str, Any], name: str) -> None:
    service = services[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service
    assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])
    assert int(service["mem_limit"]) > 0
    assert service["restart"] == "unless-stopped"
    assert service["environment"]["NEXUS_AUTH"] == "keys"


@pytest.mark.parametrize(("name", "port"), [("api", 8000), ("ui", 8501)])
def test_ports_are_published_on_loopback_unless_asked_otherwise(checker: Path, name: str, port: int) -> None:
    (published,) = _project(checker)["services"][name]["ports"]
    assert (published["host_ip"], published["target"], published["published"]) == ("127.0.0.1", port, str(port))
    (opened,) = _project(checker, NEXUS_BIND="0.0.0.0")["services"][name]["ports"]
    assert opened["host_ip"] == "0.0.0.0"


@pytest.mark.parametrize(("name", "path"), [("api", ":8000/health"), ("ui", ":8501/_stcore/health")])
def test_health_is_asked_of_the_role_itself_by_code_that_compiles(
    services: dict[str, Any], name: str, path: str
) -> None:
    kind, program, flag, code = services[name]["healthcheck"]["test"]
    assert (kind, program, flag) == ("CMD", "python", "-c")
    assert path in code
    compile(code, "healthcheck", "exec")


def test_the_interface_waits_for_a_healthy_api_and_finds_it_by_name(services: dict[str, Any]) -> None:
    assert services["ui"]["depends_on"]["api"]["condition"] == "service_healthy"
    assert services["ui"]["environment"]["NEXUS_API_URL"] == "http://api:8000"


def test_only_the_api_holds_the_data(services: dict[str, Any]) -> None:
    (mount,) = services["api"]["volumes"]
    assert (mount["type"], mount["source"], mount["target"]) == ("volume", "data", "/data")
    assert services["api"]["environment"]["NEXUS_DATA_DIR"] == "/data"
    assert "volumes" not in services["ui"]


def test_the_image_is_built_from_the_dockerfile_that_exists(services: dict[str, Any]) -> None:
    for service in services.values():
        build = service["build"]
        assert (Path(build["context"]) / build["dockerfile"]).is_file()
