"""What only Ollama's own protocol has: lines, the size of the context, models that are pulled or not."""

import asyncio
import json
from collections.abc import Sequence

import httpx2
import pytest
from pydantic import BaseModel, Field

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.base import (
    Completion,
    GenerationRequest,
    Message,
    Sampling,
    ToolCall,
    ToolSpec,
    Usage,
    collect,
)
from backend.agents.providers.protocols.ollama import OllamaProtocol
from backend.agents.providers.protocols.ollama_context import ContextSizes
from backend.agents.providers.pydantic_ai import PydanticAiProvider
from backend.errors import (
    ProviderAuthFailed,
    ProviderBadAnswer,
    ProviderContextExceeded,
    ProviderError,
    ProviderRejected,
    ProviderUnavailable,
)
from tests.agents.conftest import Connect
from tests.mock_llm.ollama import TRAINED
from tests.mock_openai import MockServer

Row = dict[str, object]
STOP: Row = {"message": {"content": ""}, "done": True, "done_reason": "stop"}
HELLO: Row = {"message": {"content": "Hello"}, "done": False}
URL = "http://127.0.0.1:11434/v1"
CITY = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
WEATHER = ToolSpec("weather", "Tells the weather", CITY)


@pytest.fixture
def vendor() -> str:
    return "ollama"


class Verdict(BaseModel):
    better: str = Field(description="The name of the better one.")


class Server:
    """Answers `/api/chat` with these lines, or this status and body; the others as they are given."""

    def __init__(
        self,
        *rows: object,
        status: int = 200,
        error: object = None,
        trained: int | None = None,
        pulled: Sequence[str] | None = None,
    ) -> None:
        body = "".join(f"{json.dumps(row)}\n" for row in rows) if status == 200 else json.dumps({"error": error})
        self._chat = httpx2.Response(status, text=body)
        self._trained, self._pulled = trained, pulled
        self.asked: list[tuple[str, Row]] = []
        self.goes_away = False

    def client(self, _url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
        return httpx2.AsyncClient(transport=httpx2.MockTransport(self._respond), timeout=timeout)

    def _respond(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append((str(request.url), json.loads(request.content or b"{}")))
        if self.goes_away and len(self.asked) > 1:
            raise httpx2.ConnectError("gone", request=request)
        if request.url.path == "/api/show" and self._trained is not None:
            about = {"general.architecture": "llama", "llama.context_length": self._trained}
            return httpx2.Response(200, json={"model_info": about})
        if request.url.path == "/api/tags" and self._pulled is not None:
            return httpx2.Response(200, json={"models": [{"name": name} for name in self._pulled]})
        return self._chat if request.url.path == "/api/chat" else httpx2.Response(404, json={"error": "not found"})

    @property
    def paths(self) -> list[str]:
        return [url.removeprefix("http://127.0.0.1:11434") for url, _ in self.asked]

    @property
    def body(self) -> Row:
        """Of the last chat."""
        return [body for url, body in self.asked if url.endswith("/api/chat")][-1]

    @property
    def contexts(self) -> list[object]:
        """What each chat asked for."""
        options = [body["options"] for url, body in self.asked if url.endswith("/api/chat")]
        return [each["num_ctx"] for each in options if isinstance(each, dict)]


def saying(text: str = "Hi", **more: object) -> GenerationRequest:
    return GenerationRequest("llama3.2", (Message("user", text),), **more)  # type: ignore[arg-type]  # fields of it


async def ask(server: Server, *requests: GenerationRequest) -> Completion:
    """The last answer."""
    contexts = ContextSizes()
    config = ProviderConfig("ollama", URL)
    provider = PydanticAiProvider(PROVIDERS.vendors["ollama"], lambda: OllamaProtocol(contexts), config, server.client)
    try:
        answers = [await collect(provider.stream(request)) for request in requests or (saying(),)]
    finally:
        await provider.aclose()
    return answers[-1]


async def failure(server: Server) -> ProviderError:
    with pytest.raises(ProviderError) as caught:
        await ask(server)
    return caught.value


# --- what goes out and comes back ---------------------------------------------
async def test_a_question_is_one_request_with_all_that_matters_said() -> None:
    server = Server(HELLO, STOP)
    messages = (Message("system", "Be brief."), Message("user", "Hi"))
    await ask(server, GenerationRequest("llama3.2", messages, sampling=Sampling(0.5, 9)))
    assert server.asked == [
        (
            "http://127.0.0.1:11434/api/chat",
            {
                "model": "llama3.2",
                "messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}],
                "stream": True,
                "truncate": False,
                "shift": False,
                "options": {"temperature": 0.5, "num_predict": 9, "num_ctx": 4096},
            },
        )
    ]


async def test_the_end_says_which_model_answered_with_how_many_tokens_and_why_it_ended() -> None:
    end = {"model": "llama3.2:latest", "done": True, "done_reason": "length", "prompt_eval_count": 12, "eval_count": 3}
    done = (await ask(Server(HELLO, end))).done
    assert (done.model, done.usage, done.finish_reason) == ("llama3.2:latest", Usage(12, 3), "length")


async def test_counts_that_are_missing_are_no_tokens() -> None:
    """Ollama leaves a count of nothing out."""
    assert (await ask(Server(HELLO, STOP))).done.usage == Usage()


@pytest.mark.parametrize(
    "thoughts",
    [
        [{"message": {"content": "", "thinking": "Hm."}}],
        [{"message": {"content": text}} for text in ("<think>", "Hm.", "</think>")],
    ],
)
async def test_reasoning_is_no_part_of_the_answer(thoughts: Sequence[Row]) -> None:
    assert (await ask(Server(*thoughts, HELLO, STOP))).text == "Hello"


async def test_calls_have_ids_of_their_own_where_the_server_gives_none() -> None:
    function = {"function": {"name": "weather", "arguments": {"city": "Bern"}}}
    called = {"message": {"content": "", "tool_calls": [function, {**function, "id": "call_7"}]}}
    answer = await ask(Server(called, STOP), saying(tools=(WEATHER,)))
    first, second = answer.tool_calls
    assert (first.name, first.arguments, second.id) == ("weather", {"city": "Bern"}, "call_7")
    assert first.id
    assert answer.done.finish_reason == "tool_calls"


async def test_tools_and_what_they_said_are_sent_as_ollama_reads_them() -> None:
    server = Server(HELLO, STOP)
    messages = (
        Message("user", "Weather?"),
        Message("assistant", "", tool_calls=(ToolCall("call_7", "weather", {"city": "Bern"}),)),
        Message("tool", "Sunny", "call_7"),
    )
    await ask(server, GenerationRequest("llama3.2", messages, tools=(WEATHER,)))
    function = {"name": "weather", "description": "Tells the weather", "parameters": CITY}
    assert server.body["tools"] == [{"type": "function", "function": function}]
    assert server.body["messages"] == [
        {"role": "user", "content": "Weather?"},
        {
            "role": "assistant",
            "content": "",
            "tool_calls": [{"id": "call_7", "function": {"name": "weather", "arguments": {"city": "Bern"}}}],
        },
        {"role": "tool", "content": "Sunny", "tool_name": "weather", "tool_call_id": "call_7"},
    ]


@pytest.mark.parametrize("messages", [(Message("user", "Which?"),), (Message("system", "Judge."), Message("user", ""))])
async def test_a_schema_bounds_the_answer_and_is_read_by_the_model(messages: Sequence[Message]) -> None:
    server = Server({"message": {"content": '{"better": "left"}'}}, STOP)
    answer = await ask(server, GenerationRequest("llama3.2", messages, output_type=Verdict))
    assert answer.structured == Verdict(better="left")
    assert server.body["format"] == Verdict.model_json_schema()
    sent = server.body["messages"]
    assert isinstance(sent, list)
    assert [row["role"] for row in sent] == ["system", "user"]
    assert "The name of the better one." in sent[0]["content"]
    assert sent[0]["content"].startswith(messages[0].content if len(messages) == 2 else "Answer with")


async def test_lines_that_come_in_pieces_or_without_an_end_are_whole() -> None:
    async def pieces() -> object:
        body = f"\n{json.dumps(HELLO, ensure_ascii=False).replace('Hello', 'Grüße')}\r\n\n{json.dumps(STOP)}".encode()
        for start in range(0, len(body), 5):
            yield body[start : start + 5]

    server = Server()
    server._chat = httpx2.Response(200, content=pieces())  # type: ignore[arg-type]  # an asynchronous generator of bytes
    assert (await ask(server)).text == "Grüße"


# --- how much is read ---------------------------------------------------------
@pytest.mark.parametrize(
    ("characters", "limit", "context"),
    [
        (100, None, 4096),
        (6000, None, 4096),
        (6300, None, 8192),  # 2,100 tokens at most, and 2,048 for the answer
        (6300, 500, 4096),
        (60_000, None, 32_768),
        (100, 5000, 8192),
        ("請" * 3000, None, 8192),
    ],
)
async def test_the_context_holds_prompt_and_answer(characters: int | str, limit: int | None, context: int) -> None:
    server = Server(HELLO, STOP, trained=131_072)
    text = characters if isinstance(characters, str) else "x" * characters
    await ask(server, saying(text, sampling=Sampling(max_tokens=limit)))
    assert server.contexts == [context]


async def test_no_context_is_larger_than_the_model_was_trained_for() -> None:
    server = Server(HELLO, STOP, trained=6000)
    await ask(server, saying("x" * 60_000))
    assert server.contexts == [6000]
    assert server.asked[0] == ("http://127.0.0.1:11434/api/show", {"model": "llama3.2"})


async def test_a_model_trained_for_less_than_the_smallest_context_is_asked_for_that() -> None:
    server = Server(HELLO, STOP, trained=2048)
    await ask(server, saying("x" * 60_000))
    assert server.contexts == [4096]


async def test_a_server_that_does_not_tell_what_a_model_was_trained_for_limits_the_context_itself() -> None:
    server = Server(HELLO, STOP)
    await ask(server, saying("x" * 60_000))
    assert server.contexts == [32_768]


async def test_a_model_keeps_the_context_that_it_was_loaded_with() -> None:
    """Another one makes Ollama load it anew."""
    server = Server(HELLO, STOP, trained=131_072)
    await ask(server, saying(), saying("x" * 20_000), saying(), saying("x" * 25_000))
    assert server.contexts == [4096, 16_384, 16_384, 16_384]
    assert server.paths.count("/api/show") == 1


async def test_a_model_is_asked_once_for_what_it_was_trained_for() -> None:
    server = Server(HELLO, STOP, trained=6000)
    await ask(server, saying("x" * 60_000), saying("x" * 60_000))
    assert server.contexts == [6000, 6000]
    assert server.paths.count("/api/show") == 1


async def test_the_loops_of_a_process_ask_a_server_for_one_context() -> None:
    """A context of each loop's own would have the model loaded anew for every other question."""
    contexts = ContextSizes()

    async def untold(_model: str) -> int | None:
        return None

    first = await asyncio.to_thread(lambda: asyncio.run(contexts.of("http://one/api", "m", 5000, untold)))
    assert (first, await contexts.of("http://one/api", "m", 10, untold)) == (8192, 8192)
    assert await contexts.of("http://two/api", "m", 10, untold) == 4096


async def test_the_tools_count_as_prompt() -> None:
    server = Server(HELLO, STOP, trained=131_072)
    await ask(server, saying(tools=(ToolSpec("weather", "x" * 20_000, CITY),)))
    assert server.contexts == [16_384]


async def test_the_mock_is_asked_for_no_more_than_it_was_trained_for(connect: Connect, server: MockServer) -> None:
    provider = connect()
    await collect(provider.stream(GenerationRequest("ok", (Message("user", "x" * 300_000),))))
    await provider.aclose()
    show, chat = server.app.requests
    assert (show.path, chat.body["options"]) == ("/ollama/api/show", {"num_ctx": TRAINED})


# --- failures -----------------------------------------------------------------
@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    ("status", "said", "expected", "says"),
    [
        (400, "the input length exceeds the context length", ProviderContextExceeded, "begin a new conversation"),
        (400, '"llama3.2" does not support tools', ProviderRejected, "does not support tools"),
        (401, "unauthorized", ProviderAuthFailed, "refused the key: 'unauthorized'"),
        (404, "404 page not found", ProviderRejected, "check the model's name and the URL"),
        (500, "model requires more system memory (5.6 GiB) than is available", ProviderUnavailable, "5.6 GiB"),
        (503, "server busy, please try again", ProviderUnavailable, "server busy"),
    ],
)
async def test_a_refused_question_says_why(status: int, said: str, expected: type[ProviderError], says: str) -> None:
    error = await failure(Server(status=status, error=said))
    assert type(error) is expected
    assert says in str(error)


@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    ("pulled", "known"),
    [
        (None, ""),
        ([], ""),
        (["gemma3:latest", "phi4-mini:latest"], "; it has ['gemma3:latest', 'phi4-mini:latest']"),
        ([f"m{n}" for n in range(9)], "; it has ['m0', 'm1', 'm2', 'm3', 'm4', 'm5', 'm6', 'm7'] and others"),
    ],
)
async def test_a_model_that_is_not_pulled_is_said_with_what_to_run(pulled: list[str] | None, known: str) -> None:
    server = Server(status=404, error="model 'llama3.2' not found", pulled=pulled)
    error = await failure(server)
    assert type(error) is ProviderRejected
    assert str(error) == (
        "'ollama' has no model 'llama3.2': check the model's name, or run `ollama pull llama3.2` where Ollama runs"
        f"{known}"
    )
    assert server.paths == ["/api/chat", "/api/tags"]


@pytest.mark.fault("C5")
async def test_a_model_that_is_not_pulled_is_said_also_when_the_server_goes_away() -> None:
    server = Server(status=404, error="model 'llama3.2' not found", pulled=())
    server.goes_away = True
    assert "`ollama pull llama3.2`" in str(await failure(server))
    assert server.paths == ["/api/chat", "/api/tags"]


async def test_the_command_that_pulls_a_model_is_one_command_whatever_its_name(connect: Connect) -> None:
    provider = connect()
    with pytest.raises(ProviderRejected, match=r"`ollama pull 'x; reboot@unpulled'`.*'ok', 'badcite'"):
        await collect(provider.stream(GenerationRequest("x; reboot@unpulled", (Message("user", "Hi"),))))
    await provider.aclose()


@pytest.mark.fault("C5")
@pytest.mark.parametrize(
    ("error", "expected", "says"),
    [
        ("llama runner process has terminated", ProviderUnavailable, "has terminated'; try again"),
        ("the input length exceeds the context length", ProviderContextExceeded, "begin a new conversation"),
        ({"code": 3}, ProviderUnavailable, "try again"),
    ],
)
async def test_an_error_within_an_answer_is_one_of_ours(
    error: object, expected: type[ProviderError], says: str
) -> None:
    failed = await failure(Server(HELLO, {"error": error}))
    assert type(failed) is expected
    assert says in str(failed)


@pytest.mark.fault("C5")
@pytest.mark.parametrize("size", [1024, 1024 * 1024])
async def test_a_line_without_an_end_is_not_read_to_it(size: int) -> None:
    read = 0

    async def endless() -> object:
        nonlocal read
        while True:
            read += size
            yield b"x" * size

    server = Server()
    server._chat = httpx2.Response(200, content=endless())  # type: ignore[arg-type]  # an asynchronous generator of bytes
    assert type(await failure(server)) is ProviderBadAnswer
    assert read <= 5 * 1024 * 1024 + size
