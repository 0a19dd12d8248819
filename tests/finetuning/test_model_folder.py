"""Base models: which folder a name means, and what is refused before it is opened."""

import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy

from backend.db.finetuning import Training
from backend.errors import InvalidRequest, UnusableModel
from backend.finetuning import model_folder
from backend.finetuning.lora_base import SAMPLE, folder_of, require_allowed
from backend.finetuning.model_folder import Tensor, check, tensors
from backend.services.tuned_answers import AnswersPreparation


@pytest.fixture
def base(tmp_path: Path) -> Path:
    folder = tmp_path / "base"
    folder.mkdir()
    safetensors.numpy.save_file({"a.weight": np.ones((3, 2), np.float32)}, folder / "model.safetensors")
    (folder / "config.json").write_text('{"model_type": "llama"}')
    (folder / "tokenizer.json").write_text('{"model": {"vocab": {"auto_map": 0}}}')
    (folder / "README.md").write_text("A model.")
    return folder


class Planted:
    """Unpickling it would write the canary."""

    def __init__(self, canary: Path) -> None:
        self._canary = canary

    def __reduce__(self) -> tuple[Callable[..., object], tuple[object, ...]]:
        return Path.write_text, (self._canary, "run")


def test_a_folder_of_safetensors_passes_and_its_tensors_are_known(base: Path) -> None:
    check(base)
    assert tensors(base) == [Tensor("a.weight", (3, 2))]


def test_a_folder_that_is_no_model_is_not_walked_through(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(Path, "rglob")
    with pytest.raises(UnusableModel, match=r"has no 'config\.json'"):
        check(tmp_path)


@pytest.mark.fault("B9")
@pytest.mark.parametrize("name", ["pytorch_model.bin", "original/model.pth", "weights.PT", "optimizer.pkl", "x.ckpt"])
def test_a_pickle_is_refused_and_not_opened(base: Path, tmp_path: Path, name: str) -> None:
    canary = tmp_path / "canary"
    file = base / name
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(pickle.dumps(Planted(canary)))
    file.chmod(0)
    with pytest.raises(UnusableModel, match="can run code"):
        check(base)
    assert not canary.exists()


@pytest.mark.fault("B9")
@pytest.mark.parametrize("name", ["modeling_custom.py", "inner/tokenization.py", "fast.so"])
def test_code_in_the_folder_is_refused(base: Path, name: str) -> None:
    (base / name).parent.mkdir(exist_ok=True)
    (base / name).write_text("")
    with pytest.raises(UnusableModel, match="can run code"):
        check(base)


@pytest.mark.fault("B9")
@pytest.mark.parametrize(
    "planted",
    [
        {"auto_map": {"AutoConfig": "modeling.Config"}},
        {"_attn_implementation_internal": "somebody/kernel"},
        {"text_config": {"layers": [{"_attn_implementation": "somebody/kernel"}]}},
        {"trust_remote_code": True},
    ],
)
@pytest.mark.parametrize("name", ["config.json", "tokenizer_config.json", "inner/generation_config.json"])
def test_a_configuration_that_names_code_is_refused(base: Path, name: str, planted: dict[str, object]) -> None:
    (base / name).parent.mkdir(exist_ok=True)
    (base / name).write_text(json.dumps({"model_type": "llama", **planted}))
    with pytest.raises(UnusableModel, match="names code to run"):
        check(base)


@pytest.mark.fault("B9")
@pytest.mark.parametrize("file", ["../outside.safetensors", "pytorch_model.bin", "/etc/passwd"])
def test_an_index_leads_to_safetensors_beside_it_alone(base: Path, file: str) -> None:
    (base / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"a.weight": file}}))
    with pytest.raises(UnusableModel, match="only safetensors are read"):
        check(base)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("config.json", "has no 'config.json'"),
        ("tokenizer.json", "tokenizer"),
        ("model.safetensors", "no .*safetensors"),
    ],
)
def test_what_is_missing_is_named(base: Path, name: str, reason: str) -> None:
    (base / name).unlink()
    with pytest.raises(UnusableModel, match=reason):
        check(base)


@pytest.mark.fault("B8")
def test_cut_weights_are_refused_by_their_name(base: Path) -> None:
    file = base / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(UnusableModel, match=r"'model\.safetensors' of the model is cut or damaged"):
        tensors(base)


def test_a_configuration_nested_without_end_is_no_crash(base: Path) -> None:
    (base / "config.json").write_text('{"a":' * 100_000)
    with pytest.raises(UnusableModel, match="no JSON"):
        check(base)


def test_an_id_means_the_snapshot_in_the_cache(base: Path, tmp_path: Path) -> None:
    cached = tmp_path / "hub" / "models--org--name"
    (cached / "refs").mkdir(parents=True)
    (cached / "refs" / "main").write_text("abc123")
    (cached / "snapshots").mkdir()
    base.rename(cached / "snapshots" / "abc123")
    assert folder_of("org/name", tmp_path / "hub") == cached / "snapshots" / "abc123"


@pytest.mark.fault("B8")
def test_an_id_that_is_not_on_this_machine_is_not_downloaded(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match=rf"nothing is downloaded: fetch it with `hf download org/name`.*{SAMPLE}"):
        folder_of("org/name", tmp_path)


@pytest.mark.parametrize("name", ["../secret", "a/../b", "a/b/c", "", "a b"])
def test_what_is_neither_a_path_nor_an_id_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UnusableModel, match="neither"):
        folder_of(name, tmp_path)


@pytest.mark.parametrize("commit", ["../../..", "missing"])
def test_a_reference_leads_into_the_snapshots_alone(tmp_path: Path, commit: str) -> None:
    cached = tmp_path / "models--org--name"
    (cached / "refs").mkdir(parents=True)
    (cached / "snapshots").mkdir()
    (cached / "refs" / "main").write_text(commit)
    with pytest.raises(UnusableModel, match="not in this machine"):
        folder_of("org/name", tmp_path)


def test_a_path_without_a_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnusableModel, match="no folder of this machine"):
        folder_of(str(tmp_path / "nothing"), tmp_path)


def test_a_huge_configuration_is_not_read(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_folder, "LONGEST_CONFIG", 10)
    with pytest.raises(UnusableModel, match="is not read"):
        check(base)


@pytest.mark.fault("B9")
def test_only_folders_below_the_allowed_ones_are_looked_at(tmp_path: Path) -> None:
    roots = [tmp_path / "models", Path("/srv/shared")]
    for fine in (str(tmp_path / "models" / "mine"), "/srv/shared/a/b", "org/name", SAMPLE, ""):
        require_allowed(fine, roots)
    (tmp_path / "there").mkdir()
    inside = f"{tmp_path}/models/../there"
    outside = [str(tmp_path / "there"), str(tmp_path / "missing"), inside, str(roots[0]), "/srv/shared-else/a", "/"]
    refusals = set()
    for name in outside:
        with pytest.raises(InvalidRequest, match="NEXUS_BASE_MODEL_DIRS") as refused:
            require_allowed(name, roots)
        refusals.add(str(refused.value).replace(repr(name), ""))
    assert len(refusals) == 1
    require_allowed(str(tmp_path / "there"), None)


async def test_a_training_that_is_started_again_uses_no_folder_that_is_not_allowed_any_more(tmp_path: Path) -> None:
    preparation = AnswersPreparation(_untouched(), _untouched(), base_models=[tmp_path / "models"])
    with pytest.raises(InvalidRequest, match="is in none of the folders"):
        await preparation.prepare(Training(method="lora", base_model="/srv/mine"), tmp_path, _untouched())


def _untouched() -> Any:
    """Nothing is read before the refusal."""
    return None
