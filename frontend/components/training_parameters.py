"""The fields of a training's parameters: what each is called, what it does, and what may be entered."""

from collections.abc import Mapping
from typing import Final

import streamlit as st
from pydantic import JsonValue

from contracts.finetuning import MethodChoice, MethodParameter, TrainingMethod

PARAMETERS: Final[Mapping[str, tuple[str, str]]] = {
    "epochs": ("Epochs, at most", "How many times all training questions are gone through."),
    "patience": ("Patience, in epochs", "Training ends after so many epochs in which validation got no better."),
    "learning_rate": ("Learning rate", "How far one step moves the model. Too much, and it forgets what it knew."),
    "temperature": ("Temperature", "How sharply the right answer is set against wrong ones; lower is sharper."),
    "weight_decay": ("Weight decay", "How strongly the model is held back to what it was before."),
    "batch": ("Batch, in questions", "How many questions make one step. Empty: by the size of the dataset."),
    "warmup": ("Warm-up", "The share of training in which the learning rate rises to its full size."),
    "max_length": ("Longest text, in tokens", "Longer ones are cut while training, not while searching."),
    "evaluations": ("Validations", "How many times it is looked at how well the model does; the best state is kept."),
    "rank": (
        "Rank",
        "How much LoRA can learn: each layer gets two small matrices of this width. More needs more memory.",
    ),
    "alpha": ("Alpha", "How strongly what LoRA learnt counts; usually twice the rank."),
    "dropout": (
        "Dropout",
        "The share of what LoRA learns that is left out by chance in each step, so that nothing is learnt by heart.",
    ),
    "accumulation": (
        "Accumulation, in batches",
        "So many batches make one step: as a larger batch, with the memory of a small one.",
    ),
    "max_steps": ("Steps, at most", "Training ends after so many, whatever the epochs are. 0: the epochs decide."),
    "seed": ("Seed", "The order in which questions are drawn; the same seed gives the same model again."),
    "n_epochs": ("Epochs", "How many times all training rows are gone through."),
    "learning_rate_multiplier": ("Learning rate, times the usual", "Below 1 the model keeps more of what it knew."),
    "price_per_million": (
        "Price of a million trained tokens, US dollars",
        "What the provider's price list says of this model; only for the estimate below.",
    ),
    "batch_size": ("Batch, in rows", "How many rows make one step."),
}
OF_METHOD: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("retriever", "patience"): ("Patience, in validations", "Training ends after so many that got no better."),
    ("lora", "batch"): ("Batch, in answers", "How many answers are learnt at once. More needs more memory."),
    ("lora", "epochs"): ("Epochs", "How many times all training rows are gone through."),
    ("lora", "max_length"): (
        "Longest conversation, in tokens",
        "What is beyond is not learnt. More needs more memory.",
    ),
    ("retriever", "batch"): (
        "Batch, in pairs",
        "A question learns its text against those of the others. More is harder.",
    ),
}
"""Where a parameter of that name means something else."""
CHOICES: Final[Mapping[str, str]] = {"kind": "What is trained"}
OPTIONS: Final[Mapping[tuple[str, str], tuple[str, str]]] = {
    ("kind", "lora"): (
        "LoRA",
        "Small matrices beside the model's own: some megabytes a checkpoint, and about the memory of the model.",
    ),
    ("kind", "full"): (
        "All weights",
        "Four times the memory of the model and more, and three times its size a checkpoint. It may forget more.",
    ),
}
"""Of a choice: what each of its options is called, and what it needs."""
UNUSED: Final[Mapping[tuple[str, str], frozenset[str]]] = {("kind", "full"): frozenset({"rank", "alpha", "dropout"})}
"""Parameters that mean nothing with an option."""


def parameter_fields(method: TrainingMethod, *, lacks: Mapping[str, str]) -> dict[str, JsonValue]:
    """Those that were given; the others keep the method's default. What the provider `lacks` is not offered."""
    chosen = {one.name: _choice(method, one) for one in method.choices if one.name in CHOICES}
    unused = frozenset(lacks).union(*(UNUSED.get(pair, frozenset()) for pair in chosen.items()))
    given: dict[str, JsonValue] = {
        one.name: chosen[one.name] for one in method.choices if chosen.get(one.name, one.default) != one.default
    }
    return {**given, **_numbers(method, unused)}


def _choice(method: TrainingMethod, choice: MethodChoice) -> str:
    words = [OPTIONS.get((choice.name, option), (option, "")) for option in choice.options]
    labels = dict(zip(choice.options, (label for label, _ in words), strict=True))
    found = st.radio(
        CHOICES[choice.name],
        choice.options,
        index=choice.options.index(choice.default),
        format_func=labels.__getitem__,
        captions=[needs for _, needs in words],
        key=f"parameter_{method.name}_{choice.name}",
    )
    return found or choice.default


def _numbers(method: TrainingMethod, unused: frozenset[str]) -> dict[str, JsonValue]:
    given: dict[str, JsonValue] = {}
    with st.grid(3, min_column_width=200, gap="small"):
        for one in (one for one in method.parameters if one.name not in unused):
            usual = PARAMETERS.get(one.name, (one.name.replace("_", " ").capitalize(), ""))
            label, text = OF_METHOD.get((method.name, one.name), usual)
            key = f"parameter_{method.name}_{one.name}"
            help_text = f"{text} {_span(one)}"
            value: float | None
            if one.is_whole:
                value = st.number_input(
                    label, value=_whole(one), step=1, key=key, help=help_text, placeholder="Automatic"
                )
            else:
                value = st.number_input(
                    label, value=one.default, format="%g", key=key, help=help_text, step=_step(one), placeholder="None"
                )
            if value is not None and value != one.default:
                given[one.name] = value
    return given


def _whole(one: MethodParameter) -> int | None:
    return None if one.default is None else int(one.default)


def _step(one: MethodParameter) -> float:
    return one.default / 2 if one.default else 0.1


def _span(one: MethodParameter) -> str:
    default = f"Default {one.default:g}" if one.default is not None else "By default it is chosen for you"
    if one.least is None or one.most is None:
        return f"{default}."
    return f"{default}; from {one.least:g} to {one.most:g}."
