"""The fine-tune page over the real app: datasets, trainings, models, and everything that may be wrong with them."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import uuid4

import pytest

from contracts.access import Role
from contracts.datasets import Dataset, DatasetFinding, NewDataset, RewordBy
from contracts.finetuning import Training, TunedModel
from contracts.jobs import JobStatus
from contracts.page import Page
from contracts.problem import Problem
from contracts.providers import ProviderSettings
from frontend.api_client import Api
from tests.frontend.conftest import KeyPages, Pages
from tests.frontend.looking import address, field, keys, labelled, press, words
from tests.frontend.tuning import TUNE, make, told, unmade

FINDING = DatasetFinding(code="empty", severity="error", rows=[], text="a question is empty: write *one*")


# --- what there is --------------------------------------------------------------
def test_without_approved_faqs_the_page_leads_to_the_review(pages: Pages) -> None:
    page = pages.open(TUNE)
    assert "No approved FAQs yet" in words(page)
    assert "Teach the search from your approved FAQs" in words(page)
    assert not keys(page, "make_first")


def test_a_server_that_is_away_is_never_shown_as_nothing_yet(approved: Pages) -> None:
    page = approved.open(TUNE)
    assert "No dataset yet" in words(page)
    approved.transport.is_down = True
    page.run()
    assert "yet" not in words(page)
    assert any("not reachable" in str(element.proto.title) for element in page.warning)


@pytest.mark.parametrize(("role", "is_offered"), [(Role.ML_ENGINEER, True), (Role.ANALYST, False), (Role.SALES, False)])
def test_the_page_is_offered_to_whom_may_read_models(key_pages: KeyPages, role: Role, is_offered: bool) -> None:
    from frontend.layout import TUNE as PAGE
    from frontend.layout import offered

    key_pages.sign_in(role)
    me = Api(key_pages.api._http, key_pages.new_key(role)).me()
    assert bool(offered([PAGE], me)) is is_offered


def test_an_ml_engineer_may_do_all_but_change_agents(key_pages: KeyPages) -> None:
    page = key_pages.sign_in(Role.ML_ENGINEER, TUNE)
    assert "No approved FAQs yet" in words(page)
    assert keys(page, "import_first") == [""]


# --- datasets --------------------------------------------------------------------
def test_a_model_that_is_set_up_can_write_the_paraphrases(approved: Pages) -> None:
    settings = ProviderSettings(base_url="http://127.0.0.1:9/v1", model="small")
    approved.api.save_provider("openai-compatible", settings)
    page = press(approved.open(TUNE), "make_first")
    writer = labelled(page.selectbox, "Written by")
    assert writer.value == "Rules, without a model"
    writer.set_value("OpenAI-compatible server, small")
    labelled(page.number_input, "Stop paraphrasing at tokens").set_value(5_000)
    labelled(page.button, "Make the dataset").click().run()
    [made] = approved.api.datasets().items
    assert made.recipe is not None
    assert made.recipe.reword_by == RewordBy(provider="openai-compatible", model="small", budget_tokens=5_000)


def test_a_dataset_is_made_with_what_the_dialog_begins_with(approved: Pages) -> None:
    page = press(approved.open(TUNE), "make_first")
    assert labelled(page.text_input, "Name").value == "Support"
    labelled(page.button, "Make the dataset").click().run()
    [made] = approved.api.datasets().items
    assert made.recipe == NewDataset(name="Support")
    approved.drain()
    page.run()
    assert keys(page, "train_") == [str(made.id)]
    assert "to train on" in words(page)


def test_only_faqs_that_were_changed_on_these_days_go_in(approved: Pages) -> None:
    page = press(approved.open(TUNE), "make_first")
    first, last = date(2026, 3, 30), date(2026, 4, 2)
    labelled(page.date_input, "Changed from").set_value(first)
    labelled(page.date_input, "Changed until").set_value(last)
    labelled(page.button, "Make the dataset").click().run()
    assert "No approved FAQ fits this choice" in words(page)
    labelled(page.date_input, "Changed until").set_value(date(2036, 1, 1))
    labelled(page.button, "Make the dataset").click().run()
    [made] = approved.api.datasets().items
    assert made.recipe is not None
    assert made.recipe.filter.since == datetime(2026, 3, 30, tzinfo=UTC)
    assert made.recipe.filter.until == datetime(2036, 1, 2, tzinfo=UTC), "that day included"


def test_a_choice_without_any_faq_is_refused_in_the_dialog(approved: Pages) -> None:
    page = press(approved.open(TUNE), "make_first")
    labelled(page.multiselect, "Tags").set_value(["nobody"])
    labelled(page.button, "Make the dataset").click().run()
    assert "No approved FAQ fits this choice" in words(page)
    assert not approved.api.datasets().items


def test_a_name_is_asked_for_before_the_api_is(approved: Pages) -> None:
    page = press(approved.open(TUNE), "make_first")
    labelled(page.text_input, "Name").set_value(" ")
    labelled(page.button, "Make the dataset").click().run()
    assert [str(error.value) for error in page.error] == ["Give the dataset a name."]


def test_a_dataset_shows_its_figures_findings_and_rows(approved: Pages, dataset: Dataset) -> None:
    page = approved.open(TUNE, view="datasets", dataset=str(dataset.id))
    figures = {metric.label: metric.value for metric in page.metric}
    assert figures["Training rows"] == f"{dataset.train:,}"
    assert figures["Held-out rows"] == f"{dataset.held_out:,}"
    assert [one.label for one in page.expander if "warning" in one.label] == ["1 warning"]
    table = page.dataframe[0].value
    assert len(table) == 20
    assert table["FAQ"][0].startswith("/FAQ_Extraction?faq=")
    field(page.button_group, "row_split").set_value("held_out").run()
    assert set(page.dataframe[0].value["Split"]) == {"Held out"}


def test_the_rows_are_read_page_by_page(approved: Pages, dataset: Dataset) -> None:
    page = approved.open(TUNE, dataset=str(dataset.id))
    first = list(page.dataframe[0].value["Question"])
    press(page, "rows_pager_on")
    assert "21 to 40" in words(page)
    assert list(page.dataframe[0].value["Question"]) != first
    press(page, "rows_pager_back")
    assert list(page.dataframe[0].value["Question"]) == first


def test_a_dataset_that_is_made_tells_how_far_it_is_and_can_be_cancelled(
    approved: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = make(approved)
    told(monkeypatch, "datasets", unmade)
    told(monkeypatch, "dataset", lambda one: one.model_copy(update={"content_hash": None}))
    going = {"status": JobStatus.RUNNING, "stage": "embedding", "done": 30, "total": 65, "progress": 0.4}
    told(monkeypatch, "job", lambda job: job.model_copy(update=going))
    for query in ({}, {"dataset": str(made.id)}):
        page = approved.open(TUNE, **query)
        assert "Being made" in words(page)
        assert [bar.proto.text for bar in page.get("progress")] == [
            "Reading what the questions mean · 30 of 65 questions"
        ]
        assert keys(page, "cancel_") == [str(made.job_id)]
        assert not keys(page, "train_")


def test_a_dataset_that_is_made_while_the_page_is_read_is_shown_as_made(
    approved: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(approved)
    asked, answers = Api.datasets, [unmade]
    monkeypatch.setattr(Api, "datasets", lambda api: answers.pop()(asked(api)) if answers else asked(api))
    page = approved.open(TUNE)
    assert "Ready" in words(page)
    assert "cancelled" not in words(page)


def test_a_deletion_that_was_cut_short_can_be_gone_on_with(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, "datasets", unmade)
    page = approved.open(TUNE)
    assert "Deleting it was cut short" in words(page)
    press(page, f"delete_{dataset.id}")
    press(page, "delete_confirm")
    assert not approved.api.datasets().items


def test_errors_of_a_dataset_are_said_and_keep_it_from_being_trained_on(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty: dict[str, Any] = {"errors": 1, "findings": [FINDING], "found": {"empty": 1}}
    told(monkeypatch, "dataset", lambda one: one.model_copy(update=faulty))
    told(monkeypatch, "datasets", lambda page: Page(items=[one.model_copy(update=faulty) for one in page.items]))
    page = approved.open(TUNE, dataset=str(dataset.id))
    assert [one.proto.title for one in page.error] == ["1 error: this version cannot be trained on"]
    assert r"A question is empty\: write \*one\*" in words(page)
    assert not keys(page, "train_on_it")
    page = approved.open(TUNE, view="train")
    assert "Support, version 1 cannot be chosen" in words(page)
    assert not keys(page, "start_training")


def test_a_dataset_that_could_not_be_made_says_why_and_can_be_begun_again(
    approved: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(approved)
    problem = Problem(
        title="The disk is full", status=507, detail="free some space", code="storage_full", retryable=True
    )
    failed: dict[str, Any] = {"status": JobStatus.FAILED, "error": problem}
    told(monkeypatch, "datasets", unmade)
    told(monkeypatch, "job", lambda job: job.model_copy(update=failed))
    page = approved.open(TUNE)
    assert "The disk is full.] Free some space." in words(page)
    assert len(keys(page, "retry_")) == 1


def test_a_dataset_that_a_model_was_trained_on_says_so_when_it_is_deleted(approved: Pages, model: TunedModel) -> None:
    page = press(approved.open(TUNE), f"delete_{model.dataset_id}")
    press(page, "delete_confirm")
    assert "delete the model first" in words(page)
    approved.api.delete_model(model.id)
    press(page, "delete_confirm")
    assert not approved.api.datasets().items
    assert "No dataset yet" in words(page)


def test_a_dataset_that_is_gone_is_said_and_not_an_empty_one(approved: Pages) -> None:
    page = approved.open(TUNE, dataset=str(uuid4()))
    assert [one.proto.title for one in page.error] == ["This is not here any more"]


class Lines:
    """A file of rows as the uploader hands it on."""

    name, type = "rows.csv", "text/csv"

    def __init__(self, content: bytes) -> None:
        self.size, self._left = len(content), content

    def read(self, size: int = -1, /) -> bytes:
        taken, self._left = (self._left, b"") if size < 0 else (self._left[:size], self._left[size:])
        return taken


def test_a_file_that_was_exported_is_taken_again(approved: Pages, dataset: Dataset) -> None:
    content = approved.api.export_dataset(dataset.id, "csv", metadata=True)
    accepted = approved.api.import_dataset("Copy", Lines(content))
    approved.drain()
    copy = approved.api.dataset(accepted.dataset.id)
    assert (copy.file, copy.train, copy.content_hash) == ("rows.csv", dataset.train, dataset.content_hash)
    assert r"rows\.csv" in words(approved.open(TUNE, dataset=str(copy.id))).replace("rows.csv", r"rows\.csv")


# --- trainings -------------------------------------------------------------------
def test_a_training_is_begun_followed_and_leads_to_its_model(approved: Pages, dataset: Dataset) -> None:
    page = press(approved.open(TUNE), f"train_{dataset.id}")
    assert labelled(page.text_input, "Name of the model").value == "Support v1 tuned retrieval"
    press(page, "start_training")
    [training] = approved.api.trainings().items
    assert (training.method, training.name) == ("adapter", "Support v1 tuned retrieval")
    assert address(page, "training") == str(training.id)
    assert keys(page, "cancel_") == [str(training.id)]
    approved.drain()
    page.run()
    assert "The right answer comes first for" in words(page)
    press(page, "open_outcome")
    assert "How early on average (MRR)" in str(page.table[0].value)


def test_a_name_says_what_is_made_and_one_that_was_typed_stays(approved: Pages, dataset: Dataset) -> None:
    page = approved.open(TUNE, view="train", on=str(dataset.id))
    for method, name in (
        ("lora", "Support v1 fine-tuned model"),
        ("retriever", "Support v1 search model"),
        ("adapter", "Support v1 tuned retrieval"),
    ):
        field(page.radio, "train_method").set_value(method).run()
        assert labelled(page.text_input, "Name of the model").value == name
    labelled(page.text_input, "Name of the model").set_value("Ours").run()
    field(page.radio, "train_method").set_value("lora").run()
    assert labelled(page.text_input, "Name of the model").value == "Ours"
    field(page.radio, "train_method").set_value("adapter").run()
    press(page, "start_training")
    [training] = approved.api.trainings().items
    assert training.name == "Ours"
    assert labelled(approved.open(TUNE, view="train").text_input, "Name of the model").value != "Ours"


def test_only_what_differs_from_the_defaults_is_sent(approved: Pages, dataset: Dataset) -> None:
    page = approved.open(TUNE, view="train", on=str(dataset.id))
    assert labelled(page.number_input, "Epochs, at most").value == 20
    assert labelled(page.number_input, "Batch, in questions").value is None
    labelled(page.number_input, "Epochs, at most").set_value(3)  # not run: the press brings the last edit with it
    press(page, "start_training")
    [training] = approved.api.trainings().items
    assert (training.parameters["epochs"], training.parameters["patience"]) == (3, 4)


def test_a_wrong_parameter_is_said_at_the_form_by_its_label(approved: Pages, dataset: Dataset) -> None:
    page = approved.open(TUNE, view="train", on=str(dataset.id))
    labelled(page.number_input, "Epochs, at most").set_value(900).run()
    press(page, "start_training")
    assert [str(one.value) for one in page.error] == ["**Epochs, at most**: Input should be less than or equal to 500."]
    assert not approved.api.trainings().items


def test_a_name_that_is_taken_is_said_at_the_form(approved: Pages, model: TunedModel) -> None:
    page = approved.open(TUNE, view="train")
    box = labelled(page.text_input, "Name of the model")
    assert box.value == "Support v1 tuned retrieval"
    box.set_value(model.name).run()
    press(page, "start_training")
    assert ["**Name of the model**" in str(one.value) for one in page.error] == [True]


def test_a_method_that_is_not_installed_says_what_to_install(
    approved: Pages, dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(
        monkeypatch,
        "training_methods",
        lambda found: [one.model_copy(update={"missing": "run `make x`"}) for one in found],
    )
    page = approved.open(TUNE, view="train", on=str(dataset.id))
    assert field(page.button, "start_training").disabled
    assert "Run `` make x ``." in words(page)
    assert "Run `` make x ``." in labelled(page.radio, "Method").proto.captions


def failed_training(training: Training) -> Training:
    problem = Problem(title="Training diverged", status=422, detail="lower the rate", code="training_diverged")
    job = training.job.model_copy(update={"status": JobStatus.FAILED, "error": problem})
    return training.model_copy(update={"job": job, "model_id": None})


def test_a_training_that_cannot_end_otherwise_says_why_and_is_not_offered_again(
    approved: Pages, model: TunedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, "trainings", lambda page: Page(items=[failed_training(one) for one in page.items]))
    told(monkeypatch, "training", failed_training)
    for query in ({"view": "train"}, {"training": str(model.training_id)}):
        page = approved.open(TUNE, **query)
        assert "Training diverged.] Lower the rate." in words(page)
        assert not keys(page, "retry_")
