"""The start form for a training at a provider: what to set up first, and what then goes where."""

import asyncio
from collections.abc import Iterator
from decimal import Decimal

import pytest
from pydantic import SecretStr
from streamlit.testing.v1 import AppTest

from backend.finetuning.remote_server import SystemClock
from contracts.datasets import Dataset
from contracts.finetuning import NewTraining
from contracts.jobs import JobStatus
from contracts.providers import ProviderSettings
from frontend.components.drafting_jobs import dollars
from frontend.safe_text import code, plain
from tests.frontend.conftest import Pages
from tests.frontend.looking import field, labelled, press, words
from tests.frontend.tuning import TUNE, told
from tests.mock_tuning.server import TuningServer
from tests.mock_tuning.together import MockTogether

CHAT = "pages/2_Chat.py"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[TuningServer]:
    async def swiftly(_clock: SystemClock, seconds: float) -> None:
        await asyncio.sleep(seconds / 100)

    monkeypatch.setattr(SystemClock, "sleep", swiftly)
    for name in ("OPENAI_API_KEY", "TOGETHER_API_KEY", "FIREWORKS_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    with TuningServer() as server:
        yield server


def connect(pages: Pages, server: TuningServer, provider: str = "openai-compatible") -> None:
    settings = ProviderSettings(base_url=server.base_url, api_key=SecretStr("sk-mock-key-1234"), model="ok")
    pages.api.save_provider(provider, settings)


def opened(pages: Pages, dataset: Dataset) -> AppTest:
    page = pages.open(TUNE, view="train", on=str(dataset.id))
    labelled(page.radio, "Method").set_value("remote").run()
    return page


def test_without_a_provider_that_trains_the_form_says_what_to_set_up(approved: Pages, dataset: Dataset) -> None:
    page = opened(approved, dataset)
    assert field(page.button, "start_training").disabled
    assert "Set up a provider that trains under Settings" in words(page)
    assert not [one for one in page.selectbox if one.label == "Provider"]


def test_a_training_at_a_provider_is_begun_with_its_base_model_and_gives_a_model(
    approved: Pages, dataset: Dataset, server: TuningServer
) -> None:
    connect(approved, server)
    page = opened(approved, dataset)
    assert f"go to {code(server.base_url)}; held-out rows stay here" in words(page)
    press(page, "start_training")
    assert [str(one.value)[:14] for one in page.error] == ["**Base model**"]
    assert "an epoch; the provider chooses how many. What that costs is said here once its price is entered" in words(
        page
    )
    labelled(page.text_input, "Base model").set_value("small-1").run()
    labelled(page.number_input, "Price of a million trained tokens, US dollars").set_value(25.0).run()
    labelled(page.number_input, "Epochs").set_value(4).run()
    cost = dollars(Decimal(25 * 4 * dataset.tokens) / 1_000_000)
    assert plain(f"About {4 * dataset.tokens:,} tokens in 4 epochs: {cost}.") in words(page)
    press(page, "start_training")
    [training] = approved.api.trainings().items
    assert (training.base_model, training.parameters["provider"]) == ("small-1", "openai-compatible")
    approved.drain()
    page.run()
    press(page, "open_outcome")
    said = words(page)
    assert "rows went to http" in said
    assert "Who searches with it" not in said
    assert code("ft:ok") in said

    [model] = approved.api.tuned_models().items
    page = approved.open(CHAT, model=str(model.id))
    assert f"{model.name} (fine-tuned model)" in labelled(page.selectbox, "Ask").options
    assert f"Answers by **{plain(model.name)}**" in words(page)
    page.chat_input[0].set_value("What does the warranty cover?").run()
    assert {request.model for request in server.app.requests} == {"ft:ok"}
    assert "passage" in str(server.app.requests[-1].body)
    labelled(page.checkbox, "Without documents").check().run()
    assert "without documents" in words(page)
    page.chat_input[0].set_value("And what does it not cover?").run()
    assert "passage" not in str(server.app.requests[-1].body)
    [conversation] = approved.api.conversations().items
    retrieved = [len(turn.answer.retrieved) for turn in approved.api.conversation(conversation.id).turns if turn.answer]
    assert retrieved[0] > 0
    assert retrieved[1:] == [0]

    again = approved.open(CHAT, conversation=str(conversation.id))
    assert labelled(again.checkbox, "Without documents").value
    fresh = approved.open(CHAT, model=str(model.id))
    assert not labelled(fresh.checkbox, "Without documents").value


@pytest.mark.parametrize(
    ("stage", "said"),
    [
        ("queued", "Waiting at {at} to begin"),
        ("stepping", "{at} trains · 1 of 4 steps"),
        ("advancing", "{at} trains · 1 of 4 %"),
        ("naming", "{at} has trained, and does not name the model yet"),
    ],
)
def test_a_training_at_a_provider_says_whom_it_waits_for_and_no_time(
    approved: Pages, dataset: Dataset, server: TuningServer, monkeypatch: pytest.MonkeyPatch, stage: str, said: str
) -> None:
    server.tuning.statuses = ("running",)
    connect(approved, server)
    parameters = {"provider": "openai-compatible"}
    approved.api.train(NewTraining(dataset_id=dataset.id, method="remote", base_model="small-1", parameters=parameters))
    silent = "OpenAI-compatible server has not answered since 10:42 UTC; asked again at least every minute"
    counted = {"done": 1, "total": 4} if stage in ("stepping", "advancing") else {"done": 0, "total": 0}
    going = {"status": JobStatus.RUNNING, "stage": stage, "progress": 0.4, "seconds_left": 20.0, "message": silent}
    told(monkeypatch, "job", lambda job: job.model_copy(update=going | counted))
    told(
        monkeypatch,
        "training",
        lambda one: one.model_copy(update={"job": one.job.model_copy(update=going | counted)}),
    )
    [training] = approved.api.trainings().items
    for query in ({"view": "train"}, {"view": "train", "training": str(training.id)}):
        page = approved.open(TUNE, **query)
        assert [bar.proto.text for bar in page.get("progress")] == [
            said.format(at=plain("OpenAI-compatible server"))
        ], words(page)
        assert f"{plain(silent)}." in words(page)


def test_what_a_provider_lacks_is_not_offered_for_it(approved: Pages, dataset: Dataset, server: TuningServer) -> None:
    server.tuning = MockTogether()
    connect(approved, server)
    connect(approved, server, "together")
    page = opened(approved, dataset)
    assert "Learning rate, times the usual" not in [one.label for one in page.number_input]
    stored = "held-out rows stay here. Together itself names the host at which the sent rows are stored."
    assert stored in words(page)
    labelled(page.selectbox, "Provider").set_value("openai-compatible").run()
    assert stored not in words(page)
    labelled(page.number_input, "Learning rate, times the usual").set_value(0.5).run()
    labelled(page.selectbox, "Provider").set_value("together").run()
    assert "Learning rate, times the usual" not in [one.label for one in page.number_input]
    labelled(page.text_input, "Base model").set_value("small-1").run()
    press(page, "start_training")
    [training] = approved.api.trainings().items
    assert (training.parameters["provider"], training.parameters["learning_rate_multiplier"]) == ("together", None)
    approved.drain()
    [model] = approved.api.tuned_models().items
    assert model.remote_id == "ft:ok"
