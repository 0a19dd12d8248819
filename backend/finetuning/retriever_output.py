"""What a training of a search model leaves: the folder that rust_accel loads, and its figures on held-out questions."""

import json
import shutil
from pathlib import Path
from typing import Final

import numpy as np

from backend.embeddings.base import Vectors
from backend.finetuning.base import TrainingResult
from backend.finetuning.files import described
from backend.finetuning.machine import peak_memory
from backend.finetuning.model_folder import CONFIG, TOKENIZER
from backend.finetuning.ranks import RANKS, Rows, changes, ranks_of, save_ranks
from backend.finetuning.retriever_rows import Knowledge, answers, compared, views
from backend.finetuning.retriever_run import MODEL, Base, Run
from backend.finetuning.retriever_task import loaded

WEIGHTS: Final = "model.safetensors"
POOLING: Final = "1_Pooling/config.json"
PROMPTS: Final = "config_sentence_transformers.json"
MODULES: Final = "modules.json"
LIMIT: Final = "sentence_bert_config.json"
KEPT: Final = (CONFIG, TOKENIZER, "tokenizer_config.json", "special_tokens_map.json")
"""Of the base model, as they are: training changes the weights alone."""
EMBEDDED: Final = 64
"""Texts between two looks at whether the job still wants this."""


def result(run: Run, weights: Path | None) -> TrainingResult:
    """Written, and described. Without `weights` the model is the base model as it was."""
    folder = run.folder / MODEL
    export(run.base, folder, weights or run.base.folder / WEIGHTS)
    if weights is None:
        run.notes.append(_no_better(run))
    metrics = {"peak_memory_mb": [peak_memory()]}
    if run.seconds:
        metrics["seconds_per_step"] = [sum(run.seconds) / len(run.seconds)]
    names = [str(path.relative_to(run.folder)) for path in sorted(folder.rglob("*")) if path.is_file()]
    if asked := run.knowledge.questions["held_out"]:
        before, after = (ranks(run.knowledge, "held_out", run.base, model) for model in (run.base.folder, folder))
        save_ranks(run.folder, before, after)
        metrics |= changes(before, after, answers(asked))
        names.append(RANKS)
    return TrainingResult(files=described(run.folder, *names), metrics=metrics, notes=run.notes)


def _no_better(run: Run) -> str:
    first = run.validations()[0].value
    why = (
        "The validation questions found their answers first before it, so that nothing could do better; more approved "
        "FAQs, or paraphrases by a model, give it something to learn"
        if first == 1
        else "Nothing that was learnt made the validation better"
    )
    return f"{why}: the model is the base model as it was, and a collection gains nothing by moving to it."


def export(base: Base, folder: Path, weights: Path) -> None:
    """A folder that the search loads. What an earlier attempt left there is gone."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / POOLING).parent.mkdir(parents=True)
    for name in KEPT:
        if (base.folder / name).is_file():
            shutil.copyfile(base.folder / name, folder / name)
    shutil.copyfile(weights, folder / WEIGHTS)
    encoder = loaded(base.folder)
    parts = [("", "Transformer"), (POOLING.partition("/")[0], "Pooling"), ("2_Normalize", "Normalize")]
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(parts)
    ]
    pooling = {
        "word_embedding_dimension": encoder.dimension,
        "pooling_mode_cls_token": base.pooling == "cls",
        "pooling_mode_mean_tokens": base.pooling == "mean",
    }
    _write(folder / MODULES, modules)
    _write(folder / POOLING, pooling)
    _write(folder / LIMIT, {"max_seq_length": encoder.max_tokens, "do_lower_case": False})
    _write(folder / PROMPTS, {"prompts": {"query": base.query_prefix, "document": base.document_prefix}})


def ranks(knowledge: Knowledge, split: str, base: Base, model: Path) -> Rows:
    """int64[n]: the place of each question's item among all, by the vectors that the search has."""
    asked = knowledge.questions[split]
    queries = embedded(model, [base.query_prefix + one.text for one in asked])
    items = embedded(model, [base.document_prefix + text for text in views(knowledge.items)])
    return ranks_of(queries, answers(asked), compared(knowledge.items, items))


def embedded(model: Path, texts: list[str]) -> Vectors:
    """float32[n, d], by rust_accel."""
    encoder = loaded(model)
    parts = [encoder.embed(texts[first : first + EMBEDDED]) for first in range(0, len(texts), EMBEDDED)]
    return np.concatenate(parts)


def _write(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")
