"""What a training will read and cost, said before it begins."""

from typing import Final

import streamlit as st

from contracts.finetuning import TrainingEstimate
from frontend.components.drafting_jobs import dollars
from frontend.components.words import plural, sentence, size_text
from frontend.safe_text import plain, told

MB: Final = 1024 * 1024
_FIELD: Final = "base_model: "


def show_estimate(estimate: TrainingEstimate, *, is_at_provider: bool) -> None:
    """And below it what keeps the training from beginning, or is to be known before."""
    text = " ".join(filter(None, [estimate_words(estimate, is_at_provider=is_at_provider), needs_words(estimate)]))
    st.markdown(f":small[:gray[{plain(text)}]]")
    if estimate.obstacle:
        st.error(told(sentence(estimate.obstacle.removeprefix(_FIELD))), icon=":material/error:")
    for warning in estimate.warnings:
        st.warning(told(sentence(warning)), icon=":material/warning:")
    if has_to_wait(estimate):
        st.warning(
            "That is more memory than is free now: end other programs, or wait for other trainings, before you start.",
            icon=":material/hourglass_empty:",
        )


def has_to_wait(estimate: TrainingEstimate) -> bool:
    if estimate.obstacle or estimate.memory_mb is None or estimate.free_memory_mb is None:
        return False
    return estimate.memory_mb > estimate.free_memory_mb


def needs_words(estimate: TrainingEstimate) -> str:
    """Of this machine; empty where it is not known."""
    if estimate.memory_mb is None or estimate.disk_mb is None:
        return ""
    needs = f"It needs about {_size(estimate.memory_mb)} of memory and {_size(estimate.disk_mb)} of disk"
    if estimate.machine_memory_mb is None or estimate.free_memory_mb is None:
        there = "" if estimate.free_disk_mb is None else f"; {_size(estimate.free_disk_mb)} of disk are free"
        return f"{needs}{there}."
    memory = f"{_size(estimate.free_memory_mb)} of {_size(estimate.machine_memory_mb)} of memory"
    return f"{needs}; {memory} and {_size(estimate.free_disk_mb or 0)} of disk are free."


def _size(megabytes: int) -> str:
    return size_text(megabytes * MB)


def estimate_words(estimate: TrainingEstimate, *, is_at_provider: bool) -> str:
    """What is trained on this machine costs nothing: of that there are the tokens alone."""
    read = f"About {plural(estimate.tokens, 'token')}"
    if estimate.epochs is None:
        read += " an epoch; the provider chooses how many"
    elif estimate.epochs > 1:
        read = f"About {plural(estimate.tokens * estimate.epochs, 'token')} in {estimate.epochs} epochs"
    if not is_at_provider:
        return f"{read}."
    if estimate.cost_usd is None:
        return f"{read}. What that costs is said here once its price is entered under More."
    each = " an epoch" if estimate.epochs is None else ""
    return f"{read}: {dollars(estimate.cost_usd)}{each}."
