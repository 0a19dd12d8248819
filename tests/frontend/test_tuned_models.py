"""Tuned models on the pages: what they changed, who uses them, asking them, and deleting them."""

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from backend.embeddings.catalogue import MINILM
from contracts.agents import AgentEdit, AgentParameters
from contracts.finetuning import Change, TunedModel
from frontend.api_client import Api
from frontend.components.words import size_text
from frontend.safe_text import code, plain
from tests.frontend.conftest import Pages
from tests.frontend.looking import address, field, keys, press, words
from tests.frontend.tuning import TUNE, told

CHAT = "pages/2_Chat.py"


def captions(page: AppTest) -> str:
    return "\n".join(str(one.value) for one in page.caption)


def test_a_model_tells_before_and_after_in_words_and_figures(approved: Pages, model: TunedModel) -> None:
    page = approved.open(TUNE, view="models")
    assert f"of {model.held_out} held-out questions" in words(page)
    press(page, f"open_model_{model.id}")
    assert address(page, "model") == str(model.id)
    table = page.table[0].value
    assert list(table.columns) == ["On held-out questions", "Before", "After", "Change"]
    assert "mean reciprocal rank" in words(page)
    assert f"{model.held_out} questions are few" in words(page)
    for file in model.files:
        assert f"{code(file.path)} · {size_text(file.size)} · {code(file.sha256[:12])}" in words(page)
    assert model.dataset_hash[:12] in words(page)


def test_a_model_without_effect_or_use_says_so(
    approved: Pages, model: TunedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: dict[str, Any] = {"state": "unusable", "reason": "the collection is gone", "notes": ["it changes nothing"]}
    changed["changes"] = [one.model_copy(update={"after": one.before}) for one in model.changes]
    told(monkeypatch, "tuned_model", lambda one: one.model_copy(update=changed))
    page = approved.open(TUNE, model=str(model.id))
    said = words(page)
    assert "as before training" in said
    assert "The collection is gone." in said
    assert "It changes nothing." in said
    assert field(page.button, "ask_model").disabled
    assert not keys(page, "use_model_button")


@pytest.mark.parametrize(
    ("low", "high", "look"),
    [
        (0.01, 0.2, "Better"),
        (-0.01, 0.2, "No clear change"),
        (0.0, 0.0, "No clear change"),
        (None, None, "No clear change"),
    ],
)
def test_a_change_within_chance_is_not_called_better(
    approved: Pages,
    model: TunedModel,
    monkeypatch: pytest.MonkeyPatch,
    low: float | None,
    high: float | None,
    look: str,
) -> None:
    changed = [one.model_copy(update={"before": 0.7, "after": 0.8, "low": low, "high": high}) for one in model.changes]
    told(monkeypatch, "tuned_model", lambda one: one.model_copy(update={"changes": changed, "held_out": 40}))
    said = words(approved.open(TUNE, model=str(model.id)))
    assert look in said
    span = "" if low is None or low == high else f" ({low:+.2f} to {high:+.2f})".replace("-", "\u2212")
    page = approved.open(TUNE, model=str(model.id))
    assert page.table[0].value["Change"].iloc[2] == f"+0.10{span}"
    assert ("Better" in said) is (look == "Better")


@pytest.mark.parametrize(
    ("after", "high", "sentence", "look", "change"),
    [
        (1.42, -0.2, "it does **better** than", "Better", "\u22120.89 (\u22121.00 to \u22120.20)"),
        (
            1.42,
            0.2,
            "it is **not clear** whether it does better than",
            "No clear change",
            "\u22120.89 (\u22121.00 to +0.20)",
        ),
        (1.42, None, "it is **not clear** whether it does better than", "No clear change", "\u22120.89"),
    ],
)
def test_a_model_that_answers_tells_its_loss_and_what_its_training_took(
    approved: Pages,
    model: TunedModel,
    monkeypatch: pytest.MonkeyPatch,
    after: float,
    high: float | None,
    sentence: str,
    look: str,
    change: str,
) -> None:
    low = None if high is None else -1.0
    losses = [
        Change(name="validation_loss", before=2.2, after=1.2),
        Change(name="held_out_loss", before=2.31, after=after, low=low, high=high),
    ]
    changed: dict[str, Any] = {
        "changes": losses,
        "held_out": 40,
        "took": {"seconds_per_step": 2.13, "peak_memory_mb": 2312.4},
    }
    told(monkeypatch, "tuned_model", lambda one: one.model_copy(update=changed))
    page = approved.open(TUNE, model=str(model.id))
    said = words(page)
    assert f"On 40 held-out answers {sentence} before training: loss {after:.2f}, before 2.31" in said
    assert look in said
    table = page.table[0].value
    assert "Figure" in table.columns
    assert table.iloc[1].tolist()[1:] == ["2.31", f"{after:.2f}", change]
    assert "questions are few" not in said
    assert plain("2.1 s a step, 2,312 MB of memory at most") in said


def test_a_loss_that_rose_beyond_chance_is_worse_and_one_of_validation_alone_has_no_badge(
    approved: Pages, model: TunedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed: dict[str, Any] = {
        "makes": "answers",
        "changes": [Change(name="held_out_loss", before=2.31, after=2.5, low=0.1, high=0.3)],
        "held_out": 40,
    }
    told(monkeypatch, "tuned_model", lambda one: one.model_copy(update=changed))
    said = words(approved.open(TUNE, model=str(model.id)))
    assert "it does **worse** than before training" in said
    assert "Worse" in said
    changed["changes"], changed["held_out"] = [Change(name="validation_loss", before=2.31, after=1.0)], 0
    said = words(approved.open(TUNE, model=str(model.id)))
    assert "It was asked no held-out answer. On those to validate with: loss 1.00, before 2.31" in said
    assert not [look for look in ("Better", "Worse", "No clear change") if look in said]


def test_a_model_that_finds_less_says_so_and_what_may_help(
    approved: Pages, model: TunedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    worse = [one.model_copy(update={"before": 0.9, "after": 0.7, "low": -0.3, "high": -0.1}) for one in model.changes]
    told(monkeypatch, "tuned_model", lambda one: one.model_copy(update={"changes": worse, "held_out": 10}))
    page = approved.open(TUNE, model=str(model.id))
    assert "for **7 of 10 held-out questions**; before training for 9" in words(page)
    assert "Worse" in words(page)
    assert "Leave the agents as they are" in words(page)
    assert list(page.table[0].value["Change"]) == [
        *2 * ["\u221220 points (\u221230 to \u221210)"],
        "\u22120.20 (\u22120.30 to \u22120.10)",
    ]


def test_an_agent_begins_and_stops_to_search_with_a_model(approved: Pages, model: TunedModel) -> None:
    agent = approved.api.agents().items[0]
    kept = AgentParameters(temperature=0.5, instructions="Be kind.")
    approved.api.edit_agent(agent.id, AgentEdit(parameters=kept))
    page = press(approved.open(TUNE, model=str(model.id)), "use_model_button")
    assert approved.api.agents().items[0].parameters == kept.model_copy(update={"retrieval_model": model.name})
    assert "Agent **default**" in words(page)
    press(page, "delete_model")
    press(page, "delete_confirm")
    assert "searches with this model" in words(page)
    press(page, "delete_cancel")
    press(page, f"stop_{agent.id}")
    assert approved.api.agents().items[0].parameters == kept


def test_an_agent_may_search_with_a_model_that_fits_one_of_its_other_collections(
    approved: Pages, model: TunedModel
) -> None:
    approved.post("/collections", {"name": "other", "embedding_model": MINILM.name})
    by_name = {one.name: one.id for one in approved.api.collections().items}
    agent = approved.api.agents().items[0]
    approved.api.edit_agent(agent.id, AgentEdit(collection_id=by_name["other"]))
    assert not keys(approved.open(TUNE, model=str(model.id)), "use_model_button")
    approved.api.edit_agent(agent.id, AgentEdit(more_collection_ids=[by_name["default"]]))
    press(approved.open(TUNE, model=str(model.id)), "use_model_button")
    assert approved.api.agents().items[0].parameters.retrieval_model == model.name


def test_a_model_is_deleted_once_that_is_confirmed(approved: Pages, model: TunedModel) -> None:
    page = press(approved.open(TUNE, model=str(model.id)), "delete_model")
    assert approved.api.tuned_models().items
    press(page, "delete_confirm")
    assert not approved.api.tuned_models().items
    assert "No model yet" in words(page)
    page = approved.open(TUNE, view="train")
    assert "Its model was deleted" in words(page)


def test_a_model_is_asked_on_the_chat_page_and_stays_the_one_that_is_asked(approved: Pages, model: TunedModel) -> None:
    page = approved.open(CHAT, model=str(model.id))
    box = field(page.selectbox, "target")
    assert box.value == model.id
    assert "Support v1 tuned (tuned retrieval)" in box.options
    page.chat_input[0].set_value("What does the warranty cover?").run()
    page.chat_input[0].set_value("What is Coldkeep?").run()
    [conversation] = approved.api.conversations().items
    turns = approved.api.conversation(conversation.id).turns
    answers = [turn.answer for turn in turns if turn.answer is not None]
    assert ["Support v1 tuned" in str(answer.steps) for answer in answers] == [True, True]
    assert "Searches with **Support v1 tuned**" in captions(page)


def test_a_conversation_with_a_model_goes_on_with_it_whenever_it_is_opened(approved: Pages, model: TunedModel) -> None:
    begun = approved.open(CHAT, model=str(model.id))
    begun.chat_input[0].set_value("What does the warranty cover?").run()
    [conversation] = approved.api.conversations().items
    assert conversation.model == model.name
    page = approved.open(CHAT, conversation=str(conversation.id))
    assert "Searches with **Support v1 tuned**" in captions(page)
    page.chat_input[0].set_value("What is Coldkeep?").run()
    answers = [turn.answer for turn in approved.api.conversation(conversation.id).turns if turn.answer is not None]
    assert ["Support v1 tuned" in str(answer.steps) for answer in answers] == [True, True]


def test_a_conversation_whose_model_is_gone_says_so_and_goes_on_without_it(approved: Pages, model: TunedModel) -> None:
    begun = approved.open(CHAT, model=str(model.id))
    begun.chat_input[0].set_value("What does the warranty cover?").run()
    [conversation] = approved.api.conversations().items
    approved.api.delete_model(model.id)
    page = approved.open(CHAT, conversation=str(conversation.id))
    assert "**Support v1 tuned** cannot be asked any more: the search goes on without it" in captions(page)
    page.chat_input[0].set_value("What is Coldkeep?").run()
    assert len(approved.api.conversation(conversation.id).turns) == 4


def test_another_target_takes_the_model_out_of_the_address(approved: Pages, model: TunedModel) -> None:
    page = approved.open(CHAT, model=str(model.id))
    box = field(page.selectbox, "target")
    box.set_value("default").run()
    assert "model" not in page.query_params
    page.chat_input[0].set_value("What is Coldkeep?").run()
    [conversation] = approved.api.conversations().items
    assert conversation.agent_id == approved.api.agents().items[0].id


# --- home ------------------------------------------------------------------------
def test_home_leads_to_the_page_that_shows_a_dataset_being_made(
    approved: Pages, monkeypatch: pytest.MonkeyPatch
) -> None:
    told(monkeypatch, "overview", lambda one: one.model_copy(update={"running_jobs": 1}))
    asked = Api.job_counts
    running = {"make_dataset": {"running": 1}}
    monkeypatch.setattr(
        Api, "job_counts", lambda api, **of: asked(api, **of).model_copy(update=running.get(of["kind"], {}))
    )
    page = approved.open("Home.py")
    assert "1 dataset being made" in words(page)
    links = [link.proto for link in page.get("page_link")]
    assert [link.query_string for link in links if "Fine" in link.page] == ["view=datasets"]


def test_a_page_that_names_nothing_known_shows_the_datasets(approved: Pages) -> None:
    page = approved.open(TUNE, view="nonsense", dataset="no-id")
    assert "No dataset yet" in words(page)


def test_ids_are_kept_by_a_refresh(approved: Pages, model: TunedModel) -> None:
    shown: AppTest = approved.open(TUNE, view="train", training=str(model.training_id))
    assert "Support v1 tuned" in words(shown)
    assert address(shown, "training") == str(model.training_id)


def test_a_model_that_is_gone_is_said_on_the_chat_page_and_the_agent_answers(
    approved: Pages, model: TunedModel
) -> None:
    approved.api.delete_model(model.id)
    page = approved.open(CHAT, model=str(model.id))
    assert "The model cannot be asked any more" in " ".join(str(toast.value) for toast in page.toast)
    assert "model" not in page.query_params
    assert "tuned" not in captions(page)
