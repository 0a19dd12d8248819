import io
from collections.abc import Callable
from uuid import uuid4

import httpx
import pytest

from contracts.chat import DoneEvent, RagChat, TokenEvent
from contracts.documents import Upload
from contracts.jobs import Job
from contracts.problem import Problem, UploadProblem, ValidationProblem
from contracts.providers import ProviderSettings
from frontend.api_client import Api, ApiError, http_client
from frontend.api_problems import OFFLINE

Handler = Callable[[httpx.Request], httpx.Response]
PROBLEM = Problem(title="No", status=404, detail="There is none.", code="not_found", request_id="r1")


def _api(handler: Handler) -> Api:
    return Api(http_client("http://test", httpx.MockTransport(handler)), "secret")


def _problem(problem: Problem) -> httpx.Response:
    return httpx.Response(
        problem.status, json=problem.model_dump(), headers={"content-type": "application/problem+json"}
    )


class SentFile(io.BytesIO):
    """A file as the browser sends it; remembers the largest piece that was read at once."""

    type = "application/pdf"

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name = name
        self.size = len(content)
        self.largest_read = 0

    def read(self, size: int | None = -1, /) -> bytes:
        piece = super().read(size)
        self.largest_read = max(self.largest_read, len(piece))
        return piece


def test_a_problem_arrives_as_it_was_sent() -> None:
    with pytest.raises(ApiError) as caught:
        _api(lambda _: _problem(PROBLEM)).faq(uuid4())
    assert caught.value.problem == PROBLEM
    assert not caught.value.is_offline


def test_the_fields_of_a_refused_request_are_kept() -> None:
    body = {**PROBLEM.model_dump(), "status": 422, "errors": [{"field": "name", "message": "too long"}]}
    with pytest.raises(ApiError) as caught:
        _api(lambda _: httpx.Response(422, json=body)).me()
    problem = caught.value.problem
    assert isinstance(problem, ValidationProblem)
    assert problem.errors[0].field == "name"


def test_an_answer_that_is_no_problem_becomes_one_from_its_status() -> None:
    with pytest.raises(ApiError) as caught:
        _api(lambda _: httpx.Response(502, text="<html>Bad gateway</html>")).overview()
    assert caught.value.problem.code == "http_502"
    assert caught.value.problem.retryable


@pytest.mark.parametrize("error", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_a_server_that_does_not_answer_is_offline(error: type[httpx.TransportError]) -> None:
    def handler(request: httpx.Request) -> httpx.Response:
        raise error("gone", request=request)

    with pytest.raises(ApiError) as caught:
        _api(handler).documents()
    assert caught.value.problem.code == OFFLINE
    assert caught.value.is_offline


def test_an_answer_of_another_version_is_said_to_not_match() -> None:
    with pytest.raises(ApiError, match="do not match"):
        _api(lambda _: httpx.Response(200, json={"unexpected": 1})).me()


def test_every_request_carries_the_token() -> None:
    seen: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        seen.append(request.headers["authorization"])
        return _problem(PROBLEM)

    with pytest.raises(ApiError):
        _api(handler).keys()
    assert seen == ["Bearer secret"]


def test_files_are_passed_on_in_pieces_in_their_order() -> None:
    received: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        received.append(request.read())
        return httpx.Response(202, content=Upload(jobs=[PROBLEM, PROBLEM]).model_dump_json())

    files = [SentFile("a.pdf", b"A" * 5_000_000), SentFile("b.pdf", b"B")]
    answer = _api(handler).upload(files)
    assert [type(item) for item in answer.jobs] == [Problem, Problem]
    assert received[0].index(b"a.pdf") < received[0].index(b"b.pdf")
    assert files[0].largest_read < 1_000_000


def test_files_that_were_all_refused_come_back_one_by_one() -> None:
    body = UploadProblem(**{**PROBLEM.model_dump(), "status": 422, "errors": [PROBLEM, PROBLEM]})
    answer = _api(lambda _: _problem(body)).upload([SentFile("a.pdf", b""), SentFile("b.pdf", b"")])
    assert answer.jobs == [PROBLEM, PROBLEM]


def test_an_upload_refused_as_a_whole_is_an_error() -> None:
    with pytest.raises(ApiError):
        _api(lambda _: _problem(PROBLEM)).upload([SentFile("a.pdf", b"")])


def test_the_events_of_an_answer_come_in_their_types() -> None:
    lines = [
        'event: token\ndata: {"event": "token", "text": "Two"}',
        'event: token\ndata: {"event": "token", "text": " years"}',
        f"event: done\ndata: {_done().model_dump_json()}",
    ]

    def handler(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text="\n\n".join(lines) + "\n\n", headers={"content-type": "text/event-stream"})

    with _api(handler).chat(RagChat(message="?", collection_id=uuid4())) as stream:
        assert stream.conversation_id is None
        events = list(stream)
    assert [event.text for event in events if isinstance(event, TokenEvent)] == ["Two", " years"]
    assert isinstance(events[-1], DoneEvent)


def test_a_refused_question_is_a_problem_before_any_event() -> None:
    question = RagChat(message="?", collection_id=uuid4())
    with pytest.raises(ApiError) as caught, _api(lambda _: _problem(PROBLEM)).chat(question):
        pass
    assert caught.value.problem.code == "not_found"


def test_a_stored_key_is_sent_in_the_clear_to_our_own_api_only_once() -> None:
    bodies: list[bytes] = []

    def handler(request: httpx.Request) -> httpx.Response:
        bodies.append(request.read())
        return _problem(PROBLEM)

    settings = ProviderSettings.model_validate({"api_key": "sk-1", "model": "m"})
    with pytest.raises(ApiError):
        _api(handler).save_provider("openai", settings)
    assert bodies == [b'{"api_key":"sk-1","model":"m"}']


def test_work_is_started_with_an_idempotency_key() -> None:
    keys: list[str] = []

    def handler(request: httpx.Request) -> httpx.Response:
        keys.append(request.headers["idempotency-key"])
        return _problem(PROBLEM)

    api = _api(handler)
    for _ in range(2):
        with pytest.raises(ApiError):
            api.retry_job(uuid4())
    assert len(set(keys)) == 2


def test_all_documents_are_gathered_over_the_pages() -> None:
    cursors: list[str | None] = []

    def handler(request: httpx.Request) -> httpx.Response:
        cursors.append(request.url.params.get("cursor"))
        return httpx.Response(200, json={"items": [], "next_cursor": "x" if len(cursors) < 3 else None})

    assert _api(handler).all_documents() == []
    assert cursors == [None, "x", "x"]


def _done() -> DoneEvent:
    return DoneEvent.model_validate(
        {
            "answer": {
                "response": "Two years",
                "answered": True,
                "citations": [],
                "retrieved": [],
                "conversation_id": str(uuid4()),
                "message_id": str(uuid4()),
                "model": "m",
                "provider": "p",
                "fallback_used": False,
                "usage": {},
                "latency_ms": 3,
            }
        }
    )


def test_the_stage_of_a_job_is_said_in_words() -> None:
    from frontend.components.jobs import stage_text

    job = Job.model_validate(
        {
            "id": str(uuid4()),
            "kind": "extract_document",
            "status": "running",
            "stage": "drafting",
            "progress": 0.5,
            "done": 10,
            "total": 40,
            "message": "",
            "seconds_left": 95,
            "attempt": 1,
            "created_at": "2026-11-21T10:00:00Z",
        }
    )
    assert stage_text(job, "about 2 min left") == "Drafting questions · 10 of 40 drafts · about 2 min left"
    unknown = job.model_copy(update={"total": 0})
    assert stage_text(unknown) == "Drafting questions · 10 drafts so far"
