"""The ways to train a model: a row here is the one registration."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal
from uuid import UUID

from backend.registry import Registry, Row

if TYPE_CHECKING:
    from pydantic import BaseModel

    from backend.agents.providers.config import HttpClientFactory, ProviderConfig
    from backend.finetuning.base import Intent, Outlook, Trainer
    from backend.jobs.base import QueueName
    from backend.jobs.children import Children

Makes = Literal["retrieval", "answers", "embeddings"]
"""What comes out: a map for a collection's retrieval, a model that answers, or one that a collection is embedded by."""


@dataclass(frozen=True, slots=True)
class Means:
    """What trainers work with: limited children of this machine, and a workspace's provider by its name, read anew at
    each use because its key may change or go. `provider` raises `InvalidRequest` for one that is not set up."""

    children: "Children"
    provider: Callable[[UUID, str], "Awaitable[ProviderConfig]"]
    http: "HttpClientFactory"


@dataclass(frozen=True, slots=True)
class Method:
    """One way to train. `options` validates its parameters. A model is trained on a base model, unless it tunes
    retrieval; `needs_base_model` where there is none to begin with. `queue` is where its trainings wait: those of
    seconds among all jobs. `outlook` tells, without torch and while others wait, what a training needs and what keeps
    it from beginning."""

    makes: Makes
    options: "type[BaseModel]"
    trainer: "Callable[[Means], Trainer]"
    needs_base_model: bool = False
    queue: "QueueName" = "jobs"
    outlook: "Callable[[Intent], Outlook] | None" = None


def _adapter() -> Callable[[], Method]:
    from backend.finetuning.adapter_trainer import METHOD

    return lambda: METHOD


def _lora() -> Callable[[], Method]:
    from backend.finetuning.lora_trainer import METHOD

    return lambda: METHOD


def _retriever() -> Callable[[], Method]:
    from backend.finetuning.retriever_trainer import METHOD

    return lambda: METHOD


def _remote() -> Callable[[], Method]:
    from backend.finetuning.remote_trainer import METHOD

    return lambda: METHOD


LABELS: Final = {
    "adapter": "Tuned retrieval",
    "retriever": "Tuned search model",
    "lora": "Fine-tuned model",
    "remote": "Model fine-tuned by a provider",
}
"""What people call them, also where the packages that a method needs are missing."""
MAKES: Final[dict[str, Makes]] = {
    "adapter": "retrieval",
    "retriever": "embeddings",
    "lora": "answers",
    "remote": "answers",
}
"""Also where the packages that a method needs are missing: its models are still there."""
METHODS: Registry[Callable[[], Method]] = Registry(
    "training method",
    {
        "adapter": Row(_adapter),
        "retriever": Row(_retriever, extra="finetune", needs="sentence_transformers"),
        "lora": Row(_lora, extra="finetune", needs="trl"),
        "remote": Row(_remote),
    },
)
