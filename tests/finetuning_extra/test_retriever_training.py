"""The real sentence-transformers on a small encoder: it learns, goes on after a kill, and says what went wrong."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from backend.embeddings.base import Vectors
from backend.embeddings.models import read_folder
from backend.errors import (
    InvalidRequest,
    UnusableModel,
)
from backend.finetuning import checkpoints as saved
from backend.finetuning.base import TrainingStatus
from backend.finetuning.files import READ, verify
from backend.finetuning.ranks import changes, figures
from backend.finetuning.retriever_rows import Item, Knowledge, compared, read, views, write
from backend.finetuning.retriever_run import Base
from tests.finetuning_extra.encoders import training
from tests.finetuning_extra.running import SECONDS, Training, Whole

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]


@pytest.fixture
def base(retriever: Whole) -> Path:
    return retriever.base


@pytest.fixture
def whole(retriever: Whole) -> tuple[Training, TrainingStatus]:
    return retriever.training, retriever.status


def test_the_loss_goes_down_and_held_out_questions_find_their_entries(whole: tuple[Training, TrainingStatus]) -> None:
    trained, status = whole
    learnt = trained.curve()
    steps = list(learnt)
    assert steps == list(range(1, len(steps) + 1))
    assert learnt[steps[-1]] < 0.7 * learnt[1]
    validated = trained.curve("mrr")
    assert next(iter(validated)) == 0
    assert len(validated) == 9
    assert validated.keys() == trained.curve("hit_at_1").keys()
    assert max(validated.values()) > validated[0] + 0.1
    assert status.result is not None
    before, after, *_ = status.result.metrics["mrr"]
    assert after > before + 0.1
    assert status.result.metrics["questions"] == [18.0]
    assert status.result.metrics["peak_memory_mb"][0] > 100


def test_what_comes_out_is_described_and_holds_no_pickle(whole: tuple[Training, TrainingStatus]) -> None:
    trained, status = whole
    assert status.result is not None
    verify(trained.folder, status.result.files)
    names = {file.path for file in status.result.files}
    parts = {"model.safetensors", "tokenizer.json", "config.json", "1_Pooling/config.json"}
    assert {f"model/{name}" for name in parts | {"config_sentence_transformers.json"}} < names
    assert {path.suffix for path in trained.folder.rglob("*") if path.is_file()} <= READ | {".jsonl"}
    assert not (trained.folder / saved.FOLDER).exists()
    assert not (trained.folder / "best").exists()


def test_our_figures_are_those_of_sentence_transformers_on_the_same_checkpoint(
    whole: tuple[Training, TrainingStatus],
) -> None:
    """Of whole entries by one text each, and of entries as the search weighs their views."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.evaluation import InformationRetrievalEvaluator
    from sentence_transformers.util import dot_score

    from backend.finetuning.retriever_output import ranks

    folder = whole[0].folder
    known = read(folder)
    asked = known.questions["held_out"]
    base = Base(folder=folder / "model", pooling="mean", query_prefix="query: ", document_prefix="passage: ")
    one_view = tuple(Item(views=item.views[1:], weights=[1.0], alike=item.alike) for item in known.items)
    theirs = SentenceTransformer(str(folder / "model"), local_files_only=True, device="cpu")
    for entries in (one_view, known.items):
        found = ranks(Knowledge(entries, known.questions), "held_out", base, folder / "model")
        evaluator = InformationRetrievalEvaluator(
            {str(at): one.text for at, one in enumerate(asked)},
            {str(at): item.views[-1] for at, item in enumerate(entries)},
            {str(at): {str(one.item)} for at, one in enumerate(asked)},
            mrr_at_k=[len(entries)],
            accuracy_at_k=[1, 5],
            score_functions={"dot": dot_score},
            write_csv=False,
        )
        corpus = torch_of(compared(entries, theirs.encode_document(views(entries))))
        scores = evaluator.compute_metrices(theirs, corpus_embeddings=corpus)["dot"]
        ours = changes(found, found, found)
        assert ours["mrr"][0] == pytest.approx(scores["mrr@k"][len(entries)], abs=1e-3)
        assert ours["hit_at_1"][0] == pytest.approx(scores["accuracy@k"][1], abs=1e-3)
        assert ours["hit_at_5"][0] == pytest.approx(scores["accuracy@k"][5], abs=1e-3)


def test_the_last_validation_is_that_of_the_model_as_the_search_asks_it(whole: tuple[Training, TrainingStatus]) -> None:
    from backend.finetuning.retriever_output import ranks

    folder = whole[0].folder
    base = Base(folder=folder / "model", pooling="mean", query_prefix="query: ", document_prefix="passage: ")
    mrr, _ = figures(ranks(read(folder), "validation", base, folder / "model"))
    assert mrr == pytest.approx(max(whole[0].curve("mrr").values()), abs=1e-3)


def torch_of(vectors: Vectors) -> object:
    import torch

    return torch.from_numpy(vectors)


def test_what_the_search_loads_has_the_vectors_of_sentence_transformers(
    whole: tuple[Training, TrainingStatus],
) -> None:
    from sentence_transformers import SentenceTransformer

    from backend.finetuning.retriever_output import embedded

    folder = whole[0].folder / "model"
    texts = [text for item in read(whole[0].folder).items for text in item.views]
    theirs = SentenceTransformer(str(folder), local_files_only=True, device="cpu").encode(texts)
    assert np.abs(embedded(folder, texts) - theirs).max() < 1e-3
    spec = read_folder(folder, name="tuned/x").spec
    assert (spec.dimension, spec.pooling, spec.query_prefix, spec.document_prefix) == (
        64,
        "mean",
        "query: ",
        "passage: ",
    )


async def test_a_training_that_finds_nothing_better_ends_early_and_keeps_the_best(base: Path, run: Path) -> None:
    """So slow that no rank changes: what comes out is the base model."""
    async with training(run, base, {"learning_rate": 1e-12, "patience": 2}) as one:
        status = await one.result()
        assert status.result is not None
        assert len(one.curve("mrr")) == 3
        assert "the base model as it was" in status.result.notes[0]
        before, after, *_ = status.result.metrics["mrr"]
        assert before == after
        assert (run / "model" / "model.safetensors").read_bytes() == (base / "model.safetensors").read_bytes()


async def test_without_questions_to_validate_with_the_last_state_is_kept_and_it_is_said(base: Path, run: Path) -> None:
    async with training(run, base, {"epochs": 1}) as one:
        known = read(run)
        write(run, known.items, {**known.questions, "validation": ()})
        status = await one.result()
        assert status.result is not None
        assert "no questions to validate with" in status.result.notes[0]
        assert one.curve("mrr") == {}
        assert status.result.metrics["mrr"][0] != status.result.metrics["mrr"][1]


async def test_questions_of_one_entry_teach_nothing_and_it_is_said(base: Path, run: Path) -> None:
    async with training(run, base) as one:
        known = read(run)
        write(run, known.items, {**known.questions, "train": known.questions["train"][:2]})
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, InvalidRequest)
        assert "fewer than two" in str(status.error)


@pytest.mark.fault("B9")
async def test_a_base_model_with_a_pickle_or_a_module_of_its_own_is_not_run(base: Path, tmp_path: Path) -> None:
    pickled, modular = (shutil.copytree(base, tmp_path / name) for name in ("pickled", "modular"))
    (pickled / "pytorch_model.bin").write_bytes(b"anything")
    (modular / "canary.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')")
    for folder in (pickled, modular):
        async with training(tmp_path / folder.name / "run", folder) as one:
            await one.start()
            status = await one.ended()
            assert isinstance(status.error, UnusableModel)
            assert "is refused" in str(status.error)
    assert not (tmp_path / "ran").exists()


@pytest.mark.fault("B9")
async def test_modules_that_a_folder_names_are_not_imported(base: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(base, tmp_path / "named")
    modules = json.loads((folder / "modules.json").read_text())
    modules[2]["type"] = "antigravity.Normalize"
    (folder / "modules.json").write_text(json.dumps(modules))
    async with training(tmp_path / "run", folder) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, UnusableModel)
        assert "'antigravity.Normalize'" in str(status.error).replace('"', "'")


@pytest.mark.fault("B8")
async def test_a_base_model_that_is_cut_is_refused(base: Path, tmp_path: Path) -> None:
    cut = shutil.copytree(base, tmp_path / "cut")
    weights = cut / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1000])
    async with training(tmp_path / "run", cut) as one:
        await one.start()
        status = await one.ended()
        assert isinstance(status.error, UnusableModel)
