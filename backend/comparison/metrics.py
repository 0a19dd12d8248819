"""What is measured of each question's answer without a vote, and what a page says about it.

A value is None where the question does not have it: no passage is known to be relevant, the answer has no sentence, the
price is unknown. Such questions are left out and counted; none is taken for 0.
"""

import math
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass
from types import MappingProxyType
from typing import Final, Literal, TypeGuard, TypeVar

import numpy as np
from numpy.typing import NDArray

from backend.comparison.sequence import Tally
from backend.errors import InvalidVector

Vector = NDArray[np.float32]
Id = TypeVar("Id", bound=Hashable)

MetricName = Literal["hit_at_k", "mrr", "similarity", "support", "refusal", "latency", "cost"]
Better = Literal["higher", "lower"]
K: Final = 5
"""Passages that hit@k looks at in a batch: as many as an answer has, as a rule."""


@dataclass(frozen=True, slots=True)
class Metric:
    """How a page explains a metric. `high` is None where there is no most; `is_binary` where each value is 0 or 1."""

    title: str
    unit: str
    _: KW_ONLY
    meaning: str
    source: str
    low: float = 0
    high: float | None = None
    better: Better = "higher"
    is_binary: bool = False


@dataclass(frozen=True, slots=True)
class Paired:
    """A tally of questions, and how many were left out because one of the two has no value."""

    tally: Tally
    missing: int


def hit_at_k(ranked: Sequence[Id], relevant: Collection[Id], k: int) -> float | None:
    """1 when one of the first k is relevant, else 0; None when nothing is. Raises ValueError for k below 1."""
    if k < 1:
        raise ValueError(f"hit@k looks at the first k passages, at least 1, not {k!r}")
    return float(any(id in relevant for id in ranked[:k])) if relevant else None


def reciprocal_rank(ranked: Sequence[Id], relevant: Collection[Id]) -> float | None:
    """1 / rank of the first relevant one, 0 when it is not there, None when nothing is. The mean of it is the MRR."""
    if not relevant:
        return None
    return next((1 / rank for rank, id in enumerate(ranked, 1) if id in relevant), 0.0)


def answer_similarity(answer: Vector, expected: Vector) -> float:
    """Cosine, clipped to 0..1, of two embeddings, float32[d] each; 0 where one is zero or not finite.

    Raises `InvalidVector` for shapes that differ or have more than one axis.
    """
    if answer.ndim != 1 or answer.shape != expected.shape:
        raise InvalidVector(f"vectors of shapes {answer.shape!r} and {expected.shape!r} cannot be compared; give [d]")
    one, other = answer.astype(np.float64), expected.astype(np.float64)
    lengths = float(np.linalg.norm(one) * np.linalg.norm(other))
    if not 0 < lengths < math.inf:
        return 0.0
    return min(1.0, max(0.0, float(one @ other) / lengths))


def supported_share(sentences: Sequence[Collection[bool]]) -> float | None:
    """The share, 0..1, of an answer's sentences that a citation supports; None for an answer without sentences.

    Of each sentence the outcomes of its citations (`CitationCheck.supported`), none for one that cites nothing. One
    that holds is enough: marks that do not are taken out of the answer.
    """
    return sum(any(outcomes) for outcomes in sentences) / len(sentences) if sentences else None


def refusal_correctness(*, answerable: bool, answered: bool) -> float:
    """1 when an answerable question was answered or another one refused, else 0."""
    return float(answerable == answered)


def percentile(values: Iterable[float | None], share: float) -> float | None:
    """The value below which `share`, 0..1, of them lie; None without values.

    Between the two nearest it is interpolated linearly at 1 + (n - 1) * share: type 7 of Hyndman & Fan 1996, "Sample
    quantiles in statistical packages", NumPy's default. Raises ValueError for another `share`.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a percentile is asked for as a share between 0 and 1, not {share!r}")
    known = known_values(values)
    return float(np.quantile(known, share)) if known else None


def cost_per_thousand(costs: Sequence[float | None]) -> float | None:
    """1,000 times the mean cost, in its unit. None when one is unknown, or there is none: the rest would mislead.

    0 only when each is known to be 0, as of a model on the own machine.
    """
    known = known_values(costs)
    return 1000 * math.fsum(known) / len(known) if known and len(known) == len(costs) else None


def paired_tally(
    first: Mapping[Id, float | None], second: Mapping[Id, float | None], *, better: Better = "higher"
) -> Paired:
    """Of two lanes' values by question: the better value wins, equal ones tie.

    A question that only one of them has, or whose value is None or not a number for one, is missing.
    """
    both = paired_values(first, second)
    higher, lower = sum(one > other for one, other in both), sum(one < other for one, other in both)
    wins, losses = (higher, lower) if better == "higher" else (lower, higher)
    return Paired(Tally(wins, len(both) - wins - losses, losses), len(first.keys() | second.keys()) - len(both))


def paired_values(first: Mapping[Id, float | None], second: Mapping[Id, float | None]) -> list[tuple[float, float]]:
    """The values of the questions for which both have one, in the order of `first`."""
    both = ((value, second.get(id)) for id, value in first.items())
    return [(one, other) for one, other in both if is_known(one) and is_known(other)]


def known_values(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if is_known(value)]


def is_known(value: float | None) -> TypeGuard[float]:
    return value is not None and not math.isnan(value)


METRICS: Final[Mapping[MetricName, Metric]] = MappingProxyType(
    {
        "hit_at_k": Metric(
            f"Hit@{K}",
            "share of questions",
            high=1,
            is_binary=True,
            meaning=f"How often one of the first {K} passages found is one that answers the question.",
            source="Craswell 2009, Success at n, in: Encyclopedia of Database Systems",
        ),
        "mrr": Metric(
            "Mean reciprocal rank",
            "0 to 1",
            high=1,
            meaning="1 when the first passage found answers the question, 1/2 when the second does, 0 when none does.",
            source="Voorhees 1999, The TREC-8 Question Answering Track Report",
        ),
        "similarity": Metric(
            "Answer similarity",
            "0 to 1",
            high=1,
            meaning="How near the answer's meaning is to the expected one: the cosine of their embeddings. It does not "
            "see a wrong number or a missing not.",
            source="Reimers & Gurevych 2019, Sentence-BERT",
        ),
        "support": Metric(
            "Supported sentences",
            "share of sentences",
            high=1,
            meaning="The part of an answer's sentences that a cited passage supports, by words, numbers and meaning.",
            source="Citation recall of Gao et al. 2023, Enabling Large Language Models to Generate Text with Citations",
        ),
        "refusal": Metric(
            "Right to answer or refuse",
            "share of questions",
            high=1,
            is_binary=True,
            meaning="How often a question was answered that the documents answer, or refused that they do not.",
            source="After Rajpurkar, Jia & Liang 2018, Know What You Don't Know",
        ),
        "latency": Metric(
            "Latency",
            "ms",
            better="lower",
            meaning="From the question to the end of its answer. Half of the answers took less than p50, 5 % more than "
            "p95.",
            source="Type 7 of Hyndman & Fan 1996, Sample Quantiles in Statistical Packages",
        ),
        "cost": Metric(
            "Cost of 1,000 questions",
            "US dollars",
            better="lower",
            meaning="1,000 times what an answer cost on average, by its model's prices; unknown when one of them is.",
            source="Tokens times the provider's prices",
        ),
    }
)
