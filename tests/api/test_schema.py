"""What the OpenAPI document says is what the API does: generated requests, sensible and not, in sequence and alone."""

import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
import uvicorn
from hypothesis import HealthCheck, Phase, given
from hypothesis import settings as bounded
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode
from schemathesis.checks import CHECKS
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.schemas import BaseSchema

from backend.app import create_app
from backend.settings import Settings

EXCLUDED = {
    # A schema cannot say that a cursor must be ours, a name not be blank, a URL be callable: those answer 422.
    "positive_data_acceptance",
}
EXAMPLES = bounded(
    max_examples=8,
    deadline=None,
    derandomize=True,
    database=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


@pytest.fixture(scope="module")
def server(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """(URL, token) of the application on a loopback port, in a thread of this process."""
    data_dir = tmp_path_factory.mktemp("schema") / "data"
    shutil.copytree(template, data_dir)
    settings = Settings(data_dir=data_dir, jobs="inline", embedder="hashing", _env_file=None)
    config = uvicorn.Config(create_app(settings), port=0, log_level="critical", access_log=False, ws="none")
    instance = uvicorn.Server(config)
    thread = threading.Thread(target=instance.run, daemon=True)
    thread.start()
    while not instance.started:
        assert thread.is_alive()
        time.sleep(0.01)
    port = instance.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}", (settings.secrets_dir / "local_token").read_text().strip()
    instance.should_exit = True
    thread.join(20)


def excluded(response: Any) -> list[Any]:
    """The checks that do not hold of the answer: a provider that is away, as Ollama is here, is no fault of ours."""
    is_away = response.status_code == 503 and response.json().get("code") == "provider_unavailable"
    names = EXCLUDED | {"not_a_server_error"} if is_away else EXCLUDED
    return [check for check in CHECKS.get_all() if check.__name__ in names]


def described(url: str, headers: dict[str, str]) -> BaseSchema:
    """The document, without its security: a token left out in a request would be put back by the test."""
    config = schemathesis.Config()
    config.projects.default.generation.update(with_security_parameters=False)
    return schemathesis.openapi.from_url(f"{url}/openapi.json", headers=headers, config=config)


@pytest.mark.fault("E1")
@pytest.mark.timeout(600)  # most of it is the making of requests, on a machine that may be busy
@pytest.mark.parametrize("examples", [2, pytest.param(8, marks=pytest.mark.slow)])
def test_whatever_is_sent_the_answer_is_a_documented_one(server: tuple[str, str], examples: int) -> None:
    url, token = server
    headers = {"Authorization": f"Bearer {token}"}
    schema = described(url, headers)
    found: list[str] = []
    tried: Counter[str] = Counter()
    forgiving: set[str] = set()

    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()
        for mode in GenerationMode:

            @bounded(EXAMPLES, max_examples=examples)
            @given(case=operation.as_strategy(generation_mode=mode))
            def answer(case: Case[Any]) -> None:
                tried[case.operation.label] += 1
                response = case.call(headers=headers)
                try:
                    case.validate_response(response, headers=headers, excluded_checks=excluded(response))
                except FailureGroup as failures:
                    found.extend(f"{case.operation.label}: {failure}" for failure in failures.exceptions)

            try:
                answer()
            except Unsatisfiable:
                assert mode is GenerationMode.NEGATIVE, operation.label
                forgiving.add(operation.label)

    assert found == []
    assert len(forgiving) <= len(tried) // 4, "of these nothing can be sent that is wrong"
    assert len(tried) >= 45


@pytest.mark.fault("E1")
def test_whatever_follows_on_what_was_made_before_the_answer_is_a_documented_one(server: tuple[str, str]) -> None:
    url, token = server
    headers = {"Authorization": f"Bearer {token}"}
    schema = described(url, headers)
    steps: Counter[str] = Counter()

    class Sequences(schema.as_state_machine()):  # type: ignore[misc]  # made at run time
        def get_call_kwargs(self, case: Case[Any]) -> dict[str, Any]:
            steps[case.operation.label] += 1
            return {"headers": headers}

        def validate_response(self, response: Any, case: Case[Any], *_: Any, **__: Any) -> None:
            case.validate_response(response, headers=headers, excluded_checks=excluded(response))

    Sequences.run(settings=bounded(EXAMPLES, max_examples=10, stateful_step_count=8))
    assert sum(steps.values()) >= 20
