"""On the pages: what trl and sentence-transformers trained is asked in the chat."""

import shutil
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from backend.settings import Settings
from contracts.datasets import Dataset
from contracts.finetuning import NewTraining, TunedModel
from frontend.components.badges import JOB_STATUS
from frontend.safe_text import plain
from tests.finetuning_extra import building, encoders
from tests.finetuning_extra.running import SECONDS
from tests.frontend.conftest import Pages, approved, dataset, pages, sample, stages
from tests.frontend.looking import words

__all__ = ["approved", "dataset", "pages", "sample", "stages"]

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(2 * SECONDS)]
CHAT = "pages/2_Chat.py"
TUNE = "pages/3_Fine-tune.py"
QUESTION = "What does the warranty cover?"


def trained(pages: Pages, new: NewTraining) -> TunedModel:
    """A model whose training the page shows as done."""
    job = pages.api.train(new)
    pages.drain()
    training = pages.api.training(job.id)
    page = pages.open(TUNE, training=str(job.id))
    assert not page.exception
    assert JOB_STATUS[training.job.status][2] in words(page), training.job.error
    assert training.model_id is not None
    return pages.api.tuned_model(training.model_id)


def asked(pages: Pages, **query: str) -> AppTest:
    page = pages.open(CHAT, **query)
    page.chat_input[0].set_value(QUESTION).run(timeout=SECONDS)
    assert not page.exception
    assert [message.name for message in page.chat_message] == ["user", "assistant"]
    return page


def test_a_fine_tuned_model_answers_on_the_chat_page(approved: Pages, dataset: Dataset, tmp_path: Path) -> None:
    new = NewTraining(
        dataset_id=dataset.id,
        method="lora",
        name="Own",
        base_model=str(building.write_base(tmp_path / "tiny")),
        parameters={"max_steps": 2, "batch": 2, "evaluations": 1},
    )
    model = trained(approved, new)
    page = asked(approved, model=str(model.id))
    assert f"Answers by **{plain(model.name)}**" in words(page)
    [conversation] = approved.api.conversations().items
    [_, turn] = approved.api.conversation(conversation.id).turns
    assert turn.answer is not None
    assert (turn.answer.provider, turn.answer.failures) == ("local", [])


def test_a_collection_with_a_tuned_search_model_answers_on_the_chat_page(
    approved: Pages, dataset: Dataset, settings: Settings, tmp_path: Path
) -> None:
    base = encoders.write_base(tmp_path / "tiny", prefixes=False)
    shutil.copytree(base, settings.models / "tiny")
    new = NewTraining(
        dataset_id=dataset.id,
        method="retriever",
        name="Own",
        base_model="local/tiny",
        parameters={"epochs": 2, "batch": 8, "evaluations": 2, "learning_rate": 1e-3},
    )
    trained(approved, new)
    collection = approved.api.collections().items[0]
    approved.api.switch_model(collection.id, "tuned/Own")
    approved.drain()
    assert approved.api.collections().items[0].embedding_model == "tuned/Own"
    asked(approved)
    [conversation] = approved.api.conversations().items
    [_, turn] = approved.api.conversation(conversation.id).turns
    assert turn.answer is not None
    assert turn.answer.retrieved
    assert turn.answer.failures == []
