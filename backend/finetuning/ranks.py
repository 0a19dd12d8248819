"""The places that questions find their answers at, and the figures of a search that come from them."""

from pathlib import Path
from typing import Final

import numpy as np
import safetensors.numpy
from numpy.typing import NDArray

from backend.comparison.means import grouped_difference
from backend.embeddings.base import Vectors

Rows = NDArray[np.int64]
BLOCK: Final = 512
"""Questions that are compared with all items at once: 512 x 100,000 scores are 200 MB."""
RANKS: Final = "held_out.safetensors"
HITS: Final = (1, 5)


def ranks_of(queries: Vectors, answers: Rows, items: Vectors) -> Rows:
    """int64[n]: the place, from 1, of each question's item among all. Of equal scores the wrong ones come first."""
    found = np.empty(len(queries), dtype=np.int64)
    for start in range(0, len(queries), BLOCK):
        scores = queries[start : start + BLOCK] @ items.T
        right = answers[start : start + BLOCK]
        own = scores[np.arange(len(scores)), right]
        found[start : start + BLOCK] = (scores >= own[:, None]).sum(axis=1)
    return found


def figures(ranks: Rows) -> tuple[float, float]:
    """MRR and hit@1, 0..1."""
    return float((1 / ranks).mean()), float((ranks == 1).mean())


def save_ranks(folder: Path, before: Rows, after: Rows) -> None:
    """Of the held-out questions, as `RANKS`."""
    safetensors.numpy.save_file({"before": before, "after": after}, folder / RANKS)


def changes(before: Rows, after: Rows, answers: Rows) -> dict[str, list[float]]:
    """Each as [before, after], and behind them the ends of the 95 % interval of the difference, where the questions
    have more than one answer: those of one answer are drawn together. `questions` says of how many.

    int64[n] each; `answers` are the items that answer the questions.
    """
    values = {f"hit_at_{k}": [(ranks <= k).astype(float) for ranks in (before, after)] for k in HITS}
    values["mrr"] = [1 / ranks for ranks in (before, after)]
    found: dict[str, list[float]] = {"questions": [float(len(before))]}
    for name, (old, new) in values.items():
        ends = grouped_difference(new.tolist(), old.tolist(), answers.tolist()).interval
        found[name] = [float(old.mean()), float(new.mean()), *([ends.low, ends.high] if ends is not None else [])]
    return found
