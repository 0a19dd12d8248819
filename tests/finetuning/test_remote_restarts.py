"""A training at a provider whose process dies, at every moment, and one that is cancelled, in every state."""

import asyncio
import shutil

import pytest

from backend.errors import GoesOnElsewhere, JobCancelled, RemoteTrainingFailed
from backend.finetuning import remote_trainer
from backend.finetuning.remote_journal import Journal
from tests.finetuning.remote import Place, called


async def died(place: Place, kind: str, fault: str = "hang") -> None:
    """A process began the training and died while the server had such a call."""
    place.server.tuning.fail(kind, fault)
    trainer = place.trainer()
    await trainer.start(place.order())
    await called(place, kind)
    await trainer.aclose()


@pytest.mark.fault("B1")
@pytest.mark.parametrize("kind", ["upload", "create", "job", "events"])
async def test_a_training_whose_process_died_goes_on_with_one_job(place: Place, kind: str) -> None:
    await died(place, kind)
    order = place.order()
    assert (await place.trainer().status(order, order.folder.name)).state == "lost"
    assert (await place.ended(order)).state == "succeeded"
    assert len(place.server.tuning.jobs) == 1
    assert place.server.tuning.calls.count("upload") == 2 + (kind == "upload")


@pytest.mark.fault("B1")
async def test_a_job_that_was_created_before_its_id_was_written_is_found_by_its_file(listing: Place) -> None:
    """Among more jobs of others than a page holds, and without the metadata that not every server keeps."""
    await died(listing, "job")
    order, tuning = listing.order(), listing.server.tuning
    [job] = tuning.jobs.values()
    job.pop("metadata", None)
    tuning.jobs |= {f"other-{n}": {"id": f"other-{n}", "training_file": "file-99"} for n in range(5)}
    journal = Journal.read(order.folder)
    journal.job_id, journal.is_creating = None, True
    journal.write(order.folder)
    assert (await listing.ended(order)).state == "succeeded"
    assert tuning.calls.count("create") == 1
    assert tuning.calls.count("jobs") == -(-len(tuning.jobs) // tuning.page)


@pytest.mark.fault("B1")
async def test_a_crash_before_the_create_arrived_creates_the_job_once(place: Place) -> None:
    await died(place, "create")
    order = place.order()
    assert Journal.read(order.folder).is_creating
    assert place.server.tuning.jobs == {}
    assert (await place.ended(order)).state == "succeeded"
    assert len(place.server.tuning.jobs) == 1


@pytest.mark.fault("B1")
@pytest.mark.parametrize("end", ["succeeded", "failed"])
async def test_a_process_that_dies_when_the_job_has_ended_begins_no_other(
    place: Place, monkeypatch: pytest.MonkeyPatch, end: str
) -> None:
    def dies(*_: object) -> None:
        raise RuntimeError("killed")

    place.server.tuning.statuses = (end,)
    order = place.order()
    with monkeypatch.context() as patch:
        for name in ("write_result", "write_end"):
            patch.setattr(remote_trainer, name, dies)
        await place.ended(order)
    assert (await place.ended(order)).state == end
    assert len(place.server.tuning.jobs) == 1


async def test_a_server_that_lists_no_jobs_is_never_asked_for_a_second_one(listing: Place) -> None:
    await died(listing, "create")
    listing.server.tuning.always["jobs"] = "405"
    status = await listing.ended(listing.order())
    assert isinstance(status.error, RemoteTrainingFailed)
    assert "lists no jobs" in str(status.error)
    assert listing.server.tuning.jobs == {}


async def test_to_start_again_changes_nothing_while_it_runs_and_after_its_end(place: Place) -> None:
    trainer, order = place.trainer(), place.order()
    assert await trainer.start(order) == await trainer.start(order) == order.folder.name
    assert (await place.ended(order, trainer)).state == "succeeded"
    before = list(place.server.tuning.calls)
    assert (await place.ended(order)).state == "succeeded"
    place.server.tuning.statuses = ("failed",)
    assert place.server.tuning.calls == before


async def test_a_failure_is_remembered_and_no_other_job_is_begun_by_a_restart(place: Place) -> None:
    place.server.tuning.statuses = ("failed",)
    order = place.order()
    first = await place.ended(order)
    second = await place.ended(order)
    assert (second.state, str(second.error), type(second.error)) == ("failed", str(first.error), RemoteTrainingFailed)
    assert len(place.server.tuning.jobs) == 1


# --- cancelled ------------------------------------------------------------------------
async def cancelled(place: Place) -> JobCancelled:
    """By a process that began it or not, and what is said of it afterwards."""
    trainer, order = place.trainer(), place.order()
    await trainer.cancel(order, order.folder.name)
    status = await trainer.status(order, order.folder.name)
    assert status.state == "cancelled"
    assert isinstance(status.error, JobCancelled)
    return status.error


@pytest.mark.fault("B6")
@pytest.mark.parametrize(("kind", "fault"), [("upload", "hang"), ("create", "hang"), ("job", "hang"), ("job", "500")])
async def test_a_training_is_cancelled_at_the_server_in_every_state(place: Place, kind: str, fault: str) -> None:
    tuning = place.server.tuning
    tuning.statuses = ("queued",)
    trainer, order = place.trainer(), place.order()
    tuning.fail(kind, fault)
    handle = await trainer.start(order)
    await called(place, kind)
    await trainer.cancel(order, handle)
    assert (await trainer.status(order, handle)).state == "cancelled"
    assert tuning.cancelled == list(tuning.jobs)
    assert tuning.files == {}
    calls = list(tuning.calls)
    await trainer.cancel(order, handle)
    assert tuning.calls == calls
    assert await trainer.start(order) == handle
    assert (await trainer.status(order, handle)).state == "cancelled"


async def test_what_was_not_begun_is_cancelled_without_a_call(place: Place) -> None:
    assert type(await cancelled(place)) is JobCancelled
    assert place.server.tuning.calls == []


@pytest.mark.fault("B6")
@pytest.mark.parametrize("kind", ["upload", "create"])
async def test_what_arrived_though_its_process_died_is_cancelled_too(place: Place, kind: str) -> None:
    place.server.tuning.always[kind] = "lost"
    trainer = place.trainer()
    await trainer.start(place.order())
    await called(place, kind)
    await trainer.aclose()
    place.server.tuning.always.clear()
    assert type(await cancelled(place)) is JobCancelled
    assert place.server.tuning.cancelled == list(place.server.tuning.jobs)
    assert place.server.tuning.files == {}


async def test_to_cancel_what_has_ended_changes_nothing(place: Place) -> None:
    trainer, order = place.trainer(), place.order()
    await place.ended(order, trainer)
    await trainer.cancel(order, order.folder.name)
    assert (await trainer.status(order, order.folder.name)).state == "succeeded"
    assert "cancel" not in place.server.tuning.calls


@pytest.mark.fault("B6")
@pytest.mark.parametrize("fault", ["404", "405", "401", "500"])
async def test_a_server_that_does_not_cancel_is_said_to_go_on_and_a_retry_goes_on_with_its_job(
    place: Place, fault: str
) -> None:
    tuning = place.server.tuning
    tuning.statuses = ("running",)
    await died(place, "job")
    tuning.always["cancel"] = fault
    said = await cancelled(place)
    assert isinstance(said, GoesOnElsewhere)
    assert f"{place.server.base_url} may go on with {place.job!r}" in str(said)
    assert "end it there" in str(said)
    tuning.statuses = ("succeeded",)
    order = place.order()
    (order.folder / "ended.json").unlink()
    assert (await place.ended(order)).state == "succeeded"
    assert len(tuning.jobs) == 1


async def test_a_cancellation_waits_for_the_server_only_so_long(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backend.finetuning.remote_trainer.CANCEL_SECONDS", 0.2)
    await died(place, "job")
    place.server.tuning.always["cancel"] = "hang"
    async with asyncio.timeout(3):
        assert "did not answer for 0.2 s" in str(await cancelled(place))


async def test_files_that_cannot_be_deleted_in_time_keep_no_training_from_being_cancelled(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.finetuning.remote_trainer.CLEAN_SECONDS", 0.2)
    await died(place, "job")
    place.server.tuning.always["delete"] = "hang"
    assert type(await cancelled(place)) is JobCancelled
    assert len(place.server.tuning.cancelled) == 1
    assert Journal.read(place.order().folder).is_over


async def test_a_job_that_was_cancelled_at_the_server_ends_the_training_as_cancelled(place: Place) -> None:
    place.server.tuning.statuses = ("running", "cancelled")
    status = await place.ended(place.order())
    assert status.state == "cancelled"
    assert "was cancelled at" in str(status.error)


async def test_a_training_whose_folder_is_removed_ends_as_cancelled(place: Place) -> None:
    place.server.tuning.statuses = ("running",)
    trainer, order = place.trainer(), place.order()
    handle = await trainer.start(order)
    await called(place, "events", 2)
    shutil.rmtree(order.folder)
    await trainer.cancel(order, handle)
    assert (await trainer.status(order, handle)).state in ("cancelled", "lost")
