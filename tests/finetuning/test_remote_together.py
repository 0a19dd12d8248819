"""What is Together's own: files that go elsewhere, figures apart from events, the words of its jobs."""

import socket
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest
from pydantic import SecretStr

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader
from backend.errors import GoesOnElsewhere, JobCancelled, OutboundRefused, ProviderBadAnswer, ProviderRejected
from backend.finetuning.remote_together import TogetherFineTuning
from backend.finetuning.remote_wire import NewJob
from backend.security.outbound import OutboundPolicy
from tests.finetuning.remote import KEY, NAME, Place, called, check_curves
from tests.mock_tuning.server import TuningServer
from tests.mock_tuning.together import SIGNATURE, MockTogether


@pytest.fixture
def storage(mock: MockTogether) -> Iterator[TuningServer]:
    """Another server, to which the files go."""
    with TuningServer(mock) as server:
        mock.storage = server.base_url.removesuffix("/v1")
        yield server


def address(server: TuningServer) -> str:
    return server.base_url.removeprefix("http://").removesuffix("/v1")


# --- from the rows to the model ---------------------------------------------------------
async def test_a_training_sends_its_rows_and_ends_with_a_model_its_curves_and_what_was_sent(
    together: Place, mock: MockTogether
) -> None:
    order = together.order(n_epochs=2, batch_size=8, seed=7, suffix="faq")
    status = await together.ended(order)
    assert status.result is not None, status.error
    assert (status.result.remote_id, status.result.files) == ("ft:ok", [])
    assert status.result.notes == [
        f"6 rows went to {together.server.base_url}: 4 to learn from and 2 to validate with; the held-out ones stayed "
        "here"
    ]
    [job] = mock.jobs.values()
    assert {key: value for key, value in job.items() if key not in ("id", "events")} == {
        "model": "small-1",
        "training_file": "file-1",
        "validation_file": "file-2",
        "n_epochs": 2,
        "n_evals": 2,
        "batch_size": 8,
        "random_seed": 7,
        "suffix": "faq",
    }
    assert len(mock.sent()) == 6
    assert "never sent" not in str(mock.sent())
    assert [file.name for file in mock.ever] == [f"nexus-{NAME}-1-train.jsonl", f"nexus-{NAME}-1-validation.jsonl"]
    assert mock.files == {}, "its copies are deleted"
    check_curves(order.folder)


async def test_what_nobody_chose_is_left_to_the_server(together: Place, mock: MockTogether) -> None:
    assert (await together.ended(together.order(validation=0))).state == "succeeded"
    [job] = mock.jobs.values()
    assert set(job) == {"id", "events", "model", "training_file", "n_epochs"}


async def test_the_steps_are_told_by_the_job_where_their_figures_are_missing(
    together: Place, mock: MockTogether
) -> None:
    mock.statuses, mock.always["events"] = ("running",), "404"
    trainer, order = together.trainer(), together.order()
    handle = await trainer.start(order)
    await called(together, "job", 4)
    status = await trainer.status(order, handle)
    assert (status.stage, status.total, status.done >= 2) == ("stepping", 4, True)
    mock.statuses = ("succeeded",)
    status = await together.ended(order, trainer)
    assert status.result is not None
    assert status.result.notes[1:] == ["the provider tells no figures of its steps, so there are no curves"]


async def test_a_server_that_lists_no_figures_has_its_missing_curves_told(together: Place, mock: MockTogether) -> None:
    mock.steps = 0
    status = await together.ended(together.order())
    assert status.result is not None
    assert status.result.notes[1:] == ["the provider tells no figures of its steps, so there are no curves"]


async def test_the_figures_are_not_asked_for_before_the_first_step(together: Place, mock: MockTogether) -> None:
    """It may not know them of a job that waits."""
    mock.statuses = ("pending", "queued", "queued", "running", "completed")
    await together.ended(together.order())
    assert mock.calls.count("events") == 2
    assert mock.calls.index("events") > mock.calls.index("job") + 3


@pytest.mark.parametrize(
    ("told", "stage"), [("compressing", "storing"), ("uploading", "storing"), ("cancel_requested", "cancelling")]
)
async def test_what_it_does_after_the_last_step_has_words_of_its_own(
    together: Place, mock: MockTogether, told: str, stage: str
) -> None:
    mock.statuses = (told,)
    trainer, order = together.trainer(), together.order()
    handle = await trainer.start(order)
    await called(together, "job", 2)
    assert (await trainer.status(order, handle)).stage == stage
    mock.statuses = ("completed",)
    assert (await together.ended(order, trainer)).state == "succeeded"


# --- files go elsewhere -------------------------------------------------------------------
async def test_a_file_goes_where_the_server_wants_it_without_the_key(
    together: Place, mock: MockTogether, storage: TuningServer
) -> None:
    assert (await together.ended(together.order())).state == "succeeded"
    assert len(mock.stored) == 2
    for headers, query in mock.stored:
        assert headers["host"] == address(storage)
        assert query == SIGNATURE
        assert "authorization" not in headers
        assert KEY not in str(headers)
        assert "content-length" in headers
    assert mock.told == {f"Bearer {KEY}"}


@pytest.mark.usefixtures("storage")
async def test_a_file_goes_to_no_host_that_the_administrator_did_not_list(together: Place, mock: MockTogether) -> None:
    together.policy = OutboundPolicy("keys", frozenset({address(together.server)}))
    status = await together.ended(together.order())
    assert isinstance(status.error, OutboundRefused)
    assert "'together' wants the file elsewhere: the host '127.0.0.1' is not listed" in str(status.error)
    assert "NEXUS_OUTBOUND_ALLOW" in str(status.error)
    assert mock.stored == []


async def test_a_file_goes_to_a_host_that_the_administrator_listed(together: Place, storage: TuningServer) -> None:
    together.policy = OutboundPolicy("keys", frozenset({address(together.server), address(storage)}))
    assert (await together.ended(together.order())).state == "succeeded"


@pytest.mark.parametrize(
    ("place", "says"),
    [
        ("http://169.254.169.254", "never called"),
        ("ftp://files.example", "'ftp' is not called"),
        ("http://u:p@h", "pass"),
    ],
)
async def test_a_file_goes_to_no_address_that_is_never_called(
    together: Place, mock: MockTogether, place: str, says: str
) -> None:
    mock.storage = place
    status = await together.ended(together.order())
    assert isinstance(status.error, OutboundRefused)
    assert says in str(status.error)
    assert str(status.error).endswith("; ask the provider why, or train at another one"), "the URL is not the user's"
    assert "Signature" not in str(status.error)


@pytest.mark.fault("C1")
async def test_a_storage_that_cannot_be_reached_is_not_told_as_the_provider(
    together: Place, mock: MockTogether
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        mock.storage = f"http://127.0.0.1:{closed.getsockname()[1]}"
    status = await together.ended(together.order())
    assert "'127.0.0.1', where 'together' wants the file, cannot be reached" in str(status.error)
    assert "URL" not in str(status.error)


@pytest.mark.fault("C4")
@pytest.mark.parametrize("kind", ["announce", "store"])
@pytest.mark.parametrize("fault", ["500", "429", "garbage", "lost", "cut"])
async def test_a_file_that_did_not_arrive_is_sent_again(
    together: Place, mock: MockTogether, kind: str, fault: str
) -> None:
    mock.fail(kind, fault)
    status = await together.ended(together.order())
    assert status.state == "succeeded", status.error
    assert len(mock.jobs) == 1
    [job] = mock.jobs.values()
    assert {job["training_file"], job["validation_file"]} <= mock.processed
    assert mock.files == {}, "the places that were given for nothing are given back"


@pytest.mark.parametrize("status", ["403", "404"])
async def test_a_storage_that_refuses_ends_the_training_and_the_url_is_not_told(
    together: Place, mock: MockTogether, status: str
) -> None:
    mock.always["store"] = status
    ended = await together.ended(together.order())
    assert isinstance(ended.error, ProviderRejected)
    assert f"'127.0.0.1', where 'together' wants the file, answers {status}" in str(ended.error)
    assert "Signature" not in str(ended.error)
    assert mock.calls.count("store") == 1


@pytest.mark.fault("B1")
@pytest.mark.parametrize("kind", ["announce", "store"])
async def test_a_training_whose_process_died_within_an_upload_goes_on_with_one_job(
    together: Place, mock: MockTogether, kind: str
) -> None:
    mock.fail(kind, "hang")
    trainer, order = together.trainer(), together.order()
    await trainer.start(order)
    await called(together, kind)
    await trainer.aclose()
    assert (await together.ended(order)).state == "succeeded"
    assert (len(mock.jobs), len(mock.sent())) == (1, 6)
    assert mock.files == {}


@pytest.mark.fault("B6")
@pytest.mark.parametrize(("kind", "fault"), [("announce", "lost"), ("store", "hang")])
async def test_a_place_that_was_given_for_a_file_is_given_back_where_the_training_is_cancelled(
    together: Place, mock: MockTogether, kind: str, fault: str
) -> None:
    mock.always[kind] = fault
    trainer, order = together.trainer(), together.order()
    handle = await trainer.start(order)
    await called(together, kind)
    await trainer.cancel(order, handle)
    assert (await trainer.status(order, handle)).state == "cancelled"
    assert mock.files == {}


# --- how a job ends ------------------------------------------------------------------------
@pytest.mark.fault("B12")
@pytest.mark.parametrize("word", ["error", "user_error"])
async def test_the_reason_of_a_failure_is_the_last_error_among_the_events(
    together: Place, mock: MockTogether, word: str
) -> None:
    mock.statuses, mock.failure = ("running", word), "The dataset has 4 examples."
    status = await together.ended(together.order())
    assert status.state == "failed"
    assert str(status.error).endswith(": The dataset has 4 examples")


@pytest.mark.parametrize("fault", ["404", ""])
async def test_a_failure_without_a_reason_is_told_as_one(together: Place, mock: MockTogether, fault: str) -> None:
    mock.statuses = ("error",)
    mock.always = {"reasons": fault} if fault else {}
    assert "it gives no reason" in str((await together.ended(together.order())).error)


async def test_a_job_that_is_being_cancelled_there_ends_as_cancelled(together: Place, mock: MockTogether) -> None:
    mock.statuses = ("running", "cancel_requested", "cancelled")
    status = await together.ended(together.order())
    assert isinstance(status.error, JobCancelled)


@pytest.mark.fault("B6")
async def test_to_cancel_what_is_being_cancelled_there_is_no_failure(together: Place, mock: MockTogether) -> None:
    mock.statuses, mock.always["cancel"] = ("cancel_requested",), "400"
    trainer, order = together.trainer(), together.order()
    handle = await trainer.start(order)
    await called(together, "job", 2)
    await trainer.cancel(order, handle)
    error = (await trainer.status(order, handle)).error
    assert isinstance(error, JobCancelled)
    assert not isinstance(error, GoesOnElsewhere)


async def test_a_learning_rate_that_is_a_multiple_is_refused_and_nothing_is_begun(
    together: Place, mock: MockTogether
) -> None:
    status = await together.ended(together.order(learning_rate_multiplier=0.5))
    assert isinstance(status.error, ProviderRejected)
    assert "'together' has no 'learning_rate_multiplier'" in str(status.error)
    assert (mock.jobs, mock.files) == ({}, {})


# --- answers that are none -------------------------------------------------------------------
def speaking(answer: httpx2.Response) -> TogetherFineTuning:
    """Over https, to a server that always answers this."""

    def http(base_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        assert base_url.startswith("https://api.together.xyz")
        return httpx2.AsyncClient(transport=httpx2.MockTransport(lambda _: answer), timeout=timeout)

    config = ProviderConfig("together", api_key=SecretStr(KEY))
    endpoint = Endpoint.of(PROVIDERS.vendors["together"], config)
    return TogetherFineTuning(endpoint.client(http, httpx2.Timeout(5.0), KeyHeader()), endpoint, http)


async def test_a_file_leaves_no_encrypted_connection_for_one_that_is_not(tmp_path: Path) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    headers = {"location": "http://files.example/1", "x-together-file-id": "file-1"}
    with pytest.raises(OutboundRefused, match="it would not be encrypted"):
        await speaking(httpx2.Response(302, headers=headers)).upload(tmp_path / "train.jsonl", "train.jsonl")


@pytest.mark.parametrize("headers", [{}, {"location": "https://files.example/1"}, {"x-together-file-id": "file-1"}])
async def test_an_answer_that_does_not_say_where_a_file_goes_cannot_be_read(
    tmp_path: Path, headers: dict[str, str]
) -> None:
    (tmp_path / "train.jsonl").write_text("{}\n")
    with pytest.raises(ProviderBadAnswer, match="does not say where the file goes"):
        await speaking(httpx2.Response(302, headers=headers)).upload(tmp_path / "train.jsonl", "train.jsonl")


@pytest.mark.parametrize("body", [{}, {"data": 3}, {"data": [{"status": "running"}]}, [], None])
async def test_a_list_that_is_none_cannot_be_read(body: object) -> None:
    with pytest.raises(ProviderBadAnswer):
        await speaking(httpx2.Response(200, json=body)).find_job("nexus-1", "file-1")


@pytest.mark.parametrize(
    "metrics", [[{"train/loss": 1.0}], [{"train/global_step": 1.5, "train/loss": 1.0}], [{"train/global_step": None}]]
)
async def test_figures_without_a_step_are_of_none(metrics: list[dict[str, float | None]]) -> None:
    told = [one async for one in speaking(httpx2.Response(200, json={"metrics": metrics})).events("ft-1")]
    assert [one.data is not None and "step" in one.data for one in told] == [False]


async def test_what_a_server_says_of_a_request_that_it_refuses_is_told_without_the_key() -> None:
    body = {"error": {"message": f"The model is unknown to {KEY}.", "type": "invalid_request_error"}}
    with pytest.raises(ProviderRejected, match="The model is unknown to") as refused:
        await speaking(httpx2.Response(400, json=body)).create(NewJob("nexus-1", "small-1", {"train": "file-1"}))
    assert KEY not in str(refused.value)
