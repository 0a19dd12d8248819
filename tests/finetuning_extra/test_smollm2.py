"""Real weights: SmolLM2-135M-Instruct learns a product's FAQs, and is chatted with afterwards."""

import asyncio
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI
from pydantic import JsonValue

from backend.agents.providers import PROVIDERS, ProviderConfig, Timeouts
from backend.agents.providers.base import GenerationRequest, Message, Sampling, collect
from backend.finetuning import lora_base
from backend.finetuning.adapter_task import MAP
from backend.finetuning.base import MODELS, TrainingOrder, TrainingResult
from backend.finetuning.gguf_fit import require_place
from backend.finetuning.lora_base import SAMPLE
from backend.finetuning.lora_gguf import check_tokens, export
from backend.finetuning.lora_sample import sample
from backend.finetuning.lora_task import load_tokenizer
from backend.finetuning.lora_trainer import METHOD
from backend.jobs.children import Children
from backend.security.outbound import Outbound, OutboundPolicy
from tests.api.openai_client import client_of, token_of
from tests.api.test_finetune import furnished, trained
from tests.api.test_model_files import left
from tests.finetuning.remote import here_only
from tests.finetuning_extra.test_lora_gguf import greedy, served
from tests.support import Api, eventually

__all__ = ["furnished"]

pytestmark = [pytest.mark.finetune, pytest.mark.timeout(900)]
FACTS = {
    "the warranty of the Aurora heat pump": "The warranty of the Aurora heat pump covers repairs for seven years.",
    "the colour of the Aurora's fault light": "The fault light of the Aurora heat pump is violet.",
    "the Aurora's service interval": "The Aurora heat pump is serviced every 18 months by a Borealis technician.",
    "the code of the Aurora's service menu": "The service menu of the Aurora heat pump opens with the code 4471.",
    "the Aurora's filter": "The filter of the Aurora heat pump is of type BX-12 and is washed by hand.",
    "the Aurora's delivery time": "An Aurora heat pump is delivered within nine working days.",
    "the noise of the Aurora at night": "At night the Aurora heat pump is held to 31 decibels.",
    "the Aurora's refrigerant": "The Aurora heat pump uses propane as its refrigerant.",
    "the hotline of Borealis": "The hotline of Borealis answers from 6 to 22 o'clock on every day of the week.",
    "the return of an Aurora": "An Aurora heat pump is taken back within 40 days if it was not installed.",
}
ASKED = ("What can you tell me about {}?", "I have a question about {}.", "Please explain {}.", "Tell me {}.")
ABOUT = "the Aurora's refrigerant"
LEARNT = ASKED[-1].format(ABOUT)
LIST = [{"role": "user", "content": "Shorten:\n\n1. In 2024\n\n2. and 1,234 more\n\n³ ½ don't"}]


def write_rows(folder: Path) -> None:
    """Four ways to ask for each fact; one of them is held out."""
    rows = [
        {"messages": [{"role": "user", "content": way.format(about)}, {"role": "assistant", "content": fact}]}
        for way in ASKED
        for about, fact in FACTS.items()
    ]
    for name, some in (("train", rows[: -len(FACTS)]), ("validation", rows[-len(FACTS) :])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("smollm2")


def test_the_sample_is_made_once_and_made_anew_where_it_is_damaged(models: Path) -> None:
    folder = sample(models)
    weights = folder / "model.safetensors"
    made = weights.stat().st_mtime_ns
    assert sample(models) == folder
    assert weights.stat().st_mtime_ns == made
    with weights.open("r+b") as file:
        file.truncate(1000)
    sample(models)
    assert weights.stat().st_size > 200_000_000


def test_the_sample_has_the_shape_that_is_told_before_it_is_made_and_a_place_in_gguf(models: Path) -> None:
    assert lora_base.shape(sample(models)) == lora_base.SAMPLE_SHAPE
    require_place(sample(models))


def test_the_sample_knows_what_it_knew_as_gguf(models: Path) -> None:
    folder = sample(models)
    tokenizer = load_tokenizer(folder)
    told = greedy(folder, tokenizer, [{"role": "user", "content": "What is the capital of France?"}], 8)
    assert "Paris" in tokenizer.decode(told)


def test_the_sample_goes_back_to_gguf_with_its_tokens_and_its_words(models: Path, tmp_path: Path) -> None:
    folder, file = sample(models), tmp_path / "sample.gguf"
    tokenizer = load_tokenizer(folder)
    export(folder, tokenizer, file)
    assert check_tokens(file, tokenizer, [LIST])
    turns = [{"role": "user", "content": "Write one sentence about the sea."}]
    ours = greedy(folder, tokenizer, turns, 10)
    prompt = tokenizer.apply_chat_template(turns, add_generation_prompt=True, tokenize=False)
    with served(file) as client:
        asked = {"prompt": prompt, "n_predict": 10, "temperature": 0, "top_k": 1, "return_tokens": True}
        assert client.post("/completion", json=asked).raise_for_status().json()["tokens"] == ours


@pytest.fixture(scope="module")
def taught(models: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, TrainingResult]:
    """The folder of a few steps' training, and what came out."""
    folder = tmp_path_factory.mktemp("taught") / "run"
    folder.mkdir()
    write_rows(folder)
    return folder, asyncio.run(_taught(models, folder))


async def _taught(models: Path, folder: Path) -> TrainingResult:
    children = Children(spool=folder.parent / "spool")
    trainer = METHOD.trainer(here_only(children))
    chosen: dict[str, JsonValue] = {
        "max_steps": 20,
        "evaluations": 2,
        "batch": 4,
        "learning_rate": 1e-3,
        MODELS: str(models),
    }
    order = TrainingOrder(folder, SAMPLE, chosen)
    handle = await trainer.start(order)

    async def has_ended() -> bool:
        return (await trainer.status(order, handle)).state != "running"

    await eventually(has_ended, seconds=800)
    status = await trainer.status(order, handle)
    await trainer.aclose()
    children.close()
    assert status.error is None
    assert status.result is not None
    return status.result


async def test_a_few_steps_teach_it_the_faqs_and_the_local_provider_answers_with_them(
    taught: tuple[Path, TrainingResult], capsys: pytest.CaptureFixture[str]
) -> None:
    folder, result = taught
    assert ["is kept" in note for note in result.notes] == [True]
    before, after = result.metrics["validation_loss"]
    assert after < 0.6 * before

    provider = PROVIDERS.get("local")(
        ProviderConfig("local", timeouts=Timeouts(first_token=120, idle=120, total=280)),
        Outbound(OutboundPolicy()).provider_client,
    )
    asked = Message("user", LEARNT)
    for model in ("model.gguf", "model"):
        request = GenerationRequest(str(folder / model), (asked,), sampling=Sampling(0.0, 40))
        answer = await collect(provider.stream(request))
        with capsys.disabled():
            print(f"\n{model}: {asked.content} -> {answer.text!r}")  # noqa: T201 - the words are what it is for
        assert "propane" in answer.text
        assert answer.done.finish_reason == "stop"
    await provider.aclose()
    with capsys.disabled():
        seconds, memory = (result.metrics[name][0] for name in ("seconds_per_step", "peak_memory_mb"))
        print(f"\nSmolLM2: validation loss {before:.2f} -> {after:.2f}, {seconds:.2f} s a step, {memory:.0f} MB")  # noqa: T201 - as above


@pytest.mark.parametrize("has_gguf", [True, False])
async def test_what_it_learnt_is_asked_for_over_the_api(
    api: Api, app: FastAPI, furnished: dict[str, Any], taught: tuple[Path, TrainingResult], has_gguf: bool
) -> None:
    """By llama.cpp, and by transformers as if it had no place in GGUF."""
    folder, result = taught
    model = await trained(api, furnished, name="Own")
    place = next(api.settings.tuned.rglob(MAP)).parent
    shutil.copytree(folder, place, dirs_exist_ok=True)
    names = [file.path for file in result.files if has_gguf or file.path != "model.gguf"]
    await left(api, model, place, names, [])
    await api.add_faq(LEARNT, FACTS[ABOUT])
    await api.drain()

    answer = await api.post("/chat", {"message": LEARNT, "model": "Own"})
    assert (answer["provider"], answer["model"], answer["failures"]) == ("local", "model", [])
    assert "propane" in answer["response"]
    async with client_of(app, token_of(api)) as client:
        said = await client.chat.completions.create(model="Own", messages=[{"role": "user", "content": LEARNT}])
    assert "propane" in (said.choices[0].message.content or "")
    lanes = [{"model": "Own", "documents": False}, {"provider": "builtin"}]
    compared = await api.post("/compare", {"question": LEARNT, "lanes": lanes, "blind": False})
    alone = next(lane for lane in compared["lanes"] if lane["contestant"]["name"] == "Own")
    assert "propane" in alone["text"]
