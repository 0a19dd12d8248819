"""Search models on the pages: begun on a model of this machine, followed, and a collection that moves to one."""

import pytest

from contracts.datasets import Dataset
from contracts.finetuning import TunedModel
from tests.api.search_models import without_torch
from tests.frontend.conftest import Pages
from tests.frontend.looking import field, keys, labelled, press, words
from tests.frontend.tuning import TUNE, told

CHAT = "pages/2_Chat.py"
COMPARE = "pages/4_Compare.py"


@pytest.fixture(autouse=True)
def _copying(monkeypatch: pytest.MonkeyPatch) -> None:
    without_torch(monkeypatch)


@pytest.fixture
def search_model(approved: Pages, dataset: Dataset) -> TunedModel:
    page = approved.open(TUNE, view="train", on=str(dataset.id))
    field(page.radio, "train_method").set_value("retriever").run()
    labelled(page.text_input, "Name of the model").set_value("Our words").run()
    press(page, "start_training")
    approved.drain()
    [model] = approved.api.tuned_models().items
    return model


def test_a_search_model_is_begun_with_a_model_of_this_machine(approved: Pages, dataset: Dataset) -> None:
    page = approved.open(TUNE, view="train", on=str(dataset.id))
    field(page.radio, "train_method").set_value("retriever").run()
    assert labelled(page.selectbox, "Begin with").options == ["MiniLM"]
    assert "Fast, and comes with AI Nexus" in "\n".join(str(one.value) for one in page.caption)
    assert labelled(page.number_input, "Patience, in validations").value == 3
    assert labelled(page.selectbox, "Collection").value is not None
    labelled(page.number_input, "Longest text, in tokens").set_value(64).run()
    press(page, "start_training")
    [training] = approved.api.trainings().items
    assert (training.method, training.parameters["max_length"]) == ("retriever", 64)
    approved.drain()
    page.run()
    assert "The right answer comes first for" in words(page)
    assert field(page.button, "open_outcome").label == "Use it in a collection"
    assert not keys(page, "compare_outcome")


def test_a_search_model_goes_on_from_one_that_was_trained_here(
    approved: Pages, dataset: Dataset, search_model: TunedModel
) -> None:
    page = approved.open(TUNE, view="train", on=str(dataset.id))
    field(page.radio, "train_method").set_value("retriever").run()
    box = labelled(page.selectbox, "Begin with")
    assert box.options == ["MiniLM", search_model.name]
    box.set_value(f"tuned/{search_model.name}").run()
    assert "Trained here on" in "\n".join(str(one.value) for one in page.caption)
    press(page, "start_training")
    approved.drain()
    training = approved.api.trainings().items[0]
    assert (training.base_model, training.job.status) == (f"tuned/{search_model.name}", "succeeded")


def test_a_collection_moves_to_it_from_its_page(approved: Pages, search_model: TunedModel) -> None:
    page = approved.open(TUNE, model=str(search_model.id))
    assert "None yet" in words(page)
    assert not keys(page, "ask_model")
    assert not keys(page, "compare_model")
    press(page, "move_button")
    [collection] = approved.api.collections().items
    assert keys(page, "cancel_") or collection.embedding_model == "tuned/Our words"
    approved.drain()
    page.run()
    [collection] = approved.api.collections().items
    assert collection.embedding_model == "tuned/Our words"
    assert f"**{collection.name}**" in words(page)
    assert not keys(page, "move_button")
    press(page, "delete_model")
    press(page, "delete_confirm")
    assert "switch it to another embedding model first" in words(page)


def test_it_is_offered_where_search_models_are_chosen_and_not_where_somebody_is_asked(
    approved: Pages, search_model: TunedModel
) -> None:
    settings = approved.open("pages/9_Settings.py")
    assert f"**{search_model.name}**" in words(settings)
    chat = approved.open(CHAT, model=str(search_model.id))
    assert "model" not in chat.query_params
    assert not [one for box in chat.selectbox for one in box.options if search_model.name in one]
    compare = approved.open(COMPARE)
    assert not [one for box in compare.selectbox for one in box.options if search_model.name in one]


def test_one_that_finds_less_says_what_to_leave_as_it_is(
    approved: Pages, search_model: TunedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = [
        one.model_copy(update={"before": 0.9, "after": 0.7, "low": -0.3, "high": -0.1}) for one in search_model.changes
    ]
    told(monkeypatch, "tuned_model", lambda one: one.model_copy(update={"changes": worse}))
    page = approved.open(TUNE, model=str(search_model.id))
    assert "Leave the collections as they are" in words(page)
