"""What is begun again of a training that failed, and what is not."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from backend.errors import ChildFailed, NexusError, ProviderUnavailable, StorageFull, TrainingOutOfMemory
from backend.finetuning import METHODS, Method
from backend.finetuning.adapter_trainer import AdapterOptions
from backend.finetuning.base import Point, PointLog, TrainingOrder, TrainingStatus
from backend.registry import Row
from tests.api.test_finetune import furnished, train
from tests.support import Api

__all__ = ["furnished"]

KILLED = ChildFailed("the child was killed by SIGKILL")
FULL = StorageFull("the disk is full")


@dataclass
class Failing:
    """Implements `Trainer`: each time that it is begun it learns so many more steps, then fails by `error`."""

    error: NexusError
    steps: Sequence[int]
    begun: int = 0
    _learnt: int = field(default=0)

    async def start(self, order: TrainingOrder) -> str:
        more = self.steps[self.begun]
        points = [Point(name="train_loss", step=self._learnt + n, epoch=0, value=1) for n in range(more)]
        await asyncio.to_thread(PointLog(order.folder).add, *points)
        self.begun, self._learnt = self.begun + 1, self._learnt + more
        return order.folder.name

    async def status(self, order: TrainingOrder, handle: str) -> TrainingStatus:  # noqa: ARG002 - there is one
        return TrainingStatus("failed", error=self.error)

    async def cancel(self, order: TrainingOrder, handle: str) -> None: ...

    async def aclose(self) -> None: ...


@pytest.mark.fault("B8")
@pytest.mark.parametrize(
    ("error", "steps", "begun"),
    [
        (FULL, [3], 1),
        (TrainingOutOfMemory("lower batch"), [3], 1),
        (KILLED, [0], 1),
        (KILLED, [3, 0], 2),
        (KILLED, [3, 2, 1], 3),
        (ProviderUnavailable("no answer"), [0, 0, 0], 3),
    ],
)
async def test_only_what_can_pass_is_begun_again(
    api: Api,
    furnished: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    error: NexusError,
    steps: Sequence[int],
    begun: int,
) -> None:
    trainer = Failing(error, steps)
    method = Method("retrieval", AdapterOptions, lambda _means: trainer)
    monkeypatch.setitem(METHODS._rows, "adapter", Row(lambda: lambda: method))
    training = await train(api, furnished)
    assert (training["job"]["status"], training["job"]["error"]["code"]) == ("failed", error.code)
    assert trainer.begun == begun
