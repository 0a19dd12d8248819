"""Tuned retrieval: how the map over query vectors is trained.

Questions are drawn to the items that answer them and away from the others: the contrastive loss InfoNCE (van den Oord
and others, 2018) with the items of the batch, random ones and each question's nearest wrong ones as negatives; Adam
(Kingma and Ba, 2015). Beside questions and their paraphrases, sentences of an answer are asked for as if they were
questions (the inverse cloze task: Lee and others, 2019).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from backend.embeddings.base import Vectors
from backend.errors import InvalidRequest, TrainingDiverged
from backend.finetuning.query_map import QueryMap
from backend.finetuning.ranks import BLOCK, Rows, figures, ranks_of

Reals = NDArray[np.floating[Any]]
Truths = NDArray[np.bool_]
FORBIDDEN: Final = np.float32(-1e4)


@dataclass(frozen=True, slots=True)
class Questions:
    """`vectors` are float32[n, d], unit length; `answers` int64[n], the row of the item that answers each."""

    vectors: Vectors
    answers: Rows

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, slots=True)
class Items:
    """What questions are compared with, as the search does: the weighted sum of an item's views, float32[m, d].

    Items of the same number in `alike`, int64[m], say the same: they are not set against each other.
    """

    vectors: Vectors
    alike: Rows

    def __len__(self) -> int:
        return len(self.vectors)


@dataclass(frozen=True, slots=True)
class AdapterParameters:
    """Measured on the tuning half of benchmarks/retrieval_set, one look at the two views, two collections of real
    manuals with their FAQs, 30 questions in people's words each: MRR .62 and .62 before, .70 and .65 after; at a
    temperature of .05 .74 and .59, of .02 .64 and .60; without the documents' sentences (FAQs alone) .63 and .56.

    `weight_decay` draws the map to the identity. Without a `batch` it is a sixteenth of the questions, 16 to 256, so
    that a small dataset has some steps in an epoch, too. Training ends after `patience` epochs without a better
    validation.
    """

    epochs: int = 20
    learning_rate: float = 3e-4
    temperature: float = 0.1
    weight_decay: float = 0.03
    batch: int | None = None
    random_negatives: int = 512
    hard_negatives: int = 4
    patience: int = 4
    seed: int = 0


@dataclass(frozen=True, slots=True)
class Epoch:
    """`loss` is the mean over the epoch's batches, None before the first; `mrr` and `hit_at_1`, 0..1, of validation."""

    number: int
    loss: float | None
    mrr: float
    hit_at_1: float


@dataclass(frozen=True, slots=True)
class Trained:
    """`best` is the epoch whose map was kept; 0 is before training, when nothing that was learnt helped."""

    query_map: QueryMap
    epochs: tuple[Epoch, ...]
    best: int


Report = Callable[[Epoch], None]
"""Called after each epoch; may raise to end the training."""


def train(
    questions: Questions,
    validation: Questions,
    items: Items,
    parameters: AdapterParameters,
    *,
    spec_key: str,
    report: Report = lambda _epoch: None,
) -> Trained:
    """Blocks. Raises `InvalidRequest` for what cannot be trained on, and `TrainingDiverged`."""
    _check(questions, validation, items)
    training = _Training(questions, items, parameters)
    best_map, kept = np.zeros_like(training.weight), 0
    ranks = ranks_of(validation.vectors, validation.answers, items.vectors)
    epochs = [Epoch(0, None, *figures(ranks))]
    report(epochs[0])
    for number in range(1, parameters.epochs + 1):
        loss = training.epoch()
        mapped = QueryMap(training.weight, spec_key)(validation.vectors)
        epochs.append(Epoch(number, loss, *figures(ranks_of(mapped, validation.answers, items.vectors))))
        report(epochs[-1])
        if epochs[-1].mrr > epochs[kept].mrr:
            best_map, kept = training.weight.copy(), number
        if number - kept >= parameters.patience:
            break
    return Trained(QueryMap(best_map, spec_key), tuple(epochs), kept)


class _Training:
    def __init__(self, questions: Questions, items: Items, parameters: AdapterParameters) -> None:
        self._questions = questions
        self._items = items
        self._parameters = parameters
        self._random = np.random.default_rng(parameters.seed)
        dimension = questions.vectors.shape[1]
        self.weight = np.zeros((dimension, dimension), dtype=np.float32)
        self._mean = np.zeros_like(self.weight)
        self._square = np.zeros_like(self.weight)
        self._steps = 0
        self._hard = _nearest_wrong(questions, items, parameters.hard_negatives)

        self._batch = parameters.batch or min(max(len(questions) // 16, 16), 256)

    def epoch(self) -> float:
        """The mean loss of its batches."""
        losses = [self._step(batch) for batch in self._batches()]
        return float(np.mean(losses))

    def _batches(self) -> Iterator[Rows]:
        order = self._random.permutation(len(self._questions))
        for start in range(0, len(order), self._batch):
            yield order[start : start + self._batch]

    def _step(self, batch: Rows) -> float:
        queries, right = self._questions.vectors[batch], self._questions.answers[batch]
        moved = queries + queries @ self.weight.T
        lengths = np.maximum(np.linalg.norm(moved, axis=1, keepdims=True), 1e-6)
        units = moved / lengths
        candidates = self._candidates(batch, right)
        loss, slope = _contrast(units, self._items.vectors[candidates], self._forbidden(right, candidates), self._tau)
        if not np.isfinite(loss):
            raise TrainingDiverged(
                f"the loss became {loss} in step {self._steps + 1}; lower learning_rate "
                f"({self._parameters.learning_rate:g}) or raise temperature ({self._tau:g})"
            )
        through_unit = (slope - (slope * units).sum(axis=1, keepdims=True) * units) / lengths
        self._descend(through_unit.T @ queries + self._parameters.weight_decay * self.weight)
        return loss

    @property
    def _tau(self) -> float:
        return self._parameters.temperature

    def _candidates(self, batch: Rows, right: Rows) -> Rows:
        """Rows of items: first the right one of each question in turn, then the negatives of all."""
        drawn = self._random.integers(0, len(self._items), self._parameters.random_negatives)
        return np.concatenate([right, self._hard[batch].ravel(), drawn])

    def _forbidden(self, right: Rows, candidates: Rows) -> Truths:
        """bool[n, candidates]: what says the same as the right item, and is not it, is no negative."""
        alike: Truths = self._items.alike[right][:, None] == self._items.alike[candidates][None, :]
        alike[np.arange(len(right)), np.arange(len(right))] = False
        return alike

    def _descend(self, gradient: Reals) -> None:
        """Adam, with its usual decays .9 and .999."""
        self._steps += 1
        self._mean += 0.1 * (gradient - self._mean)
        self._square += 0.001 * (gradient * gradient - self._square)
        mean = self._mean / (1 - 0.9**self._steps)
        square = self._square / (1 - 0.999**self._steps)
        self.weight -= (self._parameters.learning_rate * mean / (np.sqrt(square) + 1e-8)).astype(np.float32)


def _contrast(units: Reals, candidates: Reals, forbidden: Truths, tau: float) -> tuple[float, Reals]:
    """InfoNCE's mean loss, where candidate n is question n's right one, and its slope by `units`."""
    scores = np.where(forbidden, FORBIDDEN, units @ candidates.T / tau)
    scores -= scores.max(axis=1, keepdims=True)
    shares = np.exp(scores)
    shares /= shares.sum(axis=1, keepdims=True)
    own = np.arange(len(units))
    loss = float(-np.log(np.maximum(shares[own, own], 1e-30)).mean())
    shares[own, own] -= 1
    return loss, (shares @ candidates) / np.float32(tau * len(units))


def _nearest_wrong(questions: Questions, items: Items, count: int) -> Rows:
    """int64[n, count]: the items nearest to each question that say something else than the right one."""
    count = min(count, len(items))
    found = np.empty((len(questions), count), dtype=np.int64)
    if not count:
        return found
    for start in range(0, len(questions), BLOCK):
        chosen = slice(start, start + BLOCK)
        scores = questions.vectors[chosen] @ items.vectors.T
        scores[items.alike[questions.answers[chosen]][:, None] == items.alike[None, :]] = FORBIDDEN
        found[chosen] = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    return found


def _check(questions: Questions, validation: Questions, items: Items) -> None:
    for name, given in (("training", questions), ("validation", validation)):
        if not len(given):
            raise InvalidRequest(f"there are no {name} questions; approve more FAQs, or give that split a larger share")
        if not np.isfinite(given.vectors).all():
            raise InvalidRequest(f"a vector of the {name} questions is not finite; embed them again")
    if len(items) < 2:
        raise InvalidRequest(f"{len(items)} items to choose from; tuning needs at least 2")
