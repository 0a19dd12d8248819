"""Training of search models as a method: its options, and what the child is told."""

from importlib.util import find_spec
from pathlib import Path

import pytest
from pydantic import ValidationError

from backend.errors import MissingExtra
from backend.finetuning import METHODS
from backend.finetuning.base import BASE, Point, PointLog, TrainingOrder
from backend.finetuning.retriever_rows import Knowledge
from backend.finetuning.retriever_run import Arguments, Base, Lengths, RetrieverParameters, Run
from backend.finetuning.retriever_trainer import METHOD, RetrieverOptions, arguments


def test_options_out_of_bounds_or_unknown_are_refused() -> None:
    for wrong in ({"batch": 1}, {"learning_rate": 0}, {"max_length": 8}, {"rank": 4}, {"trust_remote_code": True}):
        with pytest.raises(ValidationError):
            RetrieverOptions.model_validate(wrong)


def test_an_order_becomes_the_arguments_of_the_child(tmp_path: Path) -> None:
    base = Base(folder=tmp_path / "base", pooling="cls", query_prefix="q: ")
    given = {**RetrieverOptions(epochs=2).model_dump(), BASE: base.model_dump(mode="json")}
    found = arguments(TrainingOrder(tmp_path / "run", "local/base", given))
    assert found.base == base
    assert found.parameters == RetrieverParameters(epochs=2)
    assert found.folder == (tmp_path / "run").resolve()


def test_the_method_makes_embeddings() -> None:
    assert METHOD.makes == "embeddings"


@pytest.mark.skipif(find_spec("sentence_transformers") is not None, reason="the extra is installed here")
def test_without_the_extra_it_is_said_how_to_get_it() -> None:
    with pytest.raises(MissingExtra, match="make finetune"):
        METHODS.get("retriever")


def run_of(folder: Path, values: list[float], *, patience: int = 2) -> Run:
    log = PointLog(folder)
    log.add(*(Point(name="mrr", step=at * 10, epoch=at, value=value) for at, value in enumerate(values)))
    parameters = RetrieverParameters(patience=patience)
    told = Arguments(folder=folder, base=Base(folder=folder, pooling="mean"), parameters=parameters)
    return Run(
        arguments=told,
        points=log,
        report=lambda *_: None,
        knowledge=Knowledge((), {"validation": ()}),
        pairs=[],
        lengths=Lengths(8, 8, 8),
    )


@pytest.mark.parametrize(
    ("values", "best", "is_over"),
    [
        ([0.5], 0, False),
        ([0.5, 0.4, 0.3], 0, True),
        ([0.5, 0.6, 0.6], 10, False),
        ([0.5, 0.6, 0.6, 0.5], 10, True),
        ([0.5, 0.4, 0.6, 0.5], 20, False),
    ],
)
def test_a_training_is_over_once_validation_has_not_grown_better_for_a_while(
    tmp_path: Path, values: list[float], best: int, is_over: bool
) -> None:
    run = run_of(tmp_path, values)
    found = run.best()
    assert found is not None
    assert (found.step, run.is_over) == (best, is_over)
