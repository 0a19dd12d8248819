"""Training at a provider: what is sent, what comes out, what happens when the server does not do as it should."""

import asyncio
import re

import pytest
from pydantic import ValidationError

from backend.agents.providers.config import Timeouts
from backend.errors import InvalidRequest, ProviderAuthFailed, ProviderRejected, RemoteTrainingFailed
from backend.finetuning import remote_run
from backend.finetuning.remote_options import RemoteOptions
from tests.finetuning.remote import KEY, NAME, Place, SwiftClock, called, check_curves
from tests.support import eventually


async def test_a_training_sends_its_rows_and_ends_with_a_model_its_curves_and_what_was_sent(openai: Place) -> None:
    place = openai
    order = place.order(n_epochs=2, suffix="faq")
    status = await place.ended(order)
    tuning = place.server.tuning
    assert status.state == "succeeded"
    assert status.result is not None
    assert (status.result.remote_id, status.result.files) == ("ft:ok", [])
    assert status.result.notes == [
        f"6 rows went to {place.server.base_url}: 4 to learn from and 2 to validate with; the held-out ones stayed "
        "here",
        "it was trained on 12,345 tokens; what they cost, the provider tells",
    ]
    [job] = tuning.jobs.values()
    assert (job["model"], job["suffix"], job["hyperparameters"]) == ("small-1", "faq", {"n_epochs": 2})
    assert "seed" not in job
    assert job["metadata"] == {"nexus_training": f"nexus-{NAME}-1"}
    assert len(tuning.sent()) == 6
    assert "never sent" not in str(tuning.sent())
    assert tuning.files == {}, "its copies are deleted"
    assert tuning.told == {f"Bearer {KEY}"}
    check_curves(order.folder)


async def test_without_rows_to_validate_with_one_file_is_sent_and_without_any_nothing(place: Place) -> None:
    assert (await place.ended(place.order(validation=0))).state == "succeeded"
    assert place.server.tuning.calls.count("upload") == 1
    assert not {"validation_file", "evaluationDataset"} & set(next(iter(place.server.tuning.jobs.values())))


async def test_a_training_without_rows_ends_before_anything_is_sent(place: Place) -> None:
    status = await place.ended(place.order(rows=0))
    assert isinstance(status.error, InvalidRequest)
    assert place.server.tuning.calls == []


async def test_the_key_is_written_nowhere(place: Place) -> None:
    place.server.tuning.statuses = ("running", "failed")
    place.server.tuning.failure = f"the key {KEY} may not do this"
    order = place.order()
    status = await place.ended(order)
    written = "".join(path.read_text() for path in order.folder.rglob("*") if path.is_file())
    assert KEY not in written + str(status.error)
    assert "may not do this" in str(status.error)


async def test_status_answers_at_once_from_what_the_last_look_said(place: Place) -> None:
    tuning = place.server.tuning
    tuning.statuses, tuning.always = ("running",), {}
    trainer, order = place.trainer(), place.order()
    handle = await trainer.start(order)
    await called(place, "events", 3)
    tuning.always["job"] = "hang"
    await called(place, "job", tuning.calls.count("job") + 1)
    async with asyncio.timeout(1):
        status = await trainer.status(order, handle)
    assert (status.state, status.stage, status.total) == ("running", *place.advance)
    assert status.done >= 1


async def test_looks_come_seldom_while_nothing_changes_and_soon_again_after_a_change(place: Place) -> None:
    place.server.tuning.statuses = (*["queued"] * 12, "running", "succeeded")
    await place.ended(place.order())
    waits = place.clock.asked
    assert waits[:3] == [2.0, 3.0, 4.5]
    assert max(waits) == 60.0
    assert waits[-1] == 2.0


# --- failures that pass -----------------------------------------------------------------
@pytest.mark.fault("C3")
async def test_a_server_that_asks_for_patience_is_left_alone_for_as_long(place: Place) -> None:
    tuning = place.server.tuning
    tuning.retry_after = "90"
    for kind in ("upload", "create", "job"):
        tuning.fail(kind, "429")
    assert (await place.ended(place.order())).state == "succeeded"
    assert place.clock.asked.count(90.0) == 3
    assert len(tuning.jobs) == 1


@pytest.mark.fault("C4")
@pytest.mark.parametrize("fault", ["500", "503", "garbage"])
async def test_failures_that_pass_are_waited_for_at_every_step(place: Place, fault: str) -> None:
    tuning = place.server.tuning
    for kind in ("upload", "create", "job", "events"):
        tuning.fail(kind, fault)
    status = await place.ended(place.order())
    assert status.state == "succeeded", status.error
    assert len(tuning.jobs) == 1
    assert tuning.calls.count("upload") == 3
    assert tuning.calls.count("create") == 2


class HeldClock(SwiftClock):
    """Sleeps until it is let go on."""

    def __init__(self) -> None:
        super().__init__()
        self.go = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        await super().sleep(seconds)
        await self.go.wait()


@pytest.mark.fault("C4")
@pytest.mark.parametrize(
    ("fault", "headers", "said"),
    [
        (
            "hang",
            "7",
            r"has not answered since \d\d:\d\d UTC; asked again at least every minute\. The last time: .*too long",
        ),
        ("503", "7", r"has only failed since \d\d:\d\d UTC; asked again at least every minute\. The last time: .* 503"),
        ("429", "600", r"has only failed since \d\d:\d\d UTC; asked again in 10 minutes\. The last time: .*slow down"),
    ],
)
async def test_a_server_that_does_not_answer_is_told_with_since_when_until_it_does(
    place: Place, fault: str, headers: str, said: str
) -> None:
    clock = place.clock = HeldClock()
    place.timeouts = Timeouts(connect=2.0, total=0.3)
    tuning = place.server.tuning
    tuning.statuses, tuning.retry_after = ("running",), headers
    tuning.fail("job", fault)
    trainer, order = place.trainer(), place.order()
    handle = await trainer.start(order)

    async def is_told() -> bool:
        return (await trainer.status(order, handle)).message != ""

    await eventually(is_told)
    label = "OpenAI-compatible server" if place.provider == "openai-compatible" else place.provider.capitalize()
    assert re.match(f"{label} {said}", (await trainer.status(order, handle)).message)
    clock.go.set()

    async def answers_again() -> bool:
        return not await is_told()

    await eventually(answers_again)


@pytest.mark.fault("B12")
@pytest.mark.parametrize("fault", ["lost", "cut"])
@pytest.mark.parametrize("kind", ["upload", "create"])
async def test_what_was_done_though_the_answer_was_lost_is_not_done_twice(place: Place, kind: str, fault: str) -> None:
    tuning = place.server.tuning
    tuning.fail(kind, fault)
    assert (await place.ended(place.order())).state == "succeeded"
    assert tuning.calls.count("upload") == 2
    assert tuning.calls.count("create") == 1
    assert len(tuning.sent()) == 6


@pytest.mark.fault("C2")
async def test_an_upload_that_hangs_is_given_up_and_begun_again(place: Place) -> None:
    place.timeouts = type(place.timeouts)(connect=2.0, total=0.3)
    place.server.tuning.fail("upload", "hang")
    assert (await place.ended(place.order())).state == "succeeded"


@pytest.mark.fault("B12")
async def test_a_server_that_fails_for_very_long_is_given_up_and_found_again_by_a_retry(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_run, "PATIENCE", 1800.0)
    tuning = place.server.tuning
    tuning.statuses, tuning.always = ("running", "succeeded"), {"job": "500"}
    order = place.order()
    status = await place.ended(order)
    assert isinstance(status.error, RemoteTrainingFailed)
    assert not status.error.retryable
    assert "failed for 30 minutes" in str(status.error)
    assert "retry looks for it" in str(status.error)
    assert place.clock.time >= 1800
    del tuning.always["job"]
    (order.folder / "ended.json").unlink()
    assert (await place.ended(order)).state == "succeeded"
    assert len(tuning.jobs) == 1


# --- failures that do not pass ------------------------------------------------------------
@pytest.mark.fault("B12")
async def test_a_job_that_failed_ends_the_training_with_what_the_server_says(place: Place) -> None:
    place.server.tuning.statuses = ("running", "failed")
    place.server.tuning.failure = "The dataset has 4 examples, at least 10 are needed."
    status = await place.ended(place.order())
    assert status.state == "failed"
    assert "The dataset has 4 examples, at least 10 are needed" in str(status.error)
    assert place.server.tuning.files == {}


@pytest.mark.fault("B12")
async def test_a_job_that_vanishes_ends_the_training_and_a_retry_begins_another(place: Place) -> None:
    tuning = place.server.tuning
    tuning.always["job"] = "404"
    order = place.order()
    status = await place.ended(order)
    assert f"does not know the training {place.job!r} any more" in str(status.error)
    assert tuning.calls.count("job") == 3, "a new job may not be known everywhere at once"
    tuning.always.clear()
    (order.folder / "ended.json").unlink()
    assert (await place.ended(order)).state == "succeeded"
    assert len(tuning.jobs) == 2
    assert [file.name.removeprefix(f"nexus-{NAME}-") for file in tuning.ever] == [
        f"{attempt}-{split}.jsonl" for attempt in (1, 2) for split in ("train", "validation")
    ]


@pytest.mark.fault("C5")
@pytest.mark.parametrize("kind", ["upload", "create", "job"])
async def test_a_key_that_is_refused_ends_the_training_at_once(place: Place, kind: str) -> None:
    place.server.tuning.always[kind] = "401"
    status = await place.ended(place.order())
    assert isinstance(status.error, ProviderAuthFailed)
    assert "correct it in Settings" in str(status.error)
    assert place.server.tuning.calls.count(kind) == 1


@pytest.mark.fault("C5")
async def test_what_the_server_says_of_a_request_that_it_refuses_is_told_and_its_files_are_removed(
    place: Place,
) -> None:
    place.server.tuning.always["create"] = "400"
    status = await place.ended(place.order())
    assert isinstance(status.error, ProviderRejected)
    assert "the mock answers 400" in str(status.error)
    assert place.server.tuning.files == {}


@pytest.mark.parametrize("kind", ["upload", "create"])
async def test_a_server_without_fine_tuning_is_told_as_one(place: Place, kind: str) -> None:
    place.server.tuning.always[kind] = "404"
    status = await place.ended(place.order())
    assert f"has no fine-tuning like {place.owner}" in str(status.error)


async def test_a_model_without_a_name_is_waited_for_and_then_told(place: Place) -> None:
    place.server.tuning.model = None
    status = await place.ended(place.order())
    assert "names no model, for 1" in str(status.error)
    assert "Retry asks for its name again and trains nothing" in str(status.error)
    assert 600 <= place.clock.time < 1200


async def test_while_a_model_has_no_name_that_is_what_is_waited_for(place: Place) -> None:
    place.clock = HeldClock()
    place.server.tuning.model, place.server.tuning.statuses = None, ("succeeded",)
    trainer, order = place.trainer(), place.order()
    handle = await trainer.start(order)

    async def is_waiting() -> bool:
        return (await trainer.status(order, handle)).stage == "naming"

    await eventually(is_waiting)


async def test_a_status_that_nobody_knows_is_waited_on_and_then_told(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(remote_run, "PATIENCE", 1800.0)
    place.server.tuning.statuses = ("dreaming",)
    status = await place.ended(place.order())
    assert f"has said for 30 minutes that the training {place.job!r} is 'dreaming'" in str(status.error)
    assert 1800 <= place.clock.time < 1900


async def test_other_words_for_the_same_states_are_understood(place: Place) -> None:
    place.server.tuning.statuses = ("pending", "Compressing", "RUNNING", "completed")
    assert (await place.ended(place.order())).state == "succeeded"


async def test_a_server_that_tells_no_events_trains_without_curves(place: Place) -> None:
    place.server.tuning.always["events"] = "404"
    status = await place.ended(place.order())
    assert status.result is not None
    assert "there are no curves" in status.result.notes[1]


async def test_a_server_that_has_no_events_is_asked_for_them_once(listing: Place) -> None:
    listing.server.tuning.always["events"] = "404"
    await listing.ended(listing.order())
    assert listing.server.tuning.calls.count("events") == 1


async def test_files_that_cannot_be_deleted_are_named(place: Place) -> None:
    place.server.tuning.always["delete"] = "500"
    status = await place.ended(place.order())
    assert status.result is not None
    assert [note for note in status.result.notes if "could not be deleted" in note] == [
        f"the file {file!r} could not be deleted at {place.server.base_url}; delete it there" for file in place.files
    ]


@pytest.mark.fault("B12")
async def test_a_provider_that_was_removed_or_moved_ends_the_training_and_says_what_to_do(place: Place) -> None:
    place.server.tuning.statuses = ("running",)
    trainer, order = place.trainer(), place.order()
    await trainer.start(order)
    await called(place, "job", 2)
    place.is_set_up = False
    status = await place.ended(order, trainer)
    assert isinstance(status.error, InvalidRequest)
    assert "enter it under Settings" in str(status.error)
    place.is_set_up, place.url = True, f"{place.server.base_url}/"
    (order.folder / "ended.json").unlink()
    place.server.tuning.statuses = ("succeeded",)
    assert (await place.ended(order)).state == "succeeded", "the same address, written otherwise"


async def test_a_training_is_not_looked_for_at_another_address(place: Place) -> None:
    place.server.tuning.statuses = ("running",)
    trainer, order = place.trainer(), place.order()
    await trainer.start(order)
    await called(place, "job", 2)
    place.url = place.server.base_url.replace("127.0.0.1", "localhost")
    status = await place.ended(order, trainer)
    assert "is set up for" in str(status.error)
    assert len(place.server.tuning.jobs) == 1


def test_options_out_of_bounds_or_unknown_are_refused() -> None:
    for wrong in ({"provider": ""}, {"n_epochs": 0}, {"suffix": "a b"}, {"batch_size": 0}, {"api_key": "x"}):
        with pytest.raises(ValidationError):
            RemoteOptions.model_validate({"provider": "openai", **wrong})
    with pytest.raises(ValidationError):
        RemoteOptions.model_validate({})
