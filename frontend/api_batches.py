"""The part of the typed client about batch comparisons."""

from uuid import UUID

from contracts.batches import Batch, BatchDetail, BatchForm, MetricWords, NewBatch
from contracts.page import Page
from frontend.api_calls import Calls


class BatchApi(Calls):
    """Lists are newest first."""

    def start_batch(self, new: NewBatch) -> Batch:
        """Its job's id is the batch's."""
        return self._start(Batch, "/comparisons/batch", new)

    def batches(self, *, limit: int = 50, cursor: str | None = None) -> Page[Batch]:
        return self._get(Page[Batch], "/comparisons/batch", {"limit": limit, "cursor": cursor})

    def batch(self, batch_id: UUID) -> BatchDetail:
        return self._get(BatchDetail, f"/comparisons/batch/{batch_id}")

    def export_batch(self, batch_id: UUID, form: BatchForm) -> bytes:
        """A line for each question and lane."""
        return self._send("GET", f"/comparisons/batch/{batch_id}/export", params={"format": form}).content

    def metric_words(self) -> list[MetricWords]:
        return self._get(list[MetricWords], "/comparisons/metrics")
