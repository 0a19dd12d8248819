"""The training itself: sentence-transformers', from the last whole checkpoint on, its curves written as they come.

Questions are drawn to the texts that answer them and away from those of the others in the batch: the loss with
multiple negatives (Henderson and others, 2017).
"""

import shutil
import time
from pathlib import Path
from typing import Any, Final

import safetensors.torch
import torch
from datasets import Dataset
from sentence_transformers import (
    SentenceTransformer,
    SentenceTransformerTrainer,
    SentenceTransformerTrainingArguments,
)
from sentence_transformers.base.evaluation import BaseEvaluator
from sentence_transformers.base.modules import Normalize, Transformer
from sentence_transformers.sentence_transformer.losses import MultipleNegativesRankingLoss
from sentence_transformers.sentence_transformer.modules import Pooling
from transformers import TrainerCallback

from backend.finetuning import checkpoints
from backend.finetuning.failures import loading
from backend.finetuning.ranks import figures, ranks_of
from backend.finetuning.retriever_batches import ApartBatches
from backend.finetuning.retriever_rows import Knowledge, answers, compared, some, views
from backend.finetuning.retriever_run import HIT_AT_1, MRR, Base, Run
from backend.finetuning.torch_run import TRAIN_LOSS, settings
from backend.finetuning.trainer_checkpoints import Reporter, SafeCheckpoints

BEST: Final = "best"
WEIGHTS: Final = "model.safetensors"
ASKED: Final = 200
AMONG: Final = 500
"""Validation asks so many questions, and looks among so many items, that it stays a small part of training."""


LOGGED: Final = {"loss": TRAIN_LOSS, f"eval_{MRR}": MRR, f"eval_{HIT_AT_1}": HIT_AT_1}
"""Our names of what the trainer logs."""


class Contrast(SafeCheckpoints, SentenceTransformerTrainer):  # type: ignore[misc]  # not installed where types are checked
    """Resumes from a folder that `checkpoints` verified."""

    def _save_weights(self, folder: Path) -> None:
        save_weights(self.model, folder / WEIGHTS)

    def _load_from_checkpoint(self, checkpoint_path: str) -> None:
        load_weights(self.model, Path(checkpoint_path) / WEIGHTS)

    def add_model_card_callback(self, default_args_dict: dict[str, Any]) -> None:
        """A model card is not written."""


class Validation(BaseEvaluator):  # type: ignore[misc]  # as above
    """Ranks as the search does, by the model as it is: texts are read whole, also where training cuts them."""

    def __init__(self, knowledge: Knowledge, base: Base, *, batch: int, tokens: int) -> None:
        super().__init__()
        self._asked = knowledge.questions["validation"]
        self._items = knowledge.items
        self._base = base
        self._batch = batch
        self._tokens = tokens

    def __call__(self, model: Any, *_: object, **__: object) -> dict[str, float]:
        queries = self._embed(model, [self._base.query_prefix + one.text for one in self._asked])
        items = self._embed(model, [self._base.document_prefix + text for text in views(self._items)])
        mrr, hit_at_1 = figures(ranks_of(queries, answers(self._asked), compared(self._items, items)))
        return {MRR: mrr, HIT_AT_1: hit_at_1}

    def _embed(self, model: Any, texts: list[str]) -> Any:
        trained, model.max_seq_length = model.max_seq_length, self._tokens
        try:
            return model.encode(texts, batch_size=self._batch, show_progress_bar=False, convert_to_numpy=True)
        finally:
            model.max_seq_length = trained


class BestKept(TrainerCallback):  # type: ignore[misc]  # as above
    """Keeps the weights of the best validation, and ends a training that finds nothing better."""

    def __init__(self, run: Run) -> None:
        self._run = run

    def on_evaluate(self, args: Any, state: Any, control: Any, *, model: Any, **_: object) -> None:  # noqa: ARG002 - theirs
        best = self._run.best()
        if best is not None and best.step == state.global_step > 0:
            draft = checkpoints.begin(self._run.folder / BEST)
            save_weights(model, draft / WEIGHTS)
            checkpoints.seal(draft, state.global_step)
        control.should_training_stop = control.should_training_stop or self._run.is_over


def trained(run: Run) -> Path | None:
    """The file of the weights that are kept; None where nothing that was learnt made validation better."""
    root = run.folder / checkpoints.FOLDER
    found = checkpoints.newest(root)
    step = found[1] if found else -1
    run.points.cut(after_step=step)
    _forget_later(run.folder / BEST, step)
    reporter = Reporter(run.advance, lambda state, logs: _logged(run, state, logs), time.monotonic)
    trainer = _trainer(run, reporter)
    run.advance(0, 0)
    if run.is_validated and found is None:
        trainer.evaluate()
    if found is None or not run.is_over:
        trainer.train(resume_from_checkpoint=str(found[0]) if found else None)
    else:
        load_weights(trainer.model, found[0] / WEIGHTS)
    run.seconds = reporter.seconds
    if not run.is_validated:
        last = run.folder / BEST / WEIGHTS
        last.parent.mkdir(exist_ok=True)
        save_weights(trainer.model, last)
        return last
    best = checkpoints.newest(run.folder / BEST)
    return best[0] / WEIGHTS if best is not None else None


def _forget_later(root: Path, step: int) -> None:
    """Best states that lie behind the checkpoint from which training goes on: they come again."""
    while (found := checkpoints.newest(root)) is not None and found[1] > step:
        shutil.rmtree(found[0])


def _trainer(run: Run, reporter: Reporter) -> Contrast:
    given = run.parameters
    model = sentence_transformer(run.base, run.lengths.trained)
    asked = some(run.knowledge, "validation", questions=ASKED, items=AMONG)
    rows = {
        "question": [run.base.query_prefix + pair.question for pair in run.pairs],
        "text": [run.base.document_prefix + pair.text for pair in run.pairs],
    }
    return Contrast(
        model=model,
        args=_settings(run),
        train_dataset=Dataset.from_dict(rows),
        loss=MultipleNegativesRankingLoss(model, scale=1 / given.temperature),
        evaluator=Validation(asked, run.base, batch=given.batch, tokens=run.lengths.whole),
        callbacks=[reporter, BestKept(run)],
    )


def sentence_transformer(base: Base, tokens: int) -> Any:
    """That reads so many tokens of a text. Put together here: modules that a folder names would be imported."""
    only_here = {"local_files_only": True, "trust_remote_code": False}
    with loading("weights"):
        transformer = Transformer(
            str(base.folder),
            max_seq_length=tokens,
            model_kwargs={**only_here, "use_safetensors": True, "dtype": torch.float32},
            processor_kwargs=dict(only_here),
            config_kwargs=dict(only_here),
        )
        width = transformer.get_embedding_dimension()
        return SentenceTransformer(modules=[transformer, Pooling(width, pooling_mode=base.pooling), Normalize()])


def save_weights(model: Any, path: Path) -> None:
    """Of the transformer alone: pooling and normalizing have none. Float32, by the names that rust_accel reads."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model[0].auto_model.state_dict().items()}
    safetensors.torch.save_file(tensors, path, metadata={"format": "pt"})


def load_weights(model: Any, path: Path) -> None:
    model[0].auto_model.load_state_dict(safetensors.torch.load_file(path))


def _settings(run: Run) -> Any:
    given = run.parameters
    groups = [pair.alike for pair in run.pairs]
    return SentenceTransformerTrainingArguments(
        **settings(run, given, is_validated=run.is_validated),
        lr_scheduler_type="linear",
        batch_sampler=lambda _dataset, **_: ApartBatches(groups, batch=given.batch, seed=given.seed),
    )


def _logged(run: Run, state: Any, logs: dict[str, float]) -> None:
    given = run.parameters
    remedy = f"lower learning_rate ({given.learning_rate:g}) or raise temperature ({given.temperature:g})"
    run.log(state, logs, LOGGED, remedy=remedy)
