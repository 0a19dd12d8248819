"""A small model that learns in seconds, its conversations, and trainings of it."""

import asyncio
import json
import shutil
import subprocess
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import psutil
import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from backend.finetuning import lora_task
from backend.finetuning.base import PointLog, TrainingOrder, TrainingStatus
from backend.finetuning.child_trainer import ChildTrainer
from backend.finetuning.lora_run import Arguments, LoraParameters
from backend.finetuning.lora_trainer import LIMITS
from backend.jobs.children import Children
from tests.support import eventually

START, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PARAMETERS = LoraParameters(rank=8, alpha=16, dropout=0.1, learning_rate=2e-2, batch=8, max_length=128, max_steps=40)
SECONDS = 240


def conversations(count: int = 40) -> list[dict[str, list[dict[str, str]]]]:
    return [
        {
            "messages": [
                {"role": "user", "content": f"What is the code word of room {number}?"},
                {"role": "assistant", "content": f"The code word of room {number} is zebra-{number}."},
            ]
        }
        for number in range(count)
    ]


def write_rows(folder: Path, count: int = 40, held_out: int = 8) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    rows = conversations(count)
    for name, some in (("train", rows[held_out:]), ("validation", rows[:held_out])):
        (folder / f"{name}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in some), encoding="utf-8")


def tiny_tokenizer(*, digits: bool = True) -> Tokenizer:
    """A byte-level BPE of 384 words, trained on the conversations; `digits`: as SmolLM2 has it, one by one."""
    tokenizer = Tokenizer(models.BPE())
    by_bytes = pre_tokenizers.ByteLevel(add_prefix_space=False)
    cut = [pre_tokenizers.Digits(individual_digits=True), by_bytes]
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(cut) if digits else by_bytes
    tokenizer.decoder = decoders.ByteLevel()
    learnt = trainers.BpeTrainer(
        vocab_size=384,
        special_tokens=["<|endoftext|>", START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([turn["content"] for row in conversations() for turn in row["messages"]], learnt)
    return tokenizer


def write_base(folder: Path, *, digits: bool = True) -> Path:
    """A Llama of two layers with random weights."""
    import torch
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    settings = LlamaConfig(
        vocab_size=384, max_position_embeddings=4096, tie_word_embeddings=False, **sizes, **heads, **ends
    )
    LlamaForCausalLM(settings).save_pretrained(folder)
    names = {"bos_token": START, "eos_token": END, "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tiny_tokenizer(digits=digits), **names)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


class Training:
    """A training of a base model in a folder, started as often as one likes; each trainer is as after a restart."""

    def __init__(self, children: Children, folder: Path, base: Path, parameters: LoraParameters, memory: int | None):
        self._children = children
        self._arguments = Arguments(
            folder=folder,
            base_model=str(base),
            models=folder.parent / "models",
            hub=folder.parent / "hub",
            parameters=parameters,
            memory=memory,
        )
        self.order = TrainingOrder(folder, str(base), {})
        self.folder = folder
        self.trainer = self.restarted()

    def restarted(self) -> ChildTrainer:
        self.trainer = ChildTrainer(self._children, lora_task.__name__, lambda _: self._arguments, LIMITS)
        return self.trainer

    async def start(self) -> None:
        await self.trainer.start(self.order)

    async def status(self) -> TrainingStatus:
        return await self.trainer.status(self.order, self.folder.name)

    async def cancel(self) -> None:
        await self.trainer.cancel(self.order, self.folder.name)

    async def ended(self) -> TrainingStatus:
        async def has_ended() -> bool:
            return (await self.status()).state != "running"

        await eventually(has_ended, seconds=SECONDS)
        return await self.status()

    async def reaches(self, step: int) -> None:
        """Fails when the training ends before."""

        async def is_there() -> bool:
            assert (await self.status()).state == "running"
            return any(point.step >= step for point in PointLog(self.folder).read())

        await eventually(is_there, seconds=SECONDS)

    async def result(self) -> TrainingStatus:
        """Of a training that succeeds."""
        await self.start()
        status = await self.ended()
        assert status.error is None
        return status

    def curve(self, name: str = "train_loss") -> dict[int, float]:
        """By step; fails where a step is there twice."""
        points = [point for point in PointLog(self.folder).read() if point.name == name]
        found = {point.step: point.value for point in points}
        assert len(found) == len(points)
        return found


@asynccontextmanager
async def training(
    folder: Path, base: Path, changes: Mapping[str, object] | None = None, *, memory: int | None = None
) -> AsyncIterator[Training]:
    children = Children(spool=folder.parent / "spool")
    write_rows(folder)
    made = Training(children, folder, base, PARAMETERS.model_copy(update=dict(changes or {})), memory)
    try:
        yield made
    finally:
        await made.trainer.aclose()
        children.close()


def train(folder: Path, base: Path, changes: Mapping[str, object] | None = None) -> tuple[Training, TrainingStatus]:
    """Through, for tests that look at what came out."""

    async def whole() -> tuple[Training, TrainingStatus]:
        async with training(folder, base, changes) as made:
            return made, await made.result()

    return asyncio.run(whole())


def child_processes() -> list[psutil.Process]:
    """Of trainings of this process."""
    return [
        one
        for one in psutil.Process().children(recursive=True)
        if one.is_running() and any(lora_task.__name__ in part for part in one.cmdline())
    ]


@contextmanager
def small_volume(folder: Path, *, megabytes: int) -> Iterator[None]:
    folder.mkdir(parents=True)
    mounting = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mounting, capture_output=True, check=False).returncode:
        pytest.skip("a small volume cannot be mounted here: that needs root")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)
