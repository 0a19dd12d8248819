"""The batches of contrastive training: in none are two pairs that say the same."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

import numpy as np


class ApartBatches:
    """A batch sampler over pairs of these groups: each pair once an epoch, no two of one group in a batch.

    Pairs are dealt like cards, group after group, to as many batches as the largest group has pairs, or as many as all
    need: so the number is the same in each epoch. Every pair of a batch may be a negative of every other.
    """

    def __init__(self, groups: Sequence[int], *, batch: int, seed: int) -> None:
        by_group: dict[int, list[int]] = defaultdict(list)
        for at, group in enumerate(groups):
            by_group[group].append(at)
        self._groups = list(by_group.values())
        self._count = len(groups)
        self._batches = max(-(-len(groups) // batch), max(map(len, self._groups), default=0))
        self._seed = seed
        self.epoch = 0
        self.batch_size = batch
        self.drop_last = False

    def set_epoch(self, epoch: int) -> None:
        self.epoch = epoch

    def __len__(self) -> int:
        return self._batches

    def __iter__(self) -> Iterator[list[int]]:
        random = np.random.default_rng([self._seed, self.epoch])
        order = [
            at for group in random.permutation(len(self._groups)) for at in random.permutation(self._groups[group])
        ]
        for first in random.permutation(self._batches):
            yield [int(at) for at in order[first :: self._batches]]
