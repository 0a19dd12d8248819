"""The synchronous client against a server on a loopback port: what three lines of Python do."""

import shutil
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import numpy as np
import openai
import pytest
import uvicorn
from openai.types.chat import ChatCompletionMessageParam

from backend.app import create_app
from backend.embeddings.catalogue import MINILM
from backend.settings import Settings
from tests.api.openai_client import connected

QUESTION = "Where is the silver key?"
ANSWER = "The silver key is under the stone."


@pytest.fixture(scope="module")
def client(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[openai.OpenAI]:
    """Connected to an application that knows where the key is."""
    data_dir = tmp_path_factory.mktemp("openai") / "data"
    shutil.copytree(template, data_dir)
    settings = Settings(data_dir=data_dir, jobs="inline", embedder="hashing", _env_file=None)
    server = uvicorn.Server(uvicorn.Config(create_app(settings), port=0, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive()
        time.sleep(0.01)
    url = f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    token = (settings.secrets_dir / "local_token").read_text().strip()
    faq = {"question": QUESTION, "answer": ANSWER}
    with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}) as http:
        assert http.post("/faqs", json=faq).status_code == 201
        while http.get("/jobs/counts").json().get("running", 0) or not answered(http):
            time.sleep(0.05)
    with connected(url, token) as client:
        yield client
    server.should_exit = True
    thread.join(20)


def answered(http: httpx.Client) -> bool:
    answer = http.post("/api/chat", json={"message": QUESTION}).json()
    return bool(answer["answered"])


def test_three_lines_talk_to_an_agent(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="default", messages=[{"role": "user", "content": QUESTION}])
    assert answer.choices[0].message.content == f"{ANSWER} [1]"


def test_a_stream_comes_piece_by_piece_and_can_be_left(client: openai.OpenAI) -> None:
    messages: list[ChatCompletionMessageParam] = [{"role": "user", "content": QUESTION}]
    with client.chat.completions.create(model="default", messages=messages, stream=True) as whole:
        text = "".join(chunk.choices[0].delta.content or "" for chunk in whole)
    assert text == f"{ANSWER} [1]"
    with client.chat.completions.create(model="default", messages=messages, stream=True) as left:
        assert next(iter(left)).choices[0].delta.role == "assistant"


def test_the_clients_own_stream_helper_reads_it_too(client: openai.OpenAI) -> None:
    with client.chat.completions.stream(model="default", messages=[{"role": "user", "content": QUESTION}]) as stream:
        completion = stream.get_final_completion()
    assert completion.choices[0].message.content == f"{ANSWER} [1]"


def test_models_are_listed_and_found(client: openai.OpenAI) -> None:
    assert [model.id for model in client.models.list()] == ["default", "hashing", MINILM.name]
    assert client.models.retrieve("default").object == "model"
    with pytest.raises(openai.NotFoundError):
        client.models.retrieve("nobody")


def test_vectors_are_the_same_as_numbers_and_as_base64(client: openai.OpenAI) -> None:
    as_default = client.embeddings.create(model="hashing", input=[QUESTION, ANSWER])
    as_numbers = client.embeddings.create(model="hashing", input=[QUESTION, ANSWER], encoding_format="float")
    np.testing.assert_array_equal(
        np.array([one.embedding for one in as_default.data], np.float32),
        np.array([one.embedding for one in as_numbers.data], np.float32),
    )
