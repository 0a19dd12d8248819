"""Measures any workflow."""

import time
from collections.abc import Mapping

from pydantic import JsonValue

from backend.errors import JobCancelled
from backend.jobs.base import JobContext, JsonObject, Workflow
from backend.tracing.metrics import Metrics
from backend.tracing.track import track
from contracts.jobs import JobKind


class MeteredWorkflow:
    """`kind` labels the metrics. A workflow that goes on after a restart is counted once for each part."""

    def __init__(self, kind: JobKind, inner: Workflow, metrics: Metrics) -> None:
        self._kind = kind
        self._inner = inner
        self._metrics = metrics

    @track("job.run")
    async def __call__(self, context: JobContext, payload: Mapping[str, JsonValue]) -> JsonObject:
        start, status = time.perf_counter(), "failed"
        with self._metrics.jobs_running.labels(self._kind).track_inprogress():
            try:
                result = await self._inner(context, payload)
            except JobCancelled:
                status = "cancelled"
                raise
            else:
                status = "succeeded"
                return result
            finally:
                self._metrics.job_seconds.labels(self._kind, status).observe(time.perf_counter() - start)
