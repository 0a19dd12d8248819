"""Trainings at the mock server, in a time that passes by itself."""

import asyncio
import json
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

from pydantic import JsonValue, SecretStr

from backend.agents.providers.config import ProviderConfig, Timeouts
from backend.errors import InvalidRequest
from backend.finetuning import Means
from backend.finetuning.base import CONVERSATIONS, WORKSPACE, PointLog, TrainingOrder, TrainingStatus
from backend.finetuning.remote_trainer import RemoteTrainer
from backend.jobs.children import Children
from backend.security.outbound import Outbound, OutboundPolicy
from tests.mock_tuning.app import MockTuning
from tests.mock_tuning.fireworks import ACCOUNT, MockFireworks
from tests.mock_tuning.server import TuningServer
from tests.mock_tuning.together import MockTogether
from tests.support import eventually

KEY = "sk-test-abcdefghij0123456789"
PROVIDERS = {"openai-compatible": MockTuning, "together": MockTogether, "fireworks": MockFireworks}
"""What stands for each of them."""
NAME = uuid4().hex
"""Of the folder of a training."""


def here_only(children: Children) -> Means:
    """For trainers that need no provider."""

    async def none(_workspace: UUID, name: str) -> ProviderConfig:
        raise InvalidRequest(f"no provider {name!r}")

    return Means(children, none, Outbound(OutboundPolicy()).provider_client)


class SwiftClock:
    """Sleeping takes no time but counts. `asked` are the seconds that were slept."""

    def __init__(self) -> None:
        self.time = 0.0
        self.asked: list[float] = []

    def now(self) -> float:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.time += seconds
        await asyncio.sleep(0)


@dataclass
class Place:
    """A run's folder, the server, and trainers that each are as after a restart."""

    root: Path
    server: TuningServer
    provider: str = "openai-compatible"
    clock: SwiftClock = field(default_factory=SwiftClock)
    is_set_up: bool = True
    url: str = ""
    timeouts: Timeouts = field(default_factory=lambda: Timeouts(connect=2.0, total=5.0))
    policy: OutboundPolicy = field(default_factory=OutboundPolicy)
    workspace: UUID = field(default_factory=uuid4)
    _made: list[RemoteTrainer] = field(default_factory=list)

    @property
    def owner(self) -> str:
        """Of the dialect that is spoken."""
        return {"together": "Together's", "fireworks": "Fireworks'"}.get(self.provider, "OpenAI's")

    @property
    def job(self) -> str:
        """The id of its first job."""
        return f"{ACCOUNT}/supervisedFineTuningJobs/nexus-{NAME}-1" if self.provider == "fireworks" else "ftjob-3"

    @property
    def files(self) -> list[str]:
        """The ids of its first two files."""
        if self.provider == "fireworks":
            return [f"{ACCOUNT}/datasets/nexus-{NAME}-1-{split}" for split in ("train", "validation")]
        return ["file-1", "file-2"]

    @property
    def advance(self) -> tuple[str, int]:
        """The stage of a running job, and of how much it tells what is done."""
        return ("advancing", 100) if self.provider == "fireworks" else ("stepping", 4)

    def order(self, *, rows: int = 4, validation: int = 2, **parameters: JsonValue) -> TrainingOrder:
        folder = self.root / NAME
        folder.mkdir(exist_ok=True)
        for (split, name), count in zip(CONVERSATIONS.items(), (rows, validation), strict=True):
            lines = [json.dumps({"messages": [{"role": "user", "content": f"{split} {n}"}]}) for n in range(count)]
            (folder / name).write_text("".join(f"{line}\n" for line in lines))
        (folder / "held_out.jsonl").write_text("never sent\n")
        given = {"provider": self.provider, WORKSPACE: str(self.workspace), **parameters}
        return TrainingOrder(folder, "small-1", given)

    def trainer(self) -> RemoteTrainer:
        connections = Means(Children(spool=self.root / "spool"), self._provider, Outbound(self.policy).provider_client)
        self._made.append(RemoteTrainer(connections, self.clock))
        return self._made[-1]

    async def _provider(self, workspace: UUID, name: str) -> ProviderConfig:
        assert (workspace, name) == (self.workspace, self.provider)
        if not self.is_set_up:
            raise InvalidRequest("the server needs its base URL; enter it under Settings")
        url = self.url or self.server.base_url
        return ProviderConfig(name, url, SecretStr(KEY), key_base_url=url, timeouts=self.timeouts)

    async def ended(self, order: TrainingOrder, trainer: RemoteTrainer | None = None) -> TrainingStatus:
        """What comes out of a training that is started, or gone on with."""
        trainer = trainer or self.trainer()
        handle = await trainer.start(order)

        async def has_ended() -> bool:
            return (await trainer.status(order, handle)).state != "running"

        await eventually(has_ended, seconds=60)
        return await trainer.status(order, handle)

    async def aclose(self) -> None:
        for trainer in self._made:
            await trainer.aclose()
            trainer.means.children.close()


async def called(place: Place, kind: str, times: int = 1) -> None:
    """Returns once the server has been asked so often."""

    async def is_asked() -> bool:
        return place.server.tuning.calls.count(kind) >= times

    await eventually(is_asked, seconds=30)


def check_curves(folder: Path) -> None:
    """Every figure that the mock servers tell of a job of two epochs."""
    points = list(PointLog(folder).read())
    assert [(p.step, p.epoch, p.value) for p in points if p.name == "train_loss"] == [
        (1, 0.5, 2.0),
        (2, 1.0, 1.0),
        (3, 1.5, 2 / 3),
        (4, 2.0, 0.5),
    ]
    assert [(p.step, p.value) for p in points if p.name == "validation_loss"] == [(2, 1.5), (4, 0.75)]
