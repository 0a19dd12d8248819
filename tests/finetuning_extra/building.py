"""A small model that learns in seconds, its conversations, and trainings of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from backend.finetuning import lora_task
from backend.finetuning.base import CONVERSATIONS, HELD_OUT, TrainingStatus
from backend.finetuning.lora_run import Arguments, LoraParameters
from backend.jobs.children import Children
from tests.finetuning_extra.running import Training

START, END = "<|im_start|>", "<|im_end|>"
TEMPLATE = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
PARAMETERS = LoraParameters(rank=8, alpha=16, dropout=0.1, learning_rate=2e-2, batch=8, max_length=128, max_steps=40)
LONG = {"max_steps": 60, "evaluations": 30}


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


def write_rows(folder: Path, count: int = 40, apart: int = 8) -> None:
    """So many are to validate with, and half of those are held out besides."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = conversations(count + apart // 2)
    write(folder / CONVERSATIONS["train"], rows[apart:count])
    write(folder / CONVERSATIONS["validation"], rows[:apart])
    write(folder / HELD_OUT, rows[count:])


def write(file: Path, rows: Sequence[object]) -> None:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")


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


def write_base(folder: Path, *, digits: bool = True, kind: str = "llama") -> Path:
    """A model of two layers with random weights, of a `model_type`."""
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, PreTrainedTokenizerFast

    torch.manual_seed(0)
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2}
    ends = {"bos_token_id": 1, "eos_token_id": 2, "pad_token_id": 0}
    more = {"vocab_size": 384, "max_position_embeddings": 4096, "tie_word_embeddings": False}
    settings = AutoConfig.for_model(kind, **sizes, **heads, **ends, **more)
    AutoModelForCausalLM.from_config(settings).save_pretrained(folder)
    names = {"bos_token": START, "eos_token": END, "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>"}
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=tiny_tokenizer(digits=digits), **names)
    tokenizer.chat_template = TEMPLATE
    tokenizer.save_pretrained(folder)
    return folder


@asynccontextmanager
async def training(
    folder: Path, base: Path, changes: Mapping[str, object] | None = None, *, memory: int | None = None
) -> AsyncIterator[Training]:
    children = Children(spool=folder.parent / "spool")
    write_rows(folder)
    made = Training(
        children,
        folder,
        lora_task.__name__,
        Arguments(
            folder=folder,
            base_model=str(base),
            models=folder.parent / "models",
            hub=folder.parent / "hub",
            parameters=PARAMETERS.model_copy(update=dict(changes or {})),
            memory=memory,
            reservations=folder.parent / "reservations",
        ),
    )
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
