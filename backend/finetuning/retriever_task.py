"""A whole embedding model is trained in a limited child process, by sentence-transformers: questions in, a model out.

The run's folder has `items.jsonl` and the questions of each split; it gets `checkpoints/` and `best/`, then `model/`,
which rust_accel loads.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from backend.errors import InvalidRequest, UnusableModel
from backend.finetuning import checkpoints, machine, model_folder
from backend.finetuning.base import PointLog, write_result
from backend.finetuning.failures import explained
from backend.finetuning.needs import Plan, Shape
from backend.finetuning.retriever_rows import pairs, read
from backend.finetuning.retriever_run import Arguments, Lengths, Run
from backend.finetuning.torch_run import require_resources
from backend.jobs.child_main import Report
from rust_accel import Embedder as Encoder

LESS_MEMORY: Final = "lower batch, lower max_length, or choose a smaller base model"


def main(arguments: Arguments, report: Report) -> Iterable[BaseModel]:
    report(0, None)
    machine.offline()
    with explained(LESS_MEMORY):
        run = _prepared(arguments, report)
        _require_resources(run)

        from backend.finetuning.retriever_output import result
        from backend.finetuning.retriever_training import BEST, trained

        found = result(run, trained(run))
    write_result(arguments.folder, found)
    for name in (checkpoints.FOLDER, BEST):
        shutil.rmtree(arguments.folder / name, ignore_errors=True)
    return []


def _prepared(arguments: Arguments, report: Report) -> Run:
    model_folder.check(arguments.base.folder)
    knowledge = read(arguments.folder)
    found = pairs(knowledge)
    if len({pair.alike for pair in found}) < 2:
        raise InvalidRequest(
            "a search model learns to tell entries apart, and the training questions lead to fewer than two; approve "
            "more FAQs, or give training a larger share of the dataset"
        )
    encoder = loaded(arguments.base.folder)
    base = arguments.base
    texts = {base.query_prefix + pair.question for pair in found} | {base.document_prefix + pair.text for pair in found}
    longest = int(encoder.count_tokens(list(texts)).max())
    lengths = Lengths(whole=encoder.max_tokens, longest=longest, most=arguments.parameters.max_length)
    run = Run(
        arguments=arguments,
        points=PointLog(arguments.folder),
        report=report,
        knowledge=knowledge,
        pairs=found,
        lengths=lengths,
    )
    if not run.is_validated:
        run.notes.append("There were no questions to validate with, so that the last state was kept, not the best.")
    return run


def loaded(folder: Path) -> Encoder:
    """The model as the search uses it. Raises `UnusableModel` for one that rust_accel does not read."""
    try:
        return Encoder(folder)
    except (OSError, ValueError) as exc:
        raise UnusableModel(f"the embedding model cannot be loaded: {exc}; choose another base model") from exc


def _require_resources(run: Run) -> None:
    shape = _shape(run.base.folder)
    # A question and a text each; the best state is kept beside the checkpoints, of two validations.
    plan = Plan(rank=None, batch=2 * run.parameters.batch, longest=run.lengths.trained, best=2)
    require_resources(run, shape, plan)


def _shape(base: Path) -> Shape:
    """Without a vocabulary: no word is scored."""
    config = model_folder.config(base)
    layers, width = (int(str(config.get(name, 0))) for name in ("num_hidden_layers", "hidden_size"))
    return Shape.of(model_folder.tensors(base), layers, width, 0)
