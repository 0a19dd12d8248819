"""One training at a server that has a fine-tuning API, from its files to its model."""

import logging
from dataclasses import dataclass, field
from typing import Final

from backend.agents.providers.vendors import PROVIDERS
from backend.errors import JobCancelled, NexusError, OutboundRefused, ProviderRejected, RemoteTrainingFailed
from backend.finetuning.base import PointLog, TrainingOrder, TrainingResult
from backend.finetuning.remote_curves import Curves
from backend.finetuning.remote_options import RemoteOptions
from backend.finetuning.remote_server import FIRST, GROWTH, LONGEST, Server, if_there, span
from backend.finetuning.remote_start import Start
from backend.finetuning.remote_wire import FineTuningApi, NotThere, RemoteJob

log = logging.getLogger("nexus.finetuning")

PATIENCE: Final = 24 * 3600.0
"""Seconds that a server may fail, or say what we do not know, while its job runs: a job costs money."""
CANCEL_PATIENCE: Final = 4.0
NAMELESS: Final = 600.0
"""Seconds that a job that succeeded may be without the name of its model."""
MISSES: Final = 3
"""Looks in a row that do not find the job, before it counts as gone: a new one may not be known everywhere at once."""
STATES: Final = {
    "validating_files": "validating",
    "validating": "validating",
    "creating_input_dataset": "validating",
    "queued": "queued",
    "pending": "queued",
    "creating": "queued",
    "idle": "queued",
    "re_queueing": "queued",
    "running": "stepping",
    "compressing": "storing",
    "uploading": "storing",
    "writing_results": "storing",
    "cancel_requested": "cancelling",
    "cancelling": "cancelling",
    "succeeded": "succeeded",
    "completed": "succeeded",
    "early_stopped": "succeeded",
    "failed": "failed",
    "error": "failed",
    "user_error": "failed",
    "expired": "failed",
    "deleting": "cancelled",
    "deleting_cleaning_up": "cancelled",
    "cancelled": "cancelled",
    "canceled": "cancelled",
}
"""What servers say of a job: our stage, or how it ended."""
OVER: Final = ("succeeded", "failed", "cancelled", "cancelling")
"""What has ended, or is about to."""
WAITS: Final = ("validating", "queued")
"""There are no figures of steps yet."""
NO_FIGURES: Final = "the provider tells no figures of its steps, so there are no curves"


@dataclass
class RemoteRun:
    """`stage` tells how far it is, `curves` at which step. With an end that `is_over` there is nothing to go on with:
    whoever has written that end down calls `close`, so that a retry begins another job, and a restart none."""

    order: TrainingOrder
    options: RemoteOptions
    server: Server
    curves: Curves
    stage: str = "uploading"
    notes: list[str] = field(default_factory=list)
    is_over: bool = False
    _has_events: bool = True

    async def result(self) -> TrainingResult:
        """Goes on from what the journal says. Raises what ended the training; `JobCancelled` for one that was
        cancelled at the server."""
        journal = self.server.journal
        if journal.job_id is None:
            await self._begin()
        model = await self._follow()
        await self.clean()
        rows = {split: f"{count:,}" for split, count in journal.rows.items()}
        sent = (
            f"{sum(journal.rows.values()):,} rows went to {journal.base_url}: {rows['train']} to learn from and "
            f"{rows['validation']} to validate with; the held-out ones stayed here"
        )
        return TrainingResult(remote_id=model, notes=[sent, *self.notes, *_then(self.options.provider)])

    async def _begin(self) -> None:
        start = Start(self.order, self.options, self.server)
        try:
            await start.upload()
            self.stage = "queued"
            await start.create()
        except NexusError:
            if not self.server.journal.is_creating:
                self.is_over = True
                await self.clean()
            raise

    # --- while the job runs -------------------------------------------------------
    async def _follow(self) -> str:
        """The name of the model that came out."""
        clock, delay, before = self.server.clock, FIRST, ("", 0)
        known_at = clock.now()
        while True:
            job = await self.server.ask(self._look, patience=PATIENCE)
            state = STATES.get(job.status.lower(), "")
            if state == "succeeded" and job.fine_tuned_model:
                self._note_what_is_known(job)
                return job.fine_tuned_model
            if state in ("failed", "cancelled"):
                await self._raise_end(job, state)
            if state == "succeeded":
                self.stage = "naming"
            elif state:
                self.stage, known_at = state, clock.now()
            self._check_sense(job, state, clock.now() - known_at)
            now = (job.status, self.curves.done)
            delay = FIRST if now != before else min(delay * GROWTH, LONGEST)
            before = now
            await clock.sleep(delay)

    async def _look(self, api: FineTuningApi) -> RemoteJob:
        """At the job and the figures of its steps."""
        job_id = self._job_id
        for _ in range(MISSES):
            job = await if_there(api.job(job_id))
            if job is not None:
                self.curves.hear(job)
                if STATES.get(job.status.lower()) not in WAITS:
                    await self._read_curves(api)
                return job
            await self.server.clock.sleep(FIRST)
        self.is_over = True
        await self.clean()
        raise RemoteTrainingFailed(
            f"{api.base_url} does not know the training {job_id!r} any more; look there what became of it, or retry, "
            "which begins another one"
        )

    async def _raise_end(self, job: RemoteJob, state: str) -> None:
        self.is_over = True
        await self.clean()
        where, stays = self.server.journal.base_url, "".join(f"; {note}" for note in self.notes)
        if state == "cancelled":
            raise JobCancelled(f"the training {job.id!r} was cancelled at {where}{stays}")
        why = (job.error and job.error.message) or "it gives no reason"
        raise RemoteTrainingFailed(f"the training {job.id!r} failed at {where}: {why.strip().rstrip('.')}{stays}")

    def _check_sense(self, job: RemoteJob, state: str, seconds: float) -> None:
        """`seconds` since it last said something that can be waited for."""
        where = self.server.journal.base_url
        if state == "succeeded" and seconds >= NAMELESS:
            raise RemoteTrainingFailed(
                f"{where} says that the training {job.id!r} succeeded and names no model, for {span(seconds)} now; "
                "look for the model there. Retry asks for its name again and trains nothing; if there is no model, ask "
                "the provider's support"
            )
        if seconds >= PATIENCE:
            raise RemoteTrainingFailed(
                f"{where} has said for {span(seconds)} that the training {job.id!r} is {job.status!r}, which is not "
                "known here; look there what that means, and retry, which looks again"
            )

    async def _read_curves(self, api: FineTuningApi) -> None:
        """What cannot be read now may be read next time, and is no failure of the training."""
        if not self._has_events:
            return
        try:
            await self.curves.read(api, self._job_id)
        except NotThere:
            self._has_events = False
            self.notes.append(NO_FIGURES)
        except OutboundRefused as exc:
            self._has_events = False
            self.notes.append(f"there are no curves: {exc}")
        except JobCancelled:
            raise
        except NexusError as exc:
            log.warning("no curves of a training for now: %s", exc, extra={"code": exc.code})

    def _note_what_is_known(self, job: RemoteJob) -> None:
        if self._has_events and not any(PointLog(self.order.folder).read()):
            self.notes.append(NO_FIGURES)
        if job.trained_tokens is not None:
            self.notes.append(f"it was trained on {job.trained_tokens:,} tokens; what they cost, the provider tells")

    # --- at the end -----------------------------------------------------------------
    async def cancel(self) -> bool:
        """Whether nothing goes on at the server; `close` and `clean` then. Raises what it raised, once asking again
        did not help."""
        journal = self.server.journal
        if journal.job_id is None and not (journal.files or journal.sending):
            return True
        return await self.server.ask(self._cancelled, patience=CANCEL_PATIENCE)

    async def _cancelled(self, api: FineTuningApi) -> bool:
        journal, start = self.server.journal, Start(self.order, self.options, self.server)
        if (file := await start.sent_before(api)) is not None and journal.sending:
            journal.files[journal.sending] = file
        job = await start.created_before(api)
        journal.job_id = job.id if job is not None else journal.job_id
        self.server.save()
        if journal.job_id is None:
            return True
        try:
            await api.cancel(journal.job_id)
        except ProviderRejected:  # it cannot, or there is nothing to cancel
            now = await if_there(api.job(journal.job_id))
            return now is None or STATES.get(now.status.lower()) in OVER
        return True

    def close(self) -> None:
        self.server.journal.is_over = True
        self.server.save()

    async def clean(self) -> None:
        """The server's copies of the files are deleted, or a note says that they could not be."""
        journal = self.server.journal
        for split, file_id in list(journal.files.items()):
            try:
                async with self.server.api() as api:
                    await if_there(api.delete_file(file_id))
            except NexusError as exc:
                log.warning("a file of a training stays at its server: %s", exc, extra={"code": exc.code})
                self.notes.append(f"the file {file_id!r} could not be deleted at {journal.base_url}; delete it there")
                continue
            del journal.files[split]
            self.server.save()

    @property
    def _job_id(self) -> str:
        return self.server.journal.job_id or ""


def _then(provider: str) -> list[str]:
    """What is left to do before the model is asked."""
    vendor = PROVIDERS.vendors.get(provider)
    return [vendor.fine_tunes.then] if vendor is not None and vendor.fine_tunes and vendor.fine_tunes.then else []
