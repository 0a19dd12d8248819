"""Local models: which file or folder is one, and the life of the child that serves it: the mock server here."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import BaseModel

from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.agents.providers.base import (
    Done,
    GenerationRequest,
    Message,
    Sampling,
    TextDelta,
    ToolSpec,
    Usage,
    collect,
)
from backend.agents.providers.echo import EchoProvider
from backend.agents.providers.local import LONGEST, LocalProvider
from backend.agents.providers.local_models import model_files
from backend.agents.providers.local_models.model_files import capabilities_of, check, model_file
from backend.agents.providers.local_models.servers import ModelServers
from backend.agents.providers.protocols.base import WireProtocol
from backend.agents.providers.retry import AnsweredBy, Candidate, FallbackProvider
from backend.agents.providers.streams import closing
from backend.errors import InvalidRequest, ProviderRejected, ProviderUnavailable
from tests.agents.scripted import ScriptedProvider
from tests.finetuning import bases
from tests.support import eventually

COMMAND = (sys.executable, "-m", "tests.mock_llm.child")
HEAD = b"GGUF\x03\x00\x00\x00"
QUESTION = (Message("user", "Is it so?"),)
Make = Callable[..., LocalProvider]


def openai_chat() -> WireProtocol:
    from backend.agents.providers.protocols.openai_chat import OpenAIChat

    return OpenAIChat()


@pytest.fixture
def servers() -> Iterator[ModelServers]:
    servers = ModelServers(command=COMMAND)
    yield servers
    servers.stop()


@pytest.fixture
def make(servers: ModelServers) -> Make:
    def provider(*, unload: float = 600.0) -> LocalProvider:
        config = ProviderConfig("local", timeouts=Timeouts(unload=unload))
        return LocalProvider(PROVIDERS.vendors["local"], config, openai_chat, servers)

    return provider


@pytest.fixture
def model(tmp_path: Path) -> Path:
    file = tmp_path / "tiny.gguf"
    file.write_bytes(HEAD + b"\x00" * 100)
    return file


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Hugging Face model, where transformers is installed."""
    monkeypatch.setattr(model_files, "_PACKAGE", "json")
    return bases.write(tmp_path / "model-1.5")


async def ask(provider: LocalProvider, file: Path) -> str:
    return (await collect(provider.stream(GenerationRequest(str(file), QUESTION)))).text


def pid_of(servers: ModelServers, file: Path) -> int | None:
    return servers.of(file, "", idle=1).pid


# --- which file is one --------------------------------------------------------
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no GGUF file: it is empty"),
        (b"GGUF", "is no GGUF file"),
        (b"%PDF-1.7 and more", "is no GGUF file: it begins with other bytes than 'GGUF'$"),
        (b"GGUF\x01\x00\x00\x00", "of version 1; known: \\[2, 3\\]"),
        (b"GGUF\x00\x00\x00\x03", "of version 50331648"),
    ],
)
def test_a_file_that_is_none_is_refused_by_its_first_bytes(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(InvalidRequest, match=says):
        check(file)


@pytest.mark.parametrize("name", ["/no/such/model.gguf", "/", "model.gguf", "../model.gguf"])
def test_what_is_no_path_of_a_file_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="model: "):
        model_file(name)


def test_a_folder_with_a_hugging_face_model_is_one(folder: Path) -> None:
    assert model_file(str(folder)) == folder


@pytest.mark.fault("B9")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("pytorch_model.bin", "'pytorch_model.bin' can run code when it is opened"),
        ("modeling.py", "'modeling.py' can run code"),
        ("config.json", "'config.json' has 'auto_map', by which a model names code"),
    ],
)
def test_a_folder_that_could_run_code_is_refused_unopened(folder: Path, file: str, says: str) -> None:
    (folder / file).write_text('{"auto_map": {"AutoModel": "modeling.Own"}}')
    with pytest.raises(InvalidRequest, match=f"model: '{folder}': .*{says}"):
        model_file(str(folder))


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("config.json", "has no 'config.json'; give the folder of a whole Hugging Face model"),
        ("tokenizer.json", "has no 'tokenizer.json'"),
        ("tokenizer_config.json", "no chat template"),
        ("model.safetensors", r"no \*\.safetensors file"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(folder: Path, file: str, says: str) -> None:
    (folder / file).unlink()
    with pytest.raises(InvalidRequest, match=says):
        model_file(str(folder))


def test_a_folder_without_transformers_is_refused_with_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "_PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(InvalidRequest, match="transformers is not installed: run `make finetune`"):
        model_file(str(folder))


async def test_no_child_is_started_for_a_file_that_is_none(make: Make, servers: ModelServers, tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"no model at all")
    with pytest.raises(ProviderRejected, match="is no GGUF file"):
        await ask(make(), file)
    assert pid_of(servers, file) is None


async def test_a_file_that_is_gone_lets_the_fallback_answer(make: Make) -> None:
    candidates = [Candidate("local", make(), "/no/such/model.gguf"), Candidate("echo", EchoProvider())]
    done = (await collect(FallbackProvider(candidates).stream(GenerationRequest("", QUESTION)))).done
    assert isinstance(done, AnsweredBy)
    assert (done.provider, [one.provider for one in done.failures]) == ("echo", ["local"])


# --- the child ----------------------------------------------------------------
async def test_the_first_question_starts_one_child_that_answers_all(
    make: Make, servers: ModelServers, model: Path
) -> None:
    first, second = make(), make()
    assert pid_of(servers, model) is None
    answers = await asyncio.gather(ask(first, model), ask(first, model), ask(second, model))
    assert set(answers) == {"You asked: Is it so?"}
    pid = pid_of(servers, model)
    assert pid is not None
    await ask(first, model)
    assert pid_of(servers, model) == pid
    await first.aclose()
    await second.aclose()


async def test_a_child_that_another_provider_uses_stays(make: Make, servers: ModelServers, model: Path) -> None:
    first, second = make(), make()
    await ask(second, model)
    await ask(first, model)
    answer = first.stream(GenerationRequest(str(model), QUESTION))
    await anext(answer)
    pid = pid_of(servers, model)
    await second.aclose()
    assert pid_of(servers, model) == pid
    rest = [event async for event in answer]
    assert isinstance(rest[-1], Done)
    await first.aclose()
    assert pid_of(servers, model) is None


async def test_the_model_goes_by_its_files_name(make: Make, model: Path) -> None:
    provider = make()
    done = (await collect(provider.stream(GenerationRequest(str(model), QUESTION)))).done
    await provider.aclose()
    assert done.model == "tiny"


@pytest.mark.parametrize(("asked", "sent"), [(None, LONGEST), (40, 40), (5_000, 5_000)])
async def test_an_answer_that_nobody_limits_ends_all_the_same(
    make: Make, monkeypatch: pytest.MonkeyPatch, model: Path, asked: int | None, sent: int
) -> None:
    speaker = ScriptedProvider((Done(Usage(1, 1), "stop", "tiny"),))
    monkeypatch.setattr(LocalProvider, "_speaker", lambda *_: speaker)
    provider = make()
    await collect(provider.stream(GenerationRequest(str(model), QUESTION, sampling=Sampling(max_tokens=asked))))
    await provider.aclose()
    assert [request.sampling.max_tokens for request in speaker.requests] == [sent]


async def test_a_child_that_was_killed_is_replaced_at_the_next_question(
    make: Make, servers: ModelServers, model: Path
) -> None:
    provider = make()
    await ask(provider, model)
    await killed(servers, model)
    assert await ask(provider, model) == "You asked: Is it so?"
    await provider.aclose()


async def test_a_child_that_dies_before_it_answered_is_left_alone_for_a_while(
    make: Make, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("backend.agents.providers.local_models.servers._FIRST_BACKOFF", 60.0)
    monkeypatch.setattr("backend.agents.providers.local_models.servers._LONGEST_BACKOFF", 60.0)
    file = tmp_path / "silent.gguf"
    file.write_bytes(HEAD)
    provider = make()
    for _ in range(2):
        with pytest.raises(ProviderRejected, match="it said nothing"):
            await ask(provider, file)
    with pytest.raises(ProviderUnavailable, match="is started again in"):
        await ask(provider, file)
    await provider.aclose()


async def test_a_file_that_llama_cpp_cannot_load_is_an_error_with_its_words(make: Make, tmp_path: Path) -> None:
    file = tmp_path / "refuse.gguf"
    file.write_bytes(HEAD)
    provider = make()
    with pytest.raises(ProviderRejected, match=r"^llama\.cpp cannot load .*refuse\.gguf.*failed to load model"):
        await ask(provider, file)
    await provider.aclose()


async def test_an_unused_model_leaves_the_memory_and_comes_back(make: Make, servers: ModelServers, model: Path) -> None:
    provider = make(unload=0.3)
    await ask(provider, model)

    async def is_gone() -> bool:
        return pid_of(servers, model) is None

    await eventually(is_gone)
    assert await ask(provider, model) == "You asked: Is it so?"
    await provider.aclose()


async def test_a_folder_is_served_as_a_file_is_and_goes_by_its_name(
    make: Make, servers: ModelServers, folder: Path
) -> None:
    provider = make()
    done = (await collect(provider.stream(GenerationRequest(str(folder), QUESTION)))).done
    assert done.model == "model-1.5"
    first = pid_of(servers, folder)
    assert await ask(provider, folder) == "You asked: Is it so?"
    assert pid_of(servers, folder) == first
    await provider.aclose()
    assert pid_of(servers, folder) is None


async def test_a_folder_that_cannot_be_loaded_is_an_error_that_names_transformers(
    make: Make, folder: Path, tmp_path: Path
) -> None:
    refused = folder.rename(tmp_path / "refuse")
    provider = make()
    with pytest.raises(ProviderRejected, match=r"^transformers cannot load .*refuse.*failed to load model"):
        await ask(provider, refused)
    await provider.aclose()


async def test_a_folder_is_asked_for_no_form_and_for_no_tools(make: Make, servers: ModelServers, folder: Path) -> None:
    assert capabilities_of(str(folder)).structured_output is False
    assert capabilities_of("/models/some.gguf").holds_to_schema is True
    provider = make()
    for more in ({"output_type": Verdict}, {"tools": (ToolSpec("look", "Looks.", {}),)}):
        with pytest.raises(ProviderRejected, match="transformers, which holds no model to a form or to tools"):
            await collect(provider.stream(GenerationRequest(str(folder), QUESTION, **more)))
    assert pid_of(servers, folder) is None
    await provider.aclose()


class Verdict(BaseModel):
    right: bool


async def test_a_model_that_is_answering_stays(make: Make, servers: ModelServers, tmp_path: Path) -> None:
    file = tmp_path / "drip.gguf"
    file.write_bytes(HEAD)
    provider = make(unload=0.2)
    words = 0
    async with closing(provider.stream(GenerationRequest(str(file), QUESTION))) as events:
        async for event in events:
            words += isinstance(event, TextDelta)
            if words == 40:  # at 20 ms each four times as long as an unused one stays
                break
        assert pid_of(servers, file) is not None
    await provider.aclose()


async def test_closing_ends_the_child_and_a_later_question_starts_another(
    make: Make, servers: ModelServers, model: Path
) -> None:
    provider = make()
    await ask(provider, model)
    before = pid_of(servers, model)
    await provider.aclose()
    assert pid_of(servers, model) is None
    assert await ask(provider, model)
    assert pid_of(servers, model) != before
    await provider.aclose()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux ends children with their parent")
async def test_a_child_does_not_outlive_a_parent_that_is_killed(model: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from backend.agents.providers.local_models.servers import ModelServer\n"
        f"server = ModelServer(Path({str(model)!r}), 'tiny', command={COMMAND!r})\n"
        "server.acquire(); print(server.pid, flush=True); sys.stdin.read()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        assert parent.stdout is not None
        pid = int(await asyncio.to_thread(parent.stdout.readline))
        assert is_alive(pid)
        parent.kill()

    async def is_gone() -> bool:
        return not is_alive(pid)

    await eventually(is_gone)


async def killed(servers: ModelServers, file: Path) -> None:
    pid = pid_of(servers, file)
    assert pid is not None
    os.kill(pid, signal.SIGKILL)

    async def is_gone() -> bool:
        return pid_of(servers, file) is None

    await eventually(is_gone)


def is_alive(pid: int) -> bool:
    with suppress(OSError):
        return " Z " not in Path(f"/proc/{pid}/stat").read_text(encoding="ascii", errors="replace")
    return False
