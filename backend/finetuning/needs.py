"""What a training needs of memory and disk, said before it begins. Estimates: exact for weights, upper for the rest."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.finetuning.machine import MIB
from backend.finetuning.model_folder import Tensor

RUNTIME: Final = 900 * MIB
"""Resident after importing torch, transformers, trl and peft; measured with torch 2.15."""
FLOAT: Final = 4
TRAINED_BYTES: Final = 16
"""Of a trained number: itself, its gradient and Adam's two means, float32 each."""
KEPT_BYTES: Final = 12
"""Of a trained number in a checkpoint: without the gradient."""
LAYER_BYTES: Final = 68
"""Activations of a layer for each token and each number of its width: 34 at 16 bits without the scores of attention,
which are not kept (Korthikanti and others, 2022: Reducing activation recomputation); float32 here."""
LOGIT_BYTES: Final = 12
"""Of each token and each word of the vocabulary: the score, its share and its gradient."""
CHECKPOINTS: Final = 3
"""Two are kept while a third is written."""
RESERVE: Final = 200 * MIB


@dataclass(frozen=True, slots=True)
class Shape:
    """Of a model. `adapted` are the inputs and outputs of its linear layers, all together: a rank more has as many
    numbers."""

    parameters: int
    adapted: int
    layers: int
    width: int
    vocabulary: int

    @classmethod
    def of(cls, tensors: Sequence[Tensor], layers: int, width: int, vocabulary: int) -> "Shape":
        parameters, adapted = 0, 0
        for tensor in tensors:
            size = 1
            for side in tensor.shape:
                size *= side
            parameters += size
            if len(tensor.shape) == 2 and vocabulary not in tensor.shape:
                adapted += sum(tensor.shape)
        return cls(parameters, adapted, layers, width, vocabulary)


@dataclass(frozen=True, slots=True)
class Plan:
    """`rank` is None where all of the model is trained; `longest` in tokens, `weight_bytes` of a number that is not.
    `best` are the best states that are kept beside the checkpoints."""

    rank: int | None
    batch: int
    longest: int
    weight_bytes: int = FLOAT
    best: int = 1


def memory_needed(shape: Shape, plan: Plan) -> int:
    """Bytes, of the device that trains."""
    tokens = plan.batch * plan.longest
    activations = tokens * (shape.layers * shape.width * LAYER_BYTES + shape.vocabulary * LOGIT_BYTES)
    frozen = 0 if plan.rank is None else shape.parameters * plan.weight_bytes
    return RUNTIME + frozen + _trained(shape, plan) * TRAINED_BYTES + activations


def disk_needed(shape: Shape, plan: Plan) -> int:
    """Bytes: checkpoints, the weights of the best states, the finished model (at most float32), and float16 twice while
    its GGUF file is made."""
    trained = _trained(shape, plan) * (CHECKPOINTS * KEPT_BYTES + plan.best * FLOAT)
    return trained + shape.parameters * (FLOAT + 2 * 2) + RESERVE


def _trained(shape: Shape, plan: Plan) -> int:
    return shape.parameters if plan.rank is None else shape.adapted * plan.rank
