"""Checkpoints of transformers' trainers: whole or not there, and without a pickle in them."""

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np
import safetensors.torch
import torch
from transformers import TrainerCallback

from backend.finetuning.checkpoints import begin, seal

OPTIMIZER: Final = "optimizer.safetensors"
CHANCE: Final = "chance.safetensors"
STATE: Final = "state.json"
TRAINER_STATE: Final = "trainer_state.json"
_README: Final = "README.md"

Logged = Callable[[Any, dict[str, float]], None]
"""Takes the trainer's state (`global_step`, `max_steps`, `epoch`) and what it logs; may raise to end the training."""


class SafeCheckpoints:
    """Goes before a `transformers.Trainer` among the bases of a class, and overrides what that saves and loads by
    pickle. Resumes from a folder that `checkpoints` verified."""

    args: Any
    model: Any
    optimizer: Any
    lr_scheduler: Any
    state: Any

    def _save_weights(self, folder: Path) -> None:
        """The model's own, as files without folders."""
        self.model.save_pretrained(folder)

    def _save_checkpoint(self, model: torch.nn.Module, trial: object) -> None:  # noqa: ARG002 - the signature is theirs
        draft = begin(Path(self.args.output_dir))
        self._save_weights(draft)
        (draft / _README).unlink(missing_ok=True)
        tensors, groups = _flattened(self.optimizer.state_dict())
        safetensors.torch.save_file(tensors, draft / OPTIMIZER)
        safetensors.torch.save_file(_chance(), draft / CHANCE)
        version, words, following = random.getstate()
        kind, keys, *rest = np.random.get_state()
        state = {
            "groups": groups,
            "schedule": self.lr_scheduler.state_dict(),
            "python": [version, words, following],
            "numpy": [kind, np.asarray(keys).tolist(), *rest],
        }
        (draft / STATE).write_text(json.dumps(state), encoding="utf-8")
        self.state.save_to_json(str(draft / TRAINER_STATE))
        seal(draft, self.state.global_step)

    def _load_optimizer_and_scheduler(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        state = _state(checkpoint)
        tensors = safetensors.torch.load_file(Path(checkpoint) / OPTIMIZER)
        self.optimizer.load_state_dict({"state": _nested(tensors), "param_groups": state["groups"]})
        self.lr_scheduler.load_state_dict(state["schedule"])

    def _load_rng_state(self, checkpoint: str | None) -> None:
        if checkpoint is None:
            return
        state = _state(checkpoint)
        version, words, following = state["python"]
        random.setstate((version, tuple(words), following))
        kind, keys, *rest = state["numpy"]
        np.random.set_state((kind, np.asarray(keys, dtype=np.uint32), *rest))
        chance = safetensors.torch.load_file(Path(checkpoint) / CHANCE)
        torch.random.set_rng_state(chance["cpu"])
        if torch.cuda.is_available() and "cuda" in chance:
            torch.cuda.random.set_rng_state(chance["cuda"])


class Reporter(TrainerCallback):  # type: ignore[misc]  # torch's family is not installed where types are checked
    """Passes on from which step training goes on, what is logged, in its order, and how long steps take."""

    def __init__(self, advance: Callable[[int, int], None], logged: Logged, clock: Callable[[], float]) -> None:
        self._advance = advance
        self._logged = logged
        self._clock = clock
        self._begun = 0.0
        self.seconds: list[float] = []
        """Of each step of this process, without evaluations and checkpoints."""

    def on_train_begin(self, args: object, state: Any, control: object, **_: object) -> None:  # noqa: ARG002 - theirs
        self._advance(state.global_step, state.max_steps)

    def on_step_begin(self, args: object, state: object, control: object, **_: object) -> None:  # noqa: ARG002 - theirs
        self._begun = self._clock()

    def on_step_end(self, args: object, state: object, control: object, **_: object) -> None:  # noqa: ARG002 - theirs
        self.seconds.append(self._clock() - self._begun)

    def on_log(self, args: object, state: object, control: object, logs: dict[str, float], **_: object) -> None:  # noqa: ARG002 - theirs
        self._logged(state, logs)


def _flattened(state: dict[str, Any]) -> tuple[dict[str, torch.Tensor], list[dict[str, Any]]]:
    """Tensors by `<number of the parameter>.<name>`, and the groups with their learning rates."""
    found = {
        f"{number}.{name}": torch.as_tensor(value).contiguous()
        for number, values in state["state"].items()
        for name, value in values.items()
    }
    return found, state["param_groups"]


def _nested(tensors: dict[str, torch.Tensor]) -> dict[int, dict[str, torch.Tensor]]:
    found: dict[int, dict[str, torch.Tensor]] = {}
    for key, tensor in tensors.items():
        number, name = key.split(".", 1)
        found.setdefault(int(number), {})[name] = tensor
    return found


def _chance() -> dict[str, torch.Tensor]:
    cpu = {"cpu": torch.random.get_rng_state()}
    return cpu | ({"cuda": torch.cuda.random.get_rng_state()} if torch.cuda.is_available() else {})


def _state(checkpoint: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((Path(checkpoint) / STATE).read_text(encoding="utf-8"))
    return found
