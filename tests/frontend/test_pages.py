"""The pages' logic over the real app, without a browser."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from backend.db.models import Conversation
from contracts.agents import AgentEdit
from contracts.chat import RagChat
from contracts.faqs import FaqStatus
from contracts.page import Page
from contracts.providers import FailingModel, ProviderFailure, ProviderSettings
from frontend.api_client import Api
from frontend.chat_stream import ChatStream
from tests.frontend.conftest import Pages

FAQ = "pages/1_FAQ_Extraction.py"
CHAT = "pages/2_Chat.py"
SETTINGS = "pages/9_Settings.py"


def _words(page: AppTest) -> str:
    """Everything that the page says."""
    assert not page.exception, page.exception
    blocks = [page.markdown, page.title, page.header, page.caption, page.error, page.warning, page.info, page.success]
    return "\n".join(str(element.value) for block in blocks for element in block)


def _press(page: AppTest, key: str) -> AppTest:
    return next(button for button in page.button if button.key == key).click().run()


def test_an_empty_home_offers_the_sample(pages: Pages) -> None:
    page = pages.open("Home.py")
    assert "Three steps to the first answer" in _words(page)
    assert any(button.key == "load_sample" for button in page.button)


@pytest.mark.usefixtures("sample")
def test_home_counts_what_waits_for_review(pages: Pages) -> None:
    drafts = pages.api.faq_counts().draft
    assert drafts > 0
    assert f"{drafts} drafts to review" in _words(pages.open("Home.py"))


def test_an_empty_list_of_faqs_says_what_will_be_here(pages: Pages) -> None:
    assert "No questions yet" in _words(pages.open(FAQ))


def test_a_server_that_is_away_is_never_shown_as_emptiness(pages: Pages) -> None:
    page = pages.open(FAQ)
    pages.transport.is_down = True
    page.run()
    assert "No questions yet" not in _words(page)
    assert any("not reachable" in str(element.proto.title or element.value) for element in page.warning)
    pages.transport.is_down = False
    assert "No questions yet" in _words(page.run())


@pytest.mark.usefixtures("sample")
def test_approving_a_card_moves_it_and_undo_brings_it_back(pages: Pages) -> None:
    page = pages.open(FAQ)
    keys = [str(button.key) for button in page.button]
    key = next(key for key in keys if key.startswith("approve_") and key != "approve_confident")
    faq_id = UUID(key.removeprefix("approve_"))
    _press(page, key)
    assert pages.api.faq(faq_id).status is FaqStatus.APPROVED
    assert "1 FAQ approved" in _words(page)
    _press(page, "undo")
    assert pages.api.faq(faq_id).status is FaqStatus.DRAFT


@pytest.mark.usefixtures("sample")
def test_a_list_is_one_call_however_many_of_its_faqs_are_alike(pages: Pages) -> None:
    alike = [faq for faq in pages.api.faqs(limit=200).items if faq.group_size > 1]
    assert alike
    pages.transport.asked.clear()
    page = pages.open(FAQ, q=alike[0].question)
    assert [button.label for button in page.button if str(button.key).startswith("similar_")]
    assert pages.transport.asked.count("/faqs") == 1


@pytest.mark.usefixtures("sample")
def test_all_confident_drafts_of_the_filter_are_approved_at_once(pages: Pages) -> None:
    confident = [faq for faq in pages.api.faqs(limit=200).items if faq.confidence >= 0.8]
    different = {faq.group_id or faq.id for faq in confident}
    page = _press(pages.open(FAQ), "approve_confident")
    assert f"{len(different)} confident drafts approved" in _words(page)
    assert pages.api.faq_counts().approved == len(different)


@pytest.mark.usefixtures("sample")
def test_the_filter_of_a_shared_link_is_applied(pages: Pages) -> None:
    document = pages.api.all_documents()[0]
    page = pages.open(FAQ, document=str(document.id), q="coldkeep")
    assert page.selectbox[0].value == document.id
    assert page.text_input[0].value == "coldkeep"


@pytest.mark.usefixtures("sample")
def test_the_pages_of_the_list_follow_the_cursor(pages: Pages) -> None:
    page = pages.open(FAQ)
    first = [button.key for button in page.button if str(button.key).startswith("edit_")]
    _press(page, "page_on")
    second = [button.key for button in page.button if str(button.key).startswith("edit_")]
    assert first
    assert not set(first) & set(second)
    assert "11 to 20 of" in _words(page)
    _press(page, "page_back")
    assert [button.key for button in page.button if str(button.key).startswith("edit_")] == first


def test_a_chat_without_approved_faqs_points_to_the_review(pages: Pages) -> None:
    assert "No approved FAQs yet" in _words(pages.open(CHAT))


@pytest.mark.usefixtures("sample")
def test_an_answer_is_kept_in_the_conversation_of_the_link(pages: Pages) -> None:
    page = pages.open(CHAT)
    page.chat_input[0].set_value("What does the warranty cover?").run()
    conversation = pages.api.conversations().items[0]
    assert page.query_params["conversation"] in (str(conversation.id), [str(conversation.id)])
    again = pages.open(CHAT, conversation=str(conversation.id))
    assert [message.name for message in again.chat_message] == ["user", "assistant"]


def test_an_unknown_conversation_is_a_problem_and_not_an_empty_one(pages: Pages) -> None:
    page = pages.open(CHAT, conversation="00000000-0000-4000-8000-000000000000")
    assert len(page.error) == 1


def test_settings_never_show_a_stored_key(pages: Pages) -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "api_key": "sk-secret-345678", "model": "m"}
    pages.api.save_provider("openai-compatible", ProviderSettings.model_validate(settings))
    page = pages.open(SETTINGS)
    assert "key ending in 5678" in _words(page)
    assert "sk-secret" not in _words(page)
    assert all("sk-secret" not in str(field.value) for field in page.text_input)


def test_settings_show_no_part_of_a_short_key_and_say_that_it_is_stored(pages: Pages) -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "api_key": "short-key", "model": "m"}
    pages.api.save_provider("openai-compatible", ProviderSettings.model_validate(settings))
    page = pages.open(SETTINGS)
    assert "key stored" in _words(page)
    assert "-key" not in _words(page)
    assert _field(page, "api_key_openai-compatible").placeholder == "A key is stored"


def _field(page: AppTest, key: str) -> Any:
    return next(field for field in page.text_input if field.key == key)


def test_an_address_that_is_none_is_refused_and_stays_to_be_mended(pages: Pages) -> None:
    page = pages.open(SETTINGS)
    _field(page, "base_url_openai-compatible").set_value("my server")
    [button for button in page.button if button.label == "Save"][-1].click().run()
    assert "must begin with http" in _words(page)
    assert _field(page, "base_url_openai-compatible").value == "my server"


def test_what_was_saved_and_what_is_missing_stands_where_it_was_saved(pages: Pages) -> None:
    page = pages.open(SETTINGS)
    _field(page, "base_url_openai-compatible").set_value("http://127.0.0.1:9/v1")
    _field(page, "model_openai-compatible").set_value("")
    [button for button in page.button if button.label == "Save"][-1].click().run()
    assert [one.value for one in page.warning] == [
        "Saved: address `` http://127.0.0.1:9/v1 ``. Still missing: the model."
    ]
    _field(page, "model_openai-compatible").set_value("m")
    _field(page, "api_key_openai-compatible").set_value("sk-secret-345678")
    next(one for one in page.button if one.label == "Save" and "openai-compatible" in str(one.form_id)).click().run()
    [saved] = page.success
    assert str(saved.value).startswith("Saved: address `` http://127.0.0.1:9/v1 ``, key ending in 5678, model `` m ``.")
    assert not _press(page, "check_openai-compatible").success, "the test takes its place"


def test_a_removed_provider_leaves_no_address_behind(pages: Pages) -> None:
    page = pages.open(SETTINGS)
    for key, value in (("base_url", "http://127.0.0.1:9/v1"), ("api_key", "sk-secret-345678"), ("model", "m")):
        _field(page, f"{key}_openai-compatible").set_value(value)
    [button for button in page.button if button.label == "Save"][-1].click().run()
    _press(page, "remove_openai-compatible")
    assert "key ending in 5678" not in _words(page)
    assert [_field(page, f"{key}_openai-compatible").value for key in ("base_url", "api_key", "model")] == ["", "", ""]


def test_the_provider_that_is_chosen_answers(pages: Pages) -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "model": "m"}
    pages.api.save_provider("openai-compatible", ProviderSettings.model_validate(settings))
    page = _press(pages.open(SETTINGS), "use_openai-compatible")
    assert pages.api.agents().items[0].provider == "openai-compatible"
    assert not page.exception


@pytest.mark.parametrize("is_used", [False, True])
def test_a_provider_for_tests_is_shown_only_where_it_is_used(
    pages: Pages, monkeypatch: pytest.MonkeyPatch, is_used: bool
) -> None:
    known = pages.api.providers()
    told = [item.model_copy(update={"hidden": item.name == "echo"}) for item in known]
    monkeypatch.setattr(Api, "providers", lambda _: told)
    agent = pages.api.agents().items[0]
    if is_used:
        pages.api.edit_agent(agent.id, AgentEdit(provider="echo"))
    page = pages.open(SETTINGS)
    assert any(button.key == "check_echo" for button in page.button) is is_used
    assert any(button.key == "check_builtin" for button in page.button)


def _told(pages: Pages, monkeypatch: pytest.MonkeyPatch, name: str, **changed: object) -> None:
    told = [item.model_copy(update=changed) if item.name == name else item for item in pages.api.providers()]
    monkeypatch.setattr(Api, "providers", lambda _: told)


def test_providers_that_are_not_set_up_are_a_list_with_what_each_needs(pages: Pages) -> None:
    page = pages.open(SETTINGS)
    rows = [row.label for row in page.expander if row.label.startswith("Set up")]
    assert len(rows) >= 9
    assert "Set up **Anthropic** :gray[· Claude · needs an API key]" in rows
    assert "Set up **vLLM** :gray[· your own server · needs an address]" in rows
    assert "For a million tokens in and out: " in _words(page)


def test_a_paused_provider_says_until_when_and_what_failed(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    until = datetime(2026, 11, 28, 22, 5, 9, tzinfo=UTC)
    failure = ProviderFailure(code="provider_unavailable", detail="'vllm' cannot be reached", at=until)
    paused = {"state": "paused", "paused_until": until, "last_error": failure}
    _told(pages, monkeypatch, "vllm", configured=True, is_stored=True, **paused)
    words = _words(pages.open(SETTINGS))
    assert "Paused until 22:05:09 UTC" in words
    assert "The last request failed" in words
    assert "cannot be reached" in words


def test_a_paused_model_is_not_shown_as_a_ready_provider(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    until = datetime(2026, 11, 28, 22, 5, 9, tzinfo=UTC)
    failure = ProviderFailure(code="provider_unavailable", detail="'vllm' (model 'small') failed", at=until)
    failing = [FailingModel(model="small", paused_until=until, last_error=failure)]
    _told(pages, monkeypatch, "vllm", configured=True, is_stored=True, model="small", failing_models=failing)
    words = _words(pages.open(SETTINGS))
    assert "Model paused until 22:05:09 UTC" in words
    assert "The last request to small failed" in words
    assert "the model is paused until 22:05:09 UTC" in words


def test_a_provider_that_lacks_its_package_says_what_to_install(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    _told(pages, monkeypatch, "mistral", state="missing_extra", missing_extra="mistral")
    page = pages.open(SETTINGS)
    assert "make mistral" in [code.value for code in page.code]
    assert not [field for field in page.text_input if field.key == "model_mistral"]


def test_the_sample_model_is_named_as_small(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    _told(pages, monkeypatch, "local", state="missing_extra", missing_extra="local", hidden=False)
    captions = [str(one.value) for one in pages.open(SETTINGS).caption]
    assert any("SmolLM2" in one and "is small" in one and "often wrong" in one for one in captions)


def _conversation(pages: Pages, question: str) -> UUID:
    collection = pages.api.collections().items[0].id
    with pages.api.chat(RagChat(message=question, collection_id=collection)) as stream:
        assert list(stream)[-1].event == "done"
    assert stream.conversation_id is not None
    return stream.conversation_id


def _listed(page: AppTest) -> list[str]:
    return [str(button.key) for button in page.sidebar.button if str(button.key).startswith("open_")]


def test_a_conversation_says_when_it_was_last_used(pages: Pages) -> None:
    made = _conversation(pages, "What is Coldkeep?")
    used = datetime.now(UTC) - timedelta(hours=2, minutes=3)
    pages.execute(sa.update(Conversation).where(Conversation.id == made).values(updated_at=used))
    page = pages.open(CHAT)
    [listed] = [button for button in page.sidebar.button if button.key == f"open_{made}"]
    assert listed.label == "What is Coldkeep? :small[:gray[2 h ago]]"
    assert listed.help == f"Last used {used:%-d %b %Y, %H:%M} UTC"


def test_every_conversation_can_be_reached_from_the_list(pages: Pages) -> None:
    made = [f"open_{_conversation(pages, f'Question number {n}?')}" for n in range(17)]
    page = pages.open(CHAT)
    assert _listed(page) == made[:1:-1]
    _press(page, "more_conversations")
    assert _listed(page) == made[::-1]
    assert not [button for button in page.button if button.key == "more_conversations"]
    page.sidebar.text_input[0].set_value("NUMBER 3").run()
    assert _listed(page) == [made[3]]


def test_a_conversation_that_is_gone_is_said_in_plain_words(pages: Pages) -> None:
    page = pages.open(CHAT, conversation="00000000-0000-4000-8000-000000000000")
    [card] = page.error
    assert card.proto.title == "This conversation is not here"
    assert "00000000" not in _words(page)
    assert "Try one of these" not in _words(page)


@pytest.mark.usefixtures("sample")
def test_the_address_takes_the_conversation_that_the_api_named(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    question = "What does the warranty cover?"
    page = pages.open(CHAT)
    page.chat_input[0].set_value(question)
    asked = Api.chat
    made: list[UUID] = []

    @contextmanager
    def while_another_asks_the_same(api: Api, request: RagChat) -> Iterator[ChatStream]:
        with asked(api, request) as own:
            with asked(pages.api, request) as anothers:
                list(anothers)
            made.extend(stream.conversation_id for stream in (own, anothers) if stream.conversation_id)
            yield own

    monkeypatch.setattr(Api, "chat", while_another_asks_the_same)
    page.run()
    own, anothers = made
    assert pages.api.conversations().items[0].id == anothers
    assert page.query_params["conversation"] in (str(own), [str(own)])
    assert [message.name for message in page.chat_message] == ["user", "assistant"]


@pytest.mark.usefixtures("sample")
def test_what_waits_for_the_index_is_told_as_entries(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    [collection] = pages.api.collections().items
    waiting = collection.model_copy(update={"pending_changes": 4667})
    monkeypatch.setattr(Api, "collections", lambda _: Page(items=[waiting]))
    words = _words(pages.open(CHAT))
    assert "4,667 entries are still being indexed" in words
    assert "FAQs are being indexed" not in words
