"""The start form for a model that is trained on this machine: what to choose, what it needs, what will be of it."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from backend.finetuning.lora_run import LoraParameters
from contracts.datasets import Dataset
from contracts.finetuning import MethodChoice, MethodParameter, NewTraining, TrainingEstimate, TrainingMethod
from contracts.jobs import JobStatus
from contracts.page import Page
from frontend.api_client import Api
from frontend.components.training_estimate import needs_words
from frontend.components.training_parameters import OF_METHOD, PARAMETERS
from frontend.safe_text import code, plain
from tests.frontend.conftest import Pages
from tests.frontend.looking import labelled, words
from tests.frontend.tuning import TUNE, told

NUMBERS = {name: value for name, value in LoraParameters().model_dump().items() if name != "kind"}
FITS = TrainingEstimate(
    tokens=1000,
    epochs=3,
    cost_usd=None,
    memory_mb=8000,
    machine_memory_mb=22_000,
    free_memory_mb=19_000,
    disk_mb=1500,
    free_disk_mb=90_000,
)


def installed(methods: list[TrainingMethod]) -> list[TrainingMethod]:
    """With LoRA, as where its packages are."""
    numbers = [
        MethodParameter(name=name, default=value, least=None, most=None, is_whole=isinstance(value, int))
        for name, value in NUMBERS.items()
    ]
    kinds = MethodChoice(name="kind", default="lora", options=["lora", "full"])
    there = {"missing": "", "parameters": numbers, "choices": [kinds]}
    return [one.model_copy(update=there if one.name == "lora" else {}) for one in methods]


def opened(pages: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> AppTest:
    """The form with LoRA chosen; what it sends for an estimate is in `sent`."""
    estimate = FITS.model_copy(update=changes)

    def estimated(_api: Api, new: NewTraining) -> TrainingEstimate:
        sent.append(new)
        return estimate

    sent.clear()
    told(monkeypatch, "training_methods", installed)
    monkeypatch.setattr(Api, "training_estimate", estimated)
    page = pages.open(TUNE, view="train", on=str(dataset.id))
    labelled(page.radio, "Method").set_value("lora").run()
    assert not page.exception
    return page


sent: list[NewTraining] = []


def test_lora_or_all_weights_is_chosen_and_only_what_counts_is_asked(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(approved, dataset, monkeypatch)
    kinds = labelled(page.radio, "What is trained")
    assert kinds.options == ["LoRA", "All weights"]
    assert all("memory" in caption for caption in kinds.proto.captions)
    assert "Rank" in [one.label for one in page.number_input]
    assert "kind" not in sent[-1].parameters
    kinds.set_value("full").run()
    assert sent[-1].parameters["kind"] == "full"
    assert not {"Rank", "Alpha", "Dropout"} & {one.label for one in page.number_input}


def test_every_number_of_lora_is_explained() -> None:
    explained = {name for name, (_, text) in PARAMETERS.items() if text} | {name for _, name in OF_METHOD}
    assert set(NUMBERS) <= explained


def test_what_it_needs_and_what_there_is_are_said_before_the_start(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(approved, dataset, monkeypatch)
    said = needs_words(FITS)
    assert said.startswith("It needs about 8.4 GB of memory and 1.6 GB of disk; 20 GB of 23 GB of memory and 94 GB")
    assert plain(said) in words(page)
    assert not page.warning
    assert not page.error


def test_what_keeps_it_from_beginning_and_what_is_to_be_known_are_said_before_the_start(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(
        approved,
        dataset,
        monkeypatch,
        obstacle="base_model: it is not here; fetch it with `hf download a/b`",
        memory_mb=None,
        disk_mb=None,
        warnings=["A model trained on this one is asked by transformers."],
    )
    assert [str(one.value) for one in page.error] == [f"It is not here; fetch it with {code('hf download a/b')}."]
    assert ["is asked by transformers" in str(one.value) for one in page.warning] == [True]


def test_more_memory_than_is_free_now_is_said(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    page = opened(approved, dataset, monkeypatch, free_memory_mb=5000)
    assert ["more memory than is free now" in str(one.value) for one in page.warning] == [True]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"memory_mb": None}, ""),
        ({"free_memory_mb": None, "machine_memory_mb": None}, "of disk; 94 GB of disk are free."),
    ],
)
def test_what_is_not_known_is_not_said(changes: dict[str, Any], said: str) -> None:
    text = needs_words(FITS.model_copy(update=changes))
    assert text.endswith(said)
    assert bool(text) is bool(said)


def test_what_is_to_be_known_stands_below_a_training_that_goes_on_and_is_not_why_one_was_cancelled(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    approved.api.train(NewTraining(dataset_id=dataset.id))
    changed: dict[str, Any] = {
        "status": JobStatus.RUNNING,
        "stage": "learning",
        "message": "it is asked by transformers",
    }
    told(monkeypatch, "job", lambda job: job.model_copy(update=changed))
    told(
        monkeypatch,
        "trainings",
        lambda page: Page(
            items=[one.model_copy(update={"job": one.job.model_copy(update=changed)}) for one in page.items]
        ),
    )
    assert "It is asked by transformers." in words(approved.open(TUNE, view="train"))
    changed["status"] = JobStatus.CANCELLED
    said = words(approved.open(TUNE, view="train"))
    assert "It was cancelled before it was done." in said
    assert "It is asked by transformers." not in said
