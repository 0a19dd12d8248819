"""The ways to train a model: a row here is the one registration."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

from backend.registry import Registry, Row

if TYPE_CHECKING:
    from pydantic import BaseModel

    from backend.finetuning.base import Trainer
    from backend.jobs.children import Children


@dataclass(frozen=True, slots=True)
class Method:
    """One way to train. `options` validates its parameters; `makes` tells what comes out: a map for a collection's
    retrieval, or a model that answers."""

    makes: Literal["retrieval", "answers"]
    options: "type[BaseModel]"
    trainer: "Callable[[Children], Trainer]"


def _adapter() -> Callable[[], Method]:
    from backend.finetuning.adapter_trainer import METHOD

    return lambda: METHOD


def _lora() -> Callable[[], Method]:
    from backend.finetuning.lora_trainer import METHOD

    return lambda: METHOD


LABELS: Final = {"adapter": "Tuned retrieval", "lora": "Fine-tuned model"}
"""What people call them, also where the packages that a method needs are missing."""
METHODS: Registry[Callable[[], Method]] = Registry(
    "training method", {"adapter": Row(_adapter), "lora": Row(_lora, extra="finetune", needs="trl")}
)
