"""Drafting when the model, the provider, a person or the document puts an end to it."""

from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from backend.errors import ProviderTimeout, ProviderUnavailable
from backend.faqs.llm import ModelExtractor
from backend.services.drafting import DraftPayload
from backend.services.model_drafts import ModelDrafting
from tests.api.drafting import asked, by_model, drafted, estimated, rules, start
from tests.mock_openai import MockServer
from tests.support import Api, eventually, refused


@pytest.mark.fault("C9")
async def test_an_answer_of_another_form_is_asked_for_once_more(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(3))
    result = (await drafted(writer, document, "badjson"))["result"]
    assert (result["done"], result["failed"]) == (3, 0)
    assert len(mock.app.requests) == 6
    assert result["input_tokens"] == 6 * 12


@pytest.mark.fault("C9")
async def test_a_section_without_a_readable_answer_fails_alone_and_is_asked_about_again(
    writer: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await writer.extracted(content=rules(4))
    monkeypatch.setattr("tests.mock_llm.speech.is_wrong", lambda asked: "Rule 2" in asked.prompt or _is_repair(asked))
    result = (await drafted(writer, document))["result"]
    assert (result["done"], result["failed"], result["left"]) == (3, 1, 1)
    assert result["input_tokens"] == 5 * 12
    async with writer.scope.database.read() as session:
        failure = await session.scalar(sa.text("SELECT failure FROM section_drafting WHERE status = 'failed'"))
    assert "DraftedFaqs" in failure

    monkeypatch.undo()
    result = (await drafted(writer, document))["result"]
    assert (result["calls"], result["done"], result["failed"]) == (1, 4, 0)


def _is_repair(asked: Any) -> bool:
    return "not valid" in asked.prompt


async def test_a_model_that_never_gives_a_readable_answer_fails_the_job_early(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(40))
    ended = await drafted(writer, document, "badjson-twice")
    assert (ended["status"], ended["error"]["code"]) == ("failed", "provider_bad_answer")
    assert len(mock.app.requests) <= 2 * 12
    assert await by_model(writer) == []


@pytest.mark.parametrize(
    ("model", "code"), [("status-404", "provider_rejected"), ("status-401", "provider_auth_failed")]
)
async def test_a_refused_request_ends_the_job_at_once(writer: Api, mock: MockServer, model: str, code: str) -> None:
    document = await writer.extracted(content=rules(40))
    ended = await drafted(writer, document, model)
    assert (ended["status"], ended["error"]["code"]) == ("failed", code)
    assert len(mock.app.requests) <= 4


@pytest.mark.fault("C4")
async def test_a_failure_that_passes_is_tried_again(writer: Api, mock: MockServer) -> None:
    document = await writer.extracted(content=rules(1))
    ended = await drafted(writer, document, "flaky")
    assert (ended["status"], ended["result"]["done"], len(mock.app.requests)) == ("succeeded", 1, 3)


async def test_a_provider_that_is_down_fails_the_job_with_the_reason_and_a_retry_goes_on(
    writer: Api, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await writer.extracted(content=rules(12))
    inner, calls = ModelExtractor.draft, iter(range(100))

    async def sometimes(self: ModelExtractor, piece: Any) -> Any:
        if next(calls) >= 6:
            raise ProviderUnavailable("the server is away; try again")
        return await inner(self, piece)

    monkeypatch.setattr(ModelExtractor, "draft", sometimes)
    ended = await drafted(writer, document)
    assert (ended["status"], ended["error"]["code"]) == ("failed", "provider_unavailable")
    assert "away" in ended["error"]["detail"]
    assert len(mock.app.requests) == 6
    assert len(await by_model(writer)) == 12

    monkeypatch.undo()
    await writer.post(f"/jobs/{ended['id']}/retry")
    await writer.drain()
    ended = await writer.get(f"/jobs/{ended['id']}")
    assert (ended["status"], ended["attempt"]) == ("succeeded", 2)
    assert (ended["result"]["done"], ended["result"]["calls"], ended["result"]["drafts"]) == (12, 12, 24)
    assert max(asked(mock).values()) == 1


@pytest.mark.fault("C2")
async def test_a_drafting_that_goes_on_after_its_process_died_counts_on(
    writer: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = await writer.extracted(content=rules(5))
    inner, told = ModelDrafting.draft, list[int]()

    async def twice(self: ModelDrafting, workspace_id: UUID, job_id: UUID, payload: DraftPayload, *rest: Any) -> Any:
        """The step of a process that ended behind two sections, and the same step again."""
        begun, report = rest
        await inner(self, workspace_id, job_id, payload.model_copy(update={"sections": 2}), begun, report)

        async def second(done: int, total: int) -> None:
            told.append(done)
            await report(done, total)

        return await inner(self, workspace_id, job_id, payload, begun, second)

    monkeypatch.setattr(ModelDrafting, "draft", twice)
    assert (await drafted(writer, document))["status"] == "succeeded"
    assert told == [3, 4, 5]


async def test_a_section_that_is_never_answered_holds_up_no_other(writer: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    document = await writer.extracted(content=rules(6))
    inner = ModelExtractor.draft

    async def sometimes(self: ModelExtractor, piece: Any) -> Any:
        if "Rule 2 " in piece.text:
            raise ProviderTimeout("the model was still answering after 300 s; ask for less")
        return await inner(self, piece)

    monkeypatch.setattr(ModelExtractor, "draft", sometimes)
    ended = await drafted(writer, document)
    assert (ended["status"], ended["result"]["done"], ended["result"]["failed"]) == ("succeeded", 5, 1)


async def test_a_failed_job_is_not_begun_again_beside_another_one(writer: Api, mock: MockServer) -> None:
    mock.app.slow_seconds = 0.3
    document = await writer.extracted(content=rules(3))
    failed = await drafted(writer, document, "status-401")
    running = await start(writer, document, "slow")
    problem = refused(await writer.client.post(f"/jobs/{failed['id']}/retry"), 409, "conflict")
    assert running["id"] in problem["detail"]
    await writer.drain()


async def test_a_cancelled_job_keeps_what_was_drafted(writer: Api, mock: MockServer) -> None:
    mock.app.slow_seconds = 0.2
    document = await writer.extracted(content=rules(40))
    job = await start(writer, document, "slow")

    async def some() -> bool:
        return len(await by_model(writer)) > 4

    await eventually(some)
    await writer.post(f"/jobs/{job['id']}/cancel")
    await writer.drain()
    assert (await writer.get(f"/jobs/{job['id']}"))["status"] == "cancelled"
    kept = await by_model(writer)
    assert kept
    done = (await estimated(writer, document))["done"]
    assert done >= len(kept) // 2
    mock.app.requests.clear()
    result = (await drafted(writer, document))["result"]
    assert (result["done"], len(mock.app.requests)) == (40, 40 - done)


async def test_a_document_that_is_deleted_meanwhile_ends_its_job_and_leaves_nothing(
    writer: Api, mock: MockServer
) -> None:
    mock.app.slow_seconds = 0.2
    document = await writer.extracted(content=rules(40))
    before = await writer.stored()
    job = await start(writer, document, "slow")

    async def some() -> bool:
        return len(await by_model(writer)) > 4

    await eventually(some)
    assert (await writer.client.delete(f"/documents/{document}?faqs=delete")).status_code == 204
    await writer.drain()
    assert (await writer.get(f"/jobs/{job['id']}"))["status"] == "cancelled"
    stored = (await writer.stored()).rows
    assert (stored["section_drafting"], stored["faq"], stored["section"], stored["document"]) == (0, 0, 0, 0)
    assert before.rows["section"] == 80
