"""Words and moves that the fine-tune page's parts share."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID

import streamlit as st

from contracts.datasets import Dataset, SplitName
from contracts.finetuning import Training, TrainingMethod
from frontend import state
from frontend.components.words import provider_words

View = Literal["datasets", "train", "models"]
VIEWS: Final[dict[View, str]] = {"datasets": "Datasets", "train": "Train", "models": "Models"}
VIEW: Final = "tune_view"
IDS: Final[dict[View, str]] = {"datasets": "dataset", "train": "training", "models": "model"}
ON: Final = "on"
"""Names the dataset that the form of a training begins with, in the address."""
SPLITS: Final[dict[SplitName, str]] = {"train": "Training", "validation": "Validation", "held_out": "Held out"}
SPLIT_HELP: Final = (
    "**Training** rows are what a model learns from. **Validation** rows decide when training stops. "
    "**Held-out** rows are in no training: the finished model is asked about them."
)


def go(view: View, which: UUID | None = None) -> None:
    """Shows a view, and one thing in it; for button callbacks."""
    state.show(view, IDS, which, without=ON)
    state.tune().dialog, state.tune().refused = None, None


def train_on(dataset_id: UUID) -> None:
    go("train")
    st.query_params[ON] = str(dataset_id)
    st.session_state.pop("train_dataset", None)


def opened(view: View) -> UUID | None:
    """The one thing that a view shows, by the address."""
    return state.query_id(IDS[view])


def asked_view() -> View:
    """By the address: what it names, or the view of the thing that it names."""
    named = st.query_params.get("view", "")
    by_id: list[View] = [view for view in VIEWS if opened(view) is not None]
    return next((view for view in VIEWS if view == named), by_id[0] if by_id else "datasets")


def dataset_name(dataset: Dataset) -> str:
    return f"{dataset.name}, version {dataset.version}"


def method_label(methods: Sequence[TrainingMethod], name: str) -> str:
    return next((one.label for one in methods if one.name == name), name)


def provider_label(methods: Sequence[TrainingMethod], training: Training) -> str:
    """Of the provider that trains, by its name where it is not set up any more; "" for what is trained here."""
    name = training.parameters.get("provider")
    labels = {one.name: provider_words(one.label)[0] for method in methods for one in method.providers}
    return labels.get(name, name) if isinstance(name, str) else ""


def short_hash(value: str) -> str:
    return value[:12]


def percent(share: float) -> str:
    return f"{share:.0%}".replace("%", "\u00a0%")
