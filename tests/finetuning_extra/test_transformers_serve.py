"""The real transformers serves a folder as OpenAI's API: for the key alone, one model alone, and as it was asked."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from backend.agents.providers.local_models import transformers_chat
from backend.agents.providers.local_models.servers import ModelServer
from backend.agents.providers.local_models.transformers_chat import Words
from backend.agents.providers.local_models.transformers_serve import serve
from backend.errors import ProviderRejected
from backend.finetuning.lora_task import load_tokenizer
from tests.finetuning_extra.building import END, START, write_base
from tests.finetuning_extra.running import SECONDS
from tests.finetuning_extra.test_lora_gguf import greedy

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(SECONDS)]
KEY = "0123456789abcdef"
CHAT = "/v1/chat/completions"
HELLO = [{"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module", params=["qwen2", "gpt2"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_base(tmp_path_factory.mktemp(request.param) / "tiny", kind=request.param)


@pytest.fixture(scope="module")
def client(base: Path) -> Iterator[httpx.Client]:
    """Of a server in this process."""
    url, _server = serve(str(base), "tiny", KEY)
    with httpx.Client(base_url=url, headers={"authorization": f"Bearer {KEY}"}, timeout=60) as client:
        yield client


@dataclass(frozen=True)
class Told:
    text: str
    finish: str
    prompt_tokens: int
    completion_tokens: int
    pieces: int
    model: str


def asking(messages: Any = HELLO, *, most: int = 40, **more: Any) -> dict[str, Any]:
    return {"model": "tiny", "messages": messages, "stream": True, "max_tokens": most, "temperature": 0, **more}


def told(client: httpx.Client, body: dict[str, Any]) -> Told:
    with client.stream("POST", CHAT, json=body) as response:
        assert response.status_code == 200, response.read()
        chunks = [json.loads(line[len("data: ") :]) for line in response.iter_lines() if line]
    words = [chunk["choices"][0]["delta"].get("content") or "" for chunk in chunks]
    last = chunks[-1]
    usage = last["usage"]
    return Told(
        "".join(words),
        last["choices"][0]["finish_reason"],
        usage["prompt_tokens"],
        usage["completion_tokens"],
        sum(map(bool, words)),
        last["model"],
    )


def refusal(client: httpx.Client, body: object, status: int) -> dict[str, str]:
    answer = client.post(CHAT, json=body)
    assert answer.status_code == status, answer.text
    error: dict[str, str] = answer.json()["error"]
    return error


# --- who, and what -------------------------------------------------------------
@pytest.mark.parametrize("key", [None, "Bearer", "Bearer other", KEY])
def test_without_the_key_nothing_is_told_but_that_it_runs(client: httpx.Client, key: str | None) -> None:
    with httpx.Client(base_url=client.base_url, headers={"authorization": key} if key else {}) as stranger:
        assert stranger.get("/health").status_code == 200
        assert stranger.get("/v1/models").status_code == 401
        assert stranger.post(CHAT, json=asking()).status_code == 401
        assert stranger.get("/openapi.json").status_code == 401


def test_nothing_else_of_transformers_server_can_be_reached(client: httpx.Client) -> None:
    assert client.get("/v1/models").json()["data"] == [{"id": "tiny", "object": "model", "owned_by": "local"}]
    for path in ("/load_model", "/reset", "/v1/responses", "/v1/completions", "/v1/audio/transcriptions", "/docs", "/"):
        assert (path, client.post(path, json={"model": "tiny"}).status_code) == (path, 404)
        assert (path, client.get(path).status_code) == (path, 404)


@pytest.mark.parametrize(
    ("change", "status", "says"),
    [
        ({"model": "gpt-4"}, 404, "no model 'gpt-4'; known: ['tiny']"),
        ({"stream": False}, 400, "only streams"),
        ({"tools": [{"type": "function"}]}, 400, "'tools' is nothing that transformers holds a model to"),
        ({"response_format": {"type": "json_object"}}, 400, "'response_format'"),
        ({"messages": [{"role": "user", "content": "a b " * 3000}]}, 400, "and the model takes 4096 with its answer"),
    ],
)
def test_what_cannot_be_answered_is_refused_with_the_reason(
    client: httpx.Client, change: dict[str, Any], status: int, says: str
) -> None:
    assert says in refusal(client, asking(**change), status)["message"]


def test_a_body_that_is_no_request_is_refused(client: httpx.Client) -> None:
    assert "a list" in refusal(client, [], 400)["message"]
    assert client.post(CHAT, content=b"{").status_code == 400


# --- what is said -----------------------------------------------------------------
def test_the_answer_is_the_models_own_word_by_word(client: httpx.Client, base: Path) -> None:
    answer = told(client, asking())
    tokenizer = load_tokenizer(base)
    tokens = greedy(base, tokenizer, HELLO, 40)
    assert answer.text == tokenizer.decode(tokens, skip_special_tokens=True).rstrip("\ufffd")
    assert (answer.model, answer.prompt_tokens) == ("tiny", len(_asked(tokenizer)))
    assert answer.completion_tokens == len([token for token in tokens if token != tokenizer.eos_token_id])
    assert answer.finish == ("length" if len(tokens) == 40 else "stop")
    assert answer.pieces > 1
    assert told(client, asking()) == answer


def _asked(tokenizer: Any) -> list[int]:
    found: list[int] = tokenizer.apply_chat_template(HELLO, add_generation_prompt=True, return_dict=True)["input_ids"]
    return found


def test_an_answer_ends_before_a_text_of_stop(client: httpx.Client) -> None:
    whole = told(client, asking()).text
    stop = whole[3:6]
    answer = told(client, asking(stop=["never said", stop]))
    assert (answer.text, answer.finish) == (whole[: whole.index(stop)], "stop")


def test_a_temperature_draws_words_whatever_the_models_settings_are(client: httpx.Client) -> None:
    assert len({told(client, asking(temperature=1.5)).text for _ in range(5)}) > 1


def test_two_questions_at_once_are_answered_as_one_after_the_other(client: httpx.Client) -> None:
    questions = [asking([{"role": "user", "content": text}], most=60) for text in ("one", "two", "three")]
    alone = [told(client, question) for question in questions]
    together: dict[int, Told] = {}
    asked = [
        threading.Thread(target=lambda at=at, one=one: together.update({at: told(client, one)}))
        for at, one in enumerate(questions)
    ]
    for one in asked:
        one.start()
    for one in asked:
        one.join()
    assert [together[at] for at in range(3)] == alone


def test_a_caller_who_hangs_up_ends_the_answer(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Words] = []
    has_ended = threading.Event()
    generate = transformers_chat._generate

    def watched(model: Any, words: Words, asked: dict[str, Any]) -> None:
        seen.append(words)
        asked["generation_config"].eos_token_id = None  # it would go on to the last token
        generate(model, words, asked)
        has_ended.set()

    monkeypatch.setattr(transformers_chat, "_generate", watched)
    with client.stream("POST", CHAT, json=asking(most=3900)) as response:
        lines = response.iter_lines()
        while '"content"' not in next(lines):
            pass
    assert has_ended.wait(60)
    assert 0 < seen[0].total_tokens < 3900


# --- the child ----------------------------------------------------------------------
def test_a_folder_that_cannot_be_loaded_is_an_error_in_one_line(tmp_path: Path) -> None:
    base = write_base(tmp_path / "cut", kind="qwen2")
    weights = base / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    server = ModelServer(base, "cut")
    with pytest.raises(ProviderRejected, match=r"^transformers cannot load '.*cut': SafetensorError: "):
        server.acquire()


def test_the_child_serves_a_folder(base: Path) -> None:
    server = ModelServer(base, "tiny")
    try:
        served = server.acquire()
        key = {"authorization": f"Bearer {served.key.get_secret_value()}"}
        with httpx.Client(base_url=served.url, headers=key, timeout=60) as client:
            answer = told(client, asking())
        assert answer.completion_tokens > 0
        assert not {START, END} & set(answer.text.split())
    finally:
        server.stop()
