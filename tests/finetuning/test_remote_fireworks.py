"""What is Fireworks' own: accounts and datasets, jobs under ids of ours, figures in a file elsewhere."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from backend.errors import (
    GoesOnElsewhere,
    JobCancelled,
    ProviderRejected,
)
from backend.finetuning import remote_fireworks
from backend.finetuning.base import PointLog
from backend.finetuning.remote_journal import Journal
from backend.security.outbound import OutboundPolicy
from tests.finetuning.remote import KEY, NAME, Place, called
from tests.finetuning.test_remote_restarts import died
from tests.mock_tuning.fireworks import ACCOUNT, SIGNATURE, MockFireworks
from tests.mock_tuning.server import TuningServer

THEN = "A model that is trained at Fireworks answers once you have deployed it there, which costs by the hour; until "
JOB = f"{ACCOUNT}/supervisedFineTuningJobs/nexus-{NAME}-1"


@pytest.fixture
def storage(acme: MockFireworks) -> Iterator[TuningServer]:
    """Another server, at which the figures are."""
    with TuningServer(acme) as server:
        acme.storage = server.base_url.removesuffix("/v1")
        yield server


@pytest.fixture(autouse=True)
def _swift(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_fireworks, "PAUSE", 0.0)


def address(server: TuningServer) -> str:
    return server.base_url.removeprefix("http://").removesuffix("/v1")


# --- from the rows to the model ---------------------------------------------------------
async def test_a_training_sends_its_rows_and_ends_with_a_model_its_curves_and_what_is_left_to_do(
    fireworks: Place, acme: MockFireworks
) -> None:
    order = fireworks.order(n_epochs=2, batch_size=8, suffix="FAQ_long")
    status = await fireworks.ended(order)
    assert status.result is not None, status.error
    assert (status.result.remote_id, status.result.files) == ("ft:ok", [])
    assert status.result.notes == [
        f"6 rows went to {fireworks.server.base_url}: 4 to learn from and 2 to validate with; the held-out ones stayed "
        "here",
        f"{THEN}then it is not found.",
    ]
    assert acme.jobs == {
        f"nexus-{NAME}-1": {
            "displayName": f"nexus-{NAME}-1",
            "baseModel": "accounts/fireworks/models/small-1",
            "outputModel": f"{ACCOUNT}/models/nexus-{NAME}-1-faq-long",
            "dataset": f"{ACCOUNT}/datasets/nexus-{NAME}-1-train",
            "evaluationDataset": f"{ACCOUNT}/datasets/nexus-{NAME}-1-validation",
            "evalAutoCarveout": False,
            "epochs": 2,
            "batchSizeSamples": 8,
        }
    }
    assert len(acme.sent()) == 6
    assert "never sent" not in str(acme.sent())
    assert [file.name for file in acme.ever] == [f"nexus-{NAME}-1-train.jsonl", f"nexus-{NAME}-1-validation.jsonl"]
    assert acme.files == {}, "its copies are deleted"
    points = list(PointLog(order.folder).read())
    assert [(p.step, p.value) for p in points if p.name == "train_loss"] == [(1, 2.0), (2, 1.0), (3, 2 / 3), (4, 0.5)]
    assert [(p.step, p.value) for p in points if p.name == "validation_loss"] == [(2, 1.5), (4, 0.75)]


async def test_what_nobody_chose_is_left_to_the_server_and_all_rows_are_learned_from(
    fireworks: Place, acme: MockFireworks
) -> None:
    assert (await fireworks.ended(fireworks.order(validation=0))).state == "succeeded"
    [job] = acme.jobs.values()
    assert set(job) == {"displayName", "baseModel", "outputModel", "dataset", "evalAutoCarveout", "epochs"}
    assert job["evalAutoCarveout"] is False
    assert job["outputModel"] == f"{ACCOUNT}/models/nexus-{NAME}-1"


async def test_the_api_of_accounts_is_found_beside_that_of_models(fireworks: Place, acme: MockFireworks) -> None:
    fireworks.url = fireworks.server.base_url.replace("/v1", "/inference/v1")
    order = fireworks.order()
    order = replace(order, base_model="accounts/other/models/mine")
    assert (await fireworks.ended(order)).state == "succeeded"
    [job] = acme.jobs.values()
    assert job["baseModel"] == "accounts/other/models/mine"


@pytest.mark.parametrize(("name", "value"), [("learning_rate_multiplier", 2), ("seed", 7)])
async def test_what_it_does_not_know_is_refused_and_nothing_is_begun(
    fireworks: Place, acme: MockFireworks, name: str, value: int
) -> None:
    order = fireworks.order()
    order = replace(order, parameters={**order.parameters, name: value})
    status = await fireworks.ended(order)
    assert isinstance(status.error, ProviderRejected)
    assert f"'fireworks' has no {name!r}" in str(status.error)
    assert (acme.jobs, acme.files) == ({}, {})


# --- the account -----------------------------------------------------------------------
@pytest.mark.parametrize(
    ("accounts", "found"), [((), "none"), (("accounts/a", "accounts/b"), "accounts/a, accounts/b")]
)
async def test_a_key_that_is_not_of_one_account_is_refused_in_words(
    fireworks: Place, acme: MockFireworks, accounts: tuple[str, ...], found: str
) -> None:
    acme.accounts = accounts
    status = await fireworks.ended(fireworks.order())
    assert isinstance(status.error, ProviderRejected)
    assert f"of exactly one (it is of: {found}); make a key there for a service account" in str(status.error)
    assert (acme.files, acme.jobs) == ({}, {})


# --- datasets --------------------------------------------------------------------------
async def test_a_job_is_created_once_the_rows_were_read(fireworks: Place, acme: MockFireworks) -> None:
    acme.unread = 3
    assert (await fireworks.ended(fireworks.order(validation=0))).state == "succeeded"
    assert (acme.calls.count("files"), acme.calls.count("upload")) == (4, 1)


async def test_rows_that_it_cannot_use_end_the_training_with_its_reason_and_without_the_key(
    fireworks: Place, acme: MockFireworks
) -> None:
    acme.fault_of_rows = f"line 2 has no messages, says {KEY}"
    status = await fireworks.ended(fireworks.order())
    assert isinstance(status.error, ProviderRejected)
    assert "'fireworks' cannot use the rows: line 2 has no messages" in str(status.error)
    assert KEY not in str(status.error)
    assert acme.jobs == {}


async def test_rows_that_never_become_ready_are_sent_again_for_so_long_and_then_told(
    fireworks: Place, acme: MockFireworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_fireworks, "LOOKS", 2)
    acme.unread = 10_000
    status = await fireworks.ended(fireworks.order())
    assert "failed for 30 minutes; it said last: 'fireworks' has the rows and does not make them ready" in str(
        status.error
    )
    assert len(acme.files) <= 1, "none stays beside the one that is being read"
    assert acme.jobs == {}


async def test_more_rows_than_it_takes_in_one_piece_are_not_sent(
    fireworks: Place, acme: MockFireworks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_fireworks, "MIB", 1)
    status = await fireworks.ended(fireworks.order())
    assert isinstance(status.error, ProviderRejected)
    assert "'fireworks' takes less than 150 MB in one piece; train on fewer rows" in str(status.error)
    assert acme.calls == []


@pytest.mark.fault("C4")
@pytest.mark.parametrize("kind", ["accounts", "announce", "files"])
@pytest.mark.parametrize("fault", ["500", "429", "garbage", "lost", "cut"])
async def test_rows_that_did_not_arrive_are_sent_again(
    fireworks: Place, acme: MockFireworks, kind: str, fault: str
) -> None:
    acme.fail(kind, fault)
    status = await fireworks.ended(fireworks.order())
    assert status.state == "succeeded", status.error
    assert len(acme.jobs) == 1


@pytest.mark.fault("B1")
@pytest.mark.parametrize("kind", ["accounts", "announce", "files"])
async def test_a_training_whose_process_died_within_an_upload_goes_on_with_one_job(
    fireworks: Place, acme: MockFireworks, kind: str
) -> None:
    await died(fireworks, kind)
    assert (await fireworks.ended(fireworks.order())).state == "succeeded"
    assert (len(acme.jobs), len(acme.sent())) == (1, 6)


@pytest.mark.fault("B6")
async def test_a_dataset_that_was_not_sent_to_its_end_is_removed_by_a_cancellation(
    fireworks: Place, acme: MockFireworks
) -> None:
    acme.always["upload"] = "hang"
    trainer, order = fireworks.trainer(), fireworks.order()
    handle = await trainer.start(order)
    await called(fireworks, "upload")
    assert len(acme.files) == 1
    await trainer.cancel(order, handle)
    assert (acme.files, acme.jobs) == ({}, {})


# --- jobs ------------------------------------------------------------------------------
@pytest.mark.fault("B1")
async def test_a_job_that_was_created_before_its_id_was_written_is_found_by_our_name(
    fireworks: Place, acme: MockFireworks
) -> None:
    await died(fireworks, "job")
    order = fireworks.order()
    journal = Journal.read(order.folder)
    assert journal.job_id == JOB
    journal.job_id, journal.is_creating = None, True
    journal.write(order.folder)
    assert (await fireworks.ended(order)).state == "succeeded"
    assert acme.calls.count("create") == 1


@pytest.mark.fault("B1")
async def test_a_second_job_of_the_same_name_is_the_first_one(fireworks: Place, acme: MockFireworks) -> None:
    """Where nothing was written down of the first."""
    await died(fireworks, "job")
    order = fireworks.order()
    journal = Journal.read(order.folder)
    journal.job_id = None
    journal.write(order.folder)
    assert (await fireworks.ended(order)).state == "succeeded"
    assert (acme.calls.count("create"), len(acme.jobs)) == (2, 1)


@pytest.mark.fault("B12")
@pytest.mark.parametrize("word", ["failed", "expired"])
async def test_the_reason_of_a_failure_is_told(fireworks: Place, acme: MockFireworks, word: str) -> None:
    acme.statuses, acme.failure = ("running", word), "The dataset has 2 examples."
    status = await fireworks.ended(fireworks.order())
    assert status.state == "failed"
    assert str(status.error) == (
        f"the training {JOB!r} failed at {fireworks.server.base_url}: The dataset has 2 examples"
    )


async def test_a_failure_without_a_reason_is_told_as_one(fireworks: Place, acme: MockFireworks) -> None:
    acme.statuses = ("failed",)
    assert "it gives no reason" in str((await fireworks.ended(fireworks.order())).error)


@pytest.mark.parametrize(
    ("told", "stage"),
    [
        ("creating_input_dataset", "validating"),
        ("validating", "validating"),
        ("creating", "queued"),
        ("pending", "queued"),
        ("idle", "queued"),
        ("re_queueing", "queued"),
        ("writing_results", "storing"),
        ("cancelling", "cancelling"),
    ],
)
async def test_each_state_of_a_job_has_words_of_its_own(
    fireworks: Place, acme: MockFireworks, told: str, stage: str
) -> None:
    acme.statuses = (told,)
    trainer, order = fireworks.trainer(), fireworks.order()
    handle = await trainer.start(order)
    await called(fireworks, "job", 2)
    assert (await trainer.status(order, handle)).stage == stage
    acme.statuses = ("early_stopped",)
    assert (await fireworks.ended(order, trainer)).state == "succeeded"


@pytest.mark.parametrize("told", ["cancelled", "deleting", "deleting_cleaning_up"])
async def test_a_job_that_is_ended_there_ends_as_cancelled(fireworks: Place, acme: MockFireworks, told: str) -> None:
    acme.statuses = ("running", told)
    assert isinstance((await fireworks.ended(fireworks.order())).error, JobCancelled)


@pytest.mark.fault("B6")
async def test_to_cancel_what_is_being_cancelled_there_is_no_failure(fireworks: Place, acme: MockFireworks) -> None:
    acme.statuses, acme.always["cancel"] = ("cancelling",), "400"
    trainer, order = fireworks.trainer(), fireworks.order()
    handle = await trainer.start(order)
    await called(fireworks, "job", 2)
    await trainer.cancel(order, handle)
    error = (await trainer.status(order, handle)).error
    assert isinstance(error, JobCancelled)
    assert not isinstance(error, GoesOnElsewhere)


# --- figures ---------------------------------------------------------------------------
async def test_the_figures_are_read_where_the_server_keeps_them_without_the_key(
    fireworks: Place, acme: MockFireworks, storage: TuningServer
) -> None:
    assert (await fireworks.ended(fireworks.order())).state == "succeeded"
    assert acme.asked
    for headers, query in acme.asked:
        assert (headers["host"], query) == (address(storage), SIGNATURE)
        assert "authorization" not in headers
        assert KEY not in str(headers)
    assert acme.told == {f"Bearer {KEY}"}


@pytest.mark.usefixtures("storage")
async def test_figures_at_a_host_that_the_administrator_did_not_list_are_no_failure_and_told(
    fireworks: Place, acme: MockFireworks
) -> None:
    fireworks.policy = OutboundPolicy("keys", frozenset({address(fireworks.server)}))
    status = await fireworks.ended(fireworks.order())
    assert status.result is not None, status.error
    said = "there are no curves: 'fireworks' keeps the figures of its steps elsewhere: the host '127.0.0.1' is not list"
    assert status.result.notes[1].startswith(said)
    assert "NEXUS_OUTBOUND_ALLOW" in status.result.notes[1]
    assert len(status.result.notes) == 3
    assert acme.asked == []


async def test_figures_that_cannot_be_read_now_are_read_later(fireworks: Place, acme: MockFireworks) -> None:
    acme.fail("events", "403", "404")
    order = fireworks.order()
    assert (await fireworks.ended(order)).state == "succeeded"
    assert len([p for p in PointLog(order.folder).read() if p.name == "train_loss"]) == 4


@pytest.mark.parametrize(("suffix", "ends"), [("-a_B-", "-1-a-b"), ("x" * 64, "x"), ("_", "-1")])
async def test_the_name_of_a_model_is_an_id_there(
    fireworks: Place, acme: MockFireworks, suffix: str, ends: str
) -> None:
    await fireworks.ended(fireworks.order(suffix=suffix))
    [job] = acme.jobs.values()
    model_id = job["outputModel"].removeprefix(f"{ACCOUNT}/models/")
    assert model_id.endswith(ends)
    assert len(model_id) <= 63
