"""A batch as a file: a line for each question and lane, enough to compute every figure of its results again."""

import csv
import io
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from backend.comparison.metrics import METRICS
from backend.datasets.formats import inert
from backend.db.comparing import Comparison, ComparisonLane
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from backend.services.contestants import contestants_of, names_of
from contracts import batches as wire
from contracts.chat import Answered

READ: Final = 100
COLUMNS: Final = (
    "ordinal",
    "comparison_id",
    "question",
    "expected",
    "is_answerable",
    "row_id",
    "faq_id",
    "contestant",
    "name",
    "answer",
    "answered",
    "cited_faq_ids",
    "retrieved_ids",
    *(f"{name}_usd" if name == "cost" else f"{name}_ms" if name == "latency" else name for name in METRICS),
    "input_tokens",
    "output_tokens",
    "error",
    "judge",
)
"""`latency_ms` and `cost_usd` are empty where there is no answer. `judge` is what it said against each rival: {key:
better, worse, tie or failed}."""
_SAID: Final = {
    True: {"first": "better", "second": "worse"},
    False: {"first": "worse", "second": "better"},
}


class BatchExport:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def lines(self, principal: Principal, batch_id: UUID, form: wire.BatchForm) -> AsyncIterator[str]:
        """In the order of the batch, what was compared until now. Raises `NotFound` before the first."""
        async with self._uow.read(principal.workspace_id) as tx:
            batch = await tx.comparisons.batch(batch_id)
            contest = await tx.comparisons.contest(batch.contest_id)
        names = names_of(contestants_of(contest.contestants))
        return self._written(principal.workspace_id, batch_id, form, names)

    async def _written(
        self, workspace_id: UUID, batch_id: UUID, form: wire.BatchForm, names: Mapping[str, str]
    ) -> AsyncIterator[str]:
        if form == "csv":
            yield _record(COLUMNS)
        last = -1
        while True:
            async with self._uow.read(workspace_id) as tx:
                comparisons = await tx.batches.after(batch_id, last, limit=READ)
                lanes = await tx.comparisons.lanes([one.id for one in comparisons])
            if not comparisons:
                return
            rows = [
                _row(one, lane, names)
                for one in comparisons
                for lane in sorted(lanes.get(one.id, []), key=lambda lane: lane.contestant)
            ]
            yield "".join(_csv(row) if form == "csv" else f"{json.dumps(row, ensure_ascii=False)}\n" for row in rows)
            last = comparisons[-1].ordinal


def _row(comparison: Comparison, lane: ComparisonLane, names: Mapping[str, str]) -> dict[str, Any]:
    answer = Answered.model_validate(lane.answer) if lane.answer is not None else None
    values = [lane.metrics.get(name) for name in METRICS]
    told = (
        comparison.ordinal,
        str(comparison.id),
        comparison.question,
        comparison.expected,
        comparison.is_answerable,
        str(comparison.row_id) if comparison.row_id is not None else None,
        str(comparison.faq_id) if comparison.faq_id is not None else None,
        lane.contestant,
        names[lane.contestant],
        lane.text,
        answer.answered if answer is not None else None,
        [str(one.faq_id) for one in answer.citations if one.faq_id is not None] if answer is not None else [],
        [str(one.faq_id or one.passage_id) for one in answer.retrieved] if answer is not None else [],
        *values,
        answer.usage.input_tokens if answer is not None else None,
        answer.usage.output_tokens if answer is not None else None,
        lane.error["detail"] if lane.error is not None else None,
        _judged(comparison, lane.contestant),
    )
    return dict(zip(COLUMNS, told, strict=True))


def _judged(comparison: Comparison, key: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for pair, saying in comparison.judged.get("pairs", {}).items():
        first, _, second = pair.partition("|")
        if key in (first, second):
            found[second if key == first else first] = _SAID[key == first].get(saying["said"], saying["said"])
    return found


def _csv(row: Mapping[str, Any]) -> str:
    return _record([_cell(value) for value in row.values()])


def _cell(value: object) -> str:
    """Numbers are written so that reading gives the same; texts so that no spreadsheet runs them."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, list):
        return " ".join(value)
    return inert(json.dumps(value) if isinstance(value, dict) else str(value))


def _record(cells: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
