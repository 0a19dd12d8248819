"""How Fireworks' answers are read, those that are none of its API, and that no key and no signed URL is told."""

from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from backend.agents.providers import PROVIDERS as VENDORS
from backend.agents.providers import ProviderConfig
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader
from backend.errors import OutboundRefused, ProviderBadAnswer, ProviderRateLimited, ProviderRejected
from backend.finetuning.remote_fireworks import FireworksFineTuning
from backend.finetuning.remote_wire import NewJob
from tests.finetuning.remote import KEY
from tests.mock_tuning.fireworks import ACCOUNT, SIGNATURE

JOB = f"{ACCOUNT}/supervisedFineTuningJobs/nexus-1"
OF_ONE = {"accounts": [{"name": ACCOUNT}]}


def speaking(*answers: httpx2.Response) -> FireworksFineTuning:
    """Over https, to a server that gives these answers, the last one for ever."""
    left = list(answers)

    def answer(_: httpx2.Request) -> httpx2.Response:
        return left.pop(0) if len(left) > 1 else left[0]

    def http(base_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        assert base_url.startswith("https://api.fireworks.ai")
        return httpx2.AsyncClient(transport=httpx2.MockTransport(answer), timeout=timeout)

    endpoint = Endpoint.of(VENDORS.vendors["fireworks"], ProviderConfig("fireworks", api_key=SecretStr(KEY)))
    return FireworksFineTuning(endpoint.client(http, httpx2.Timeout(5.0), KeyHeader()), endpoint, http)


def test_its_api_is_at_its_own_host() -> None:
    assert speaking(httpx2.Response(200)).base_url == "https://api.fireworks.ai/v1"


@pytest.mark.parametrize(
    "body", [{"accounts": 3}, {"accounts": [{}]}, {"accounts": [{"name": "accounts/../x"}]}, [], None]
)
async def test_accounts_that_are_none_cannot_be_read(tmp_path: Path, body: object) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    with pytest.raises(ProviderBadAnswer):
        await speaking(httpx2.Response(200, json=body)).upload(tmp_path / "train.jsonl", "train.jsonl")


@pytest.mark.parametrize(
    "body", [{}, {"name": 3}, {"name": "elsewhere/1"}, {"name": JOB, "jobProgress": {"percent": "x"}}, [], None]
)
async def test_a_job_that_is_none_cannot_be_read(body: object) -> None:
    with pytest.raises(ProviderBadAnswer):
        await speaking(httpx2.Response(200, json=body)).job(JOB)


@pytest.mark.parametrize("lines", ['{"step": 1, "train/loss"', "3", "[]", "null"])
async def test_figures_that_are_none_cannot_be_read(lines: str) -> None:
    job = httpx2.Response(200, json={"name": JOB, "metricsFileSignedUrl": "https://api.fireworks.ai/file"})
    with pytest.raises(ProviderBadAnswer):
        [one async for one in speaking(job, httpx2.Response(200, text=lines)).events(JOB)]


@pytest.mark.parametrize(
    ("line", "figures"),
    [
        ('{"step": 3.0, "train/loss": 1.5, "train/ce_loss": 9}', {"step": 3, "train_loss": 1.5}),
        ('{"step": 3, "timestamp": 1.0, "data": {"train/loss": 1.5}}', {"step": 3, "train_loss": 1.5}),
        ('{"step": 1.5, "eval/loss": 2}', {"validation_loss": 2}),
        ('{"step": null, "eval/loss": null}', {"validation_loss": None}),
    ],
)
async def test_the_figures_of_a_line_are_beside_its_step_or_below_it(line: str, figures: dict[str, object]) -> None:
    job = httpx2.Response(200, json={"name": JOB, "metricsFileSignedUrl": "https://api.fireworks.ai/file"})
    told = [one async for one in speaking(job, httpx2.Response(200, text=f"{line}\n\n")).events(JOB)]
    assert [one.data for one in told] == [figures]


async def test_figures_leave_no_encrypted_connection_for_one_that_is_not() -> None:
    job = httpx2.Response(200, json={"name": JOB, "metricsFileSignedUrl": f"http://files.example/1?{SIGNATURE}"})
    with pytest.raises(OutboundRefused, match="it would not be encrypted on its way to") as refused:
        [one async for one in speaking(job).events(JOB)]
    assert "Signature" not in str(refused.value)


async def test_a_job_without_a_file_of_figures_has_none() -> None:
    assert [one async for one in speaking(httpx2.Response(200, json={"name": JOB})).events(JOB)] == []
    job = httpx2.Response(200, json={"name": JOB, "metricsFileSignedUrl": "https://api.fireworks.ai/file"})
    assert [one async for one in speaking(job, httpx2.Response(404)).events(JOB)] == [], "not before the first step"


async def test_rows_replace_those_of_a_dataset_that_is_still_being_removed(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    exists = httpx2.Response(409, json={"code": 6, "message": "it exists"})
    told = [httpx2.Response(200, json=body) for body in (OF_ONE, {}, {"state": "READY"})]
    api = speaking(told[0], exists, *told[1:])
    assert await api.upload(tmp_path / "train.jsonl", "nexus-1-train.jsonl") == f"{ACCOUNT}/datasets/nexus-1-train"


@pytest.mark.fault("C3")
async def test_a_rate_limit_is_told_with_how_long_to_wait() -> None:
    answer = httpx2.Response(
        429, json={"code": 8, "message": f"quota of {KEY} is used up"}, headers={"retry-after": "9"}
    )
    with pytest.raises(ProviderRateLimited, match="asks to slow down: 'quota of") as refused:
        await speaking(answer).job(JOB)
    assert refused.value.retry_after == 9.0
    assert KEY not in str(refused.value)


async def test_what_a_server_says_of_a_request_that_it_refuses_is_told_without_the_key() -> None:
    refusal = httpx2.Response(400, json={"code": 3, "message": f"The model is unknown to {KEY}.", "details": []})
    api = speaking(httpx2.Response(200, json=OF_ONE), refusal)
    with pytest.raises(ProviderRejected, match="The model is unknown to") as refused:
        await api.create(NewJob("nexus-1", "small-1", {"train": f"{ACCOUNT}/datasets/nexus-1-train"}))
    assert KEY not in str(refused.value)
