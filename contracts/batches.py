"""Batch comparisons: the questions of a dataset to two to four targets, and what is measured of the answers."""

from decimal import Decimal
from typing import Final, Literal
from uuid import UUID

from pydantic import Field, model_validator

from contracts.base import Answer, Message, Request, UtcTime, WholeNumber
from contracts.chat import TokenUsage
from contracts.comparisons import MOST_LANES, Contestant, ModelName, Target, Verdict
from contracts.datasets import SplitName
from contracts.jobs import Job
from contracts.providers import ProviderName

MOST_OFF_TOPIC: Final = 200
BatchForm = Literal["csv", "jsonl"]


class Judge(Request):
    """A model that says which of two answers is better. Each pair is shown in both orders; when the two sayings differ,
    it is a tie."""

    provider: ProviderName
    model: ModelName | None = None


class NewBatch(Request):
    """All questions of a split through all targets. `off_topic` are questions that the documents do not answer, by
    which it is measured whether a target says so. `limit` takes the first questions only."""

    dataset_id: UUID
    split: SplitName = "held_out"
    lanes: list[Target] = Field(min_length=2, max_length=MOST_LANES)
    off_topic: list[Message] = Field(default=[], max_length=MOST_OFF_TOPIC)
    judge: Judge | None = None
    limit: WholeNumber | None = Field(None, ge=1, le=10_000)

    @model_validator(mode="after")
    def _different(self) -> "NewBatch":
        if len(set(self.lanes)) != len(self.lanes):
            raise ValueError("two of the lanes have the same target; give each one of its own")
        return self


class MetricWords(Answer):
    """How a metric is explained. `high` is null where there is no most."""

    name: str
    title: str
    unit: str
    meaning: str
    source: str
    low: float
    high: float | None
    better: Literal["higher", "lower"]


class LaneMetric(Answer):
    """The mean of a metric over the questions that have a value; `low` and `high` are its 95 % interval where there
    is one. Of latency `mean` is the median and `p95` stands beside it; of cost it is that of 1,000 questions."""

    lane: str
    metric: str
    mean: float | None
    low: float | None = None
    high: float | None = None
    p95: float | None = None
    n: int
    missing: int


class MetricDuel(Answer):
    """Two lanes question by question on one metric, and by how much the first one's values are higher on average."""

    metric: str
    lane: str
    rival: str
    wins: int
    ties: int
    losses: int
    missing: int
    difference: float | None
    low: float | None
    high: float | None
    text: str


class Difference(Answer):
    """A question on which measured values tell the lanes apart: `spread` is the sum of their ranges of hit@k, answer
    similarity and the right to answer or refuse."""

    comparison_id: UUID
    question: str
    spread: float


class BatchResults(Answer):
    """Lanes are named by their contestants' keys. `latencies` are milliseconds of at most 2,000 answers, evenly spaced.
    `failures` are questions to which a lane has no answer for an error. US dollars are those of answers; null where
    the price of one is not known.

    `judged` is what the judge says, apart from votes and from what is measured; `judge_failures` are pairs of which
    it said nothing that could be read, `judge_usage` what all its sayings took.
    """

    metrics: list[LaneMetric]
    duels: list[MetricDuel]
    latencies: dict[str, list[float]]
    failures: dict[str, int]
    cost_per_thousand: dict[str, Decimal | None]
    judged: Verdict | None
    judge_failures: int
    judge_usage: TokenUsage | None
    differences: list[Difference]


class Batch(Answer):
    """A job compares; its id is the batch's. `questions` are those of the dataset, `off_topic` those beside them."""

    id: UUID
    contest_id: UUID
    contestants: list[Contestant]
    dataset_id: UUID | None
    dataset_name: str
    dataset_version: int
    split: SplitName
    questions: int
    off_topic: int
    judge: Judge | None
    author: str
    created_at: UtcTime
    job: Job


class BatchDetail(Batch):
    """`results` are null until all is compared."""

    results: BatchResults | None
