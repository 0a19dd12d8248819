"""Training of answers as a method: its options, and where it finds its models."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from backend.errors import MissingExtra
from backend.finetuning import METHODS, lora_llama, lora_trainer
from backend.finetuning.base import TrainingOrder
from backend.finetuning.lora_base import SAMPLE
from backend.finetuning.lora_trainer import LEARNING_RATES, METHOD, LoraOptions


def test_options_out_of_bounds_or_unknown_are_refused() -> None:
    for wrong in ({"rank": 0}, {"learning_rate": 0}, {"batch": 1000}, {"kind": "other"}, {"trust_remote_code": True}):
        with pytest.raises(ValidationError):
            LoraOptions.model_validate(wrong)


@pytest.mark.parametrize("kind", ["lora", "full"])
def test_an_order_becomes_the_arguments_of_the_child(tmp_path: Path, kind: str) -> None:
    given = {**LoraOptions.model_validate({"kind": kind, "rank": 4}).model_dump(), "spec_key": "of preparation"}
    arguments = lora_trainer.arguments(TrainingOrder(tmp_path / "run", "", given))
    assert arguments.base_model == SAMPLE
    assert arguments.models == tmp_path / "models"
    assert arguments.parameters.rank == 4
    assert arguments.parameters.learning_rate == LEARNING_RATES[arguments.parameters.kind]
    chosen = TrainingOrder(tmp_path / "run", "org/name", {**given, "learning_rate": 0.5e-3, "models": "/srv/models"})
    arguments = lora_trainer.arguments(chosen)
    assert (arguments.base_model, arguments.models) == ("org/name", Path("/srv/models"))
    assert arguments.parameters.learning_rate == 0.5e-3


def test_the_method_makes_models_that_answer() -> None:
    assert METHOD.makes == "answers"


@pytest.mark.skipif(find_spec("trl") is not None, reason="the extra is installed here")
def test_without_the_extra_it_is_said_how_to_get_it() -> None:
    with pytest.raises(MissingExtra, match="make finetune"):
        METHODS.get("lora")


def test_names_and_rows_of_tensors_come_back_from_the_other_form() -> None:
    names = ["model.embed_tokens.weight", "model.norm.weight", "lm_head.weight"]
    names += [f"model.layers.11.{part}.weight" for part in ("input_layernorm", "self_attn.k_proj", "mlp.down_proj")]
    for name in names:
        theirs = lora_llama.to_llama_cpp(name)
        assert theirs is not None
        assert lora_llama.to_transformers(theirs) == name
    assert lora_llama.to_llama_cpp("model.layers.0.self_attn.q_proj.bias") is None
    weight = np.arange(24 * 5, dtype=np.float32).reshape(24, 5)
    turned = lora_llama.interleaved(weight, heads=3)
    assert turned[:4, 0].tolist() == [0.0, 20.0, 5.0, 25.0]  # of a head of 8 rows: 0 and 4, 1 and 5
    assert (lora_llama.halved(turned, heads=3) == weight).all()
