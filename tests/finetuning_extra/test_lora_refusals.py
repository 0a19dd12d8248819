"""Models that would run code: refused by the real training, and the canary they would write is never there."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

from backend.errors import UnusableModel
from tests.finetuning_extra.building import training, write_base

pytestmark = [pytest.mark.finetune, pytest.mark.fault("B9")]


@pytest.fixture
def base(tmp_path: Path) -> Path:
    return write_base(tmp_path / "base")


class Planted:
    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (self._canary, "run")


def pickled(base: Path, canary: Path) -> None:
    """Weights as torch wrote them once."""
    (base / "model.safetensors").unlink()
    (base / "pytorch_model.bin").write_bytes(pickle.dumps(Planted(canary)))
    pickle.loads((base / "pytorch_model.bin").read_bytes())
    assert canary.exists(), "opened, it would run"
    canary.unlink()


def beside_safetensors(base: Path, canary: Path) -> None:
    (base / "training_args.pt").write_bytes(pickle.dumps(Planted(canary)))


def code_by_auto_map(base: Path, canary: Path) -> None:
    (base / "custom.py").write_text(f"open({str(canary)!r}, 'w').write('run')\n")
    changed(base / "config.json", auto_map={"AutoConfig": "custom.Config", "AutoModelForCausalLM": "custom.Model"})


def code_of_another_repository(base: Path, canary: Path) -> None:  # noqa: ARG001 - nothing of it is here
    changed(base / "tokenizer_config.json", auto_map={"AutoTokenizer": ["somebody/else--custom.Tokenizer", None]})


def code_as_attention(base: Path, canary: Path) -> None:
    kernel = base.parent / "kernel"
    kernel.mkdir()
    (kernel / "__init__.py").write_text(f"open({str(canary)!r}, 'w').write('run')\n")
    changed(base / "config.json", _attn_implementation_internal=str(kernel))


def changed(path: Path, **more: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), **more}))


@pytest.mark.parametrize(
    "plant", [pickled, beside_safetensors, code_by_auto_map, code_of_another_repository, code_as_attention]
)
async def test_a_model_that_would_run_code_is_refused(
    base: Path, tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    canary = tmp_path / "canary"
    plant(base, canary)
    async with training(tmp_path / "run", base) as one:
        await one.start()
        status = await one.ended()
    assert isinstance(status.error, UnusableModel)
    assert "is refused" in str(status.error)
    assert not canary.exists()


async def test_a_model_without_a_chat_template_is_refused(base: Path, tmp_path: Path) -> None:
    (base / "chat_template.jinja").unlink()
    async with training(tmp_path / "run", base) as one:
        await one.start()
        status = await one.ended()
    assert isinstance(status.error, UnusableModel)
    assert "no chat template" in str(status.error)


async def test_a_template_that_refuses_a_conversation_is_told_in_its_words(base: Path, tmp_path: Path) -> None:
    (base / "chat_template.jinja").write_text("{{ raise_exception('System role not supported') }}")
    async with training(tmp_path / "run", base) as one:
        await one.start()
        status = await one.ended()
    assert isinstance(status.error, UnusableModel)
    assert "(System role not supported)" in str(status.error)
