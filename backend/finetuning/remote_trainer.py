"""Training at a provider that has a fine-tuning API: the run's folder tells how far it is, whoever asks."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from uuid import UUID

from backend.agents.providers.vendors import PROVIDERS
from backend.errors import GoesOnElsewhere, InvalidRequest, JobCancelled, NexusError
from backend.finetuning import MAKES, Means, Method
from backend.finetuning.base import (
    WORKSPACE,
    TrainingOrder,
    TrainingStatus,
    read_result,
    write_result,
)
from backend.finetuning.remote_curves import Curves
from backend.finetuning.remote_journal import Journal, read_end, write_end
from backend.finetuning.remote_options import RemoteOptions
from backend.finetuning.remote_run import RemoteRun
from backend.finetuning.remote_server import Clock, Server, SystemClock
from backend.finetuning.remote_wire import FineTuningApi

if TYPE_CHECKING:
    from collections.abc import Callable

    from backend.agents.providers.config import HttpClientFactory, ProviderConfig

    Connected = Callable[[ProviderConfig, HttpClientFactory], AbstractAsyncContextManager[FineTuningApi]]

log = logging.getLogger("nexus.finetuning")

CANCEL_SECONDS: Final = 6.0
CLEAN_SECONDS: Final = 3.0
"""That a cancellation waits for the server to end its job, and then to delete the files."""


@dataclass(frozen=True, slots=True)
class _Running:
    task: asyncio.Task[None]
    run: RemoteRun


@dataclass
class RemoteTrainer:
    """Implements `Trainer`. The handle is the name of the run's folder.

    One that another process began is `lost`; to start it again goes on with the same job of the server. A training
    that ended is begun anew only once its end was removed from the folder, and then with what still goes on there.
    """

    means: Means
    clock: Clock = field(default_factory=SystemClock)
    _running: dict[str, _Running] = field(default_factory=dict)

    async def start(self, order: TrainingOrder) -> str:
        handle = order.folder.name
        known = self._running.get(handle)
        is_running = known is not None and not known.task.done()
        if not is_running and read_result(order.folder) is None and read_end(order.folder) is None:
            run = self._run_of(order)
            self._running[handle] = _Running(asyncio.create_task(_to_its_end(run)), run)
        return handle

    async def status(self, order: TrainingOrder, handle: str) -> TrainingStatus:
        running = self._running.get(handle)
        if running is not None and not running.task.done():
            run, curves = running.run, running.run.curves
            message = f"{_label(run.options.provider)} {run.server.silence}" if run.server.silence else ""
            if run.stage == "stepping" and curves.percent and not curves.total:
                return TrainingStatus("running", curves.percent, 100, "advancing", message)
            return TrainingStatus("running", curves.done, curves.total, run.stage, message)
        if (result := read_result(order.folder)) is not None:
            return TrainingStatus("succeeded", result=result)
        if (end := read_end(order.folder)) is not None:
            return TrainingStatus("cancelled" if isinstance(end, JobCancelled) else "failed", error=end)
        if running is None or running.task.cancelled():
            return TrainingStatus("lost")
        error = running.task.exception()
        if isinstance(error, JobCancelled):
            return TrainingStatus("cancelled", error=error)
        return TrainingStatus("failed", error=NexusError(f"the training ended without a result: {error!r}"))

    async def cancel(self, order: TrainingOrder, handle: str) -> None:
        """At the server, too. Where that fails, the training ends here as `GoesOnElsewhere`."""
        running = self._running.get(handle)
        if running is not None:
            running.task.cancel()
            await asyncio.wait([running.task])
        if read_result(order.folder) is not None or read_end(order.folder) is not None:
            return
        run = self._run_of(order)
        end: JobCancelled = JobCancelled("the training was cancelled")
        try:
            async with asyncio.timeout(CANCEL_SECONDS):
                if not await run.cancel():
                    end = _goes_on(run.server.journal, "it does not let trainings be cancelled")
        except TimeoutError:
            end = _goes_on(run.server.journal, f"it did not answer for {CANCEL_SECONDS:g} s")
        except NexusError as exc:
            end = _goes_on(run.server.journal, str(exc))
        with suppress(JobCancelled):  # the folder is gone
            write_end(order.folder, end)
            if not isinstance(end, GoesOnElsewhere):
                run.close()
                await _cleaned(run)

    async def aclose(self) -> None:
        """The servers go on."""
        for running in self._running.values():
            running.task.cancel()
        await asyncio.gather(*(running.task for running in self._running.values()), return_exceptions=True)

    def _run_of(self, order: TrainingOrder) -> RemoteRun:
        options = RemoteOptions.model_validate(
            {key: value for key, value in order.parameters.items() if key in RemoteOptions.model_fields}
        )
        journal = Journal.read(order.folder)
        if journal.is_over:
            journal = Journal(attempt=journal.attempt + 1)
        server = Server(lambda: self._connected(order, options.provider), self.clock, journal, order.folder)
        return RemoteRun(order, options, server, Curves(order.folder, options.n_epochs))

    @asynccontextmanager
    async def _connected(self, order: TrainingOrder, provider: str) -> AsyncIterator[FineTuningApi]:
        try:
            config = await self.means.provider(UUID(str(order.parameters[WORKSPACE])), provider)
        except InvalidRequest as exc:
            raise InvalidRequest(f"{exc}; then retry, which goes on with what was begun there") from exc
        # The SDK takes a second to import; the loop has other people to serve meanwhile.
        connected = await asyncio.to_thread(_load)
        async with connected(config, self.means.http) as api:
            yield api


def _label(provider: str) -> str:
    vendor = PROVIDERS.vendors.get(provider)
    return vendor.label.partition(" (")[0] if vendor is not None else provider


def _load() -> "Connected":
    from backend.finetuning.remote_api import connected

    return connected


async def _to_its_end(run: RemoteRun) -> None:
    folder = run.order.folder
    try:
        write_result(folder, await run.result())
    except NexusError as exc:
        write_end(folder, exc)
        if run.is_over:
            run.close()


async def _cleaned(run: RemoteRun) -> None:
    try:
        async with asyncio.timeout(CLEAN_SECONDS):
            await run.clean()
    except TimeoutError:
        log.warning("files of a training stay at %s: it did not answer", run.server.journal.base_url)


def _goes_on(journal: Journal, why: str) -> GoesOnElsewhere:
    what = repr(journal.job_id) if journal.job_id else "what was begun"
    where = journal.base_url or "the provider"
    return GoesOnElsewhere(f"{where} may go on with {what}: {why.rstrip('.')}; end it there, or it costs tokens")


METHOD: Final = Method(MAKES["remote"], RemoteOptions, RemoteTrainer, needs_base_model=True, queue="remote_trainings")
