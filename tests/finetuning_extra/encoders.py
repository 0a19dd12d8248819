"""A small encoder that learns in seconds, entries and questions in words of their own, and trainings of it."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from itertools import combinations
from pathlib import Path

from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors, trainers

from backend.finetuning import retriever_task
from backend.finetuning.base import TrainingStatus
from backend.finetuning.retriever_rows import Asked, Item, write
from backend.finetuning.retriever_run import Arguments, Base, RetrieverParameters
from backend.jobs.children import Children
from tests.finetuning_extra.running import Training

PARAMETERS = RetrieverParameters(
    epochs=8, learning_rate=2e-3, batch=16, max_length=32, evaluations=8, patience=8, temperature=0.1
)
THEIRS = ["oven", "kettle", "tap", "lamp", "mower", "saw", "pump", "fan", "bike", "clock"]
OURS = [f"unit{chr(ord('a') + at)}" for at in range(len(THEIRS))]
"""What people call a thing, and what the entries call it: nothing but training says which is which."""
SPECIAL = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]


def items() -> list[Item]:
    """An entry for every two things."""
    return [
        Item(
            views=[f"Joining {OURS[a]} and {OURS[b]}?", f"Joining {OURS[a]} and {OURS[b]}?\nWith cable {a}{b}."],
            weights=[0.4, 0.6],
            alike=at,
        )
        for at, (a, b) in enumerate(combinations(range(len(THEIRS)), 2))
    ]


def questions() -> Iterator[Asked]:
    for at, (a, b) in enumerate(combinations(range(len(THEIRS)), 2)):
        yield Asked(text=f"how do i connect the {THEIRS[a]} to the {THEIRS[b]}", item=at)
        yield Asked(text=f"{THEIRS[b]} plus {THEIRS[a]} possible", item=at)


def write_rows(folder: Path) -> None:
    """One entry in five is held out, and one is for validation."""
    folder.mkdir(parents=True, exist_ok=True)
    asked = list(questions())
    held_out, validation = ([one for one in asked if one.item % 5 == rest] for rest in (0, 1))
    train = [one for one in asked if one.item % 5 > 1]
    write(folder, items(), {"train": train, "validation": validation, "held_out": held_out})


def tokenizer() -> Tokenizer:
    made = Tokenizer(models.WordPiece(unk_token="[UNK]"))
    made.normalizer = normalizers.BertNormalizer(lowercase=True)
    made.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    learnt = trainers.WordPieceTrainer(vocab_size=400, special_tokens=SPECIAL, show_progress=False)
    texts = [text for item in items() for text in item.views] + [one.text for one in questions()]
    made.train_from_iterator(texts, learnt)
    ends = [(token, made.token_to_id(token)) for token in ("[CLS]", "[SEP]")]
    made.post_processor = processors.TemplateProcessing(single="[CLS] $A [SEP]", special_tokens=ends)
    return made


def write_base(folder: Path, *, prefixes: bool = True) -> Path:
    """A BERT of two layers with random weights, as sentence-transformers keeps one."""
    import torch
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    torch.manual_seed(0)
    made = tokenizer()
    sizes = {"hidden_size": 64, "intermediate_size": 128, "num_hidden_layers": 2, "num_attention_heads": 4}
    BertModel(BertConfig(vocab_size=made.get_vocab_size(), max_position_embeddings=64, **sizes)).save_pretrained(folder)
    names = dict(zip(("pad_token", "unk_token", "cls_token", "sep_token", "mask_token"), SPECIAL, strict=True))
    PreTrainedTokenizerFast(tokenizer_object=made, model_max_length=64, **names).save_pretrained(folder)
    (folder / "1_Pooling").mkdir()
    parts = [("", "Transformer"), ("1_Pooling", "Pooling"), ("2_Normalize", "Normalize")]
    modules = [
        {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{kind}"}
        for at, (path, kind) in enumerate(parts)
    ]
    pooling = {"word_embedding_dimension": 64, "pooling_mode_cls_token": False, "pooling_mode_mean_tokens": True}
    prompts = {"prompts": {"query": "query: ", "document": "passage: "} if prefixes else {}}
    contents = {"modules.json": modules, "1_Pooling/config.json": pooling, "config_sentence_transformers.json": prompts}
    for name, content in contents.items():
        (folder / name).write_text(json.dumps(content), encoding="utf-8")
    return folder


@asynccontextmanager
async def training(
    folder: Path, base: Path, changes: Mapping[str, object] | None = None, *, memory: int | None = None
) -> AsyncIterator[Training]:
    children = Children(spool=folder.parent / "spool")
    write_rows(folder)
    arguments = Arguments(
        folder=folder,
        base=Base(folder=base, pooling="mean", query_prefix="query: ", document_prefix="passage: "),
        parameters=PARAMETERS.model_copy(update=dict(changes or {})),
        memory=memory,
        reservations=folder.parent / "reservations",
    )
    made = Training(children, folder, retriever_task.__name__, arguments)
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
