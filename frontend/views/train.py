"""A training is begun, and the trainings that were."""

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final
from uuid import UUID

import streamlit as st
from pydantic import JsonValue, ValidationError

from contracts.collections import Collection
from contracts.datasets import Dataset
from contracts.finetuning import NewTraining, TrainingMethod, TrainingProvider
from contracts.problem import Problem
from frontend import state
from frontend.api_client import ApiError
from frontend.components.notices import empty_state, load, problem_card
from frontend.components.training_estimate import show_estimate
from frontend.components.training_parameters import PARAMETERS, parameter_fields
from frontend.components.tuning import ON, dataset_name, go
from frontend.components.words import distinct, plural, sentence
from frontend.layout import Frame, card_title
from frontend.safe_text import code, plain, told
from frontend.views.trainings import training_list

NEEDS: Final = {
    "retriever": "All of a model that embeds learns your words. A collection is embedded anew to use it.",
    "adapter": "Moves each question towards the entries that answer it. The answers stay as they are.",
    "lora": "A model that writes learns your answers. It runs on this machine afterwards.",
    "remote": "A provider's model learns your answers, and stays at the provider. The rows are sent there.",
}
TAKES: Final = {
    "retriever": "Minutes to hours on this machine, and some gigabytes of memory.",
    "adapter": "Seconds to minutes on this machine; nothing to install.",
    "lora": "Minutes to hours on this machine, and some gigabytes of memory.",
    "remote": "Minutes to hours at the provider, which counts tokens.",
}
BASE_HELP: Final = (
    "A folder with a model in safetensors, or the name of one in this machine's Hugging Face cache. Empty: the sample, "
    "SmolLM2-135M-Instruct, which is small: good for trying this, not for customers."
)
REMOTE_BASE_HELP: Final = "The name that the provider has for a model that it can fine-tune; its pages list them."
OWN_NAME: Final = "train_own_name"
_NAMED: Final = re.compile(r"^(?:parameters\.)?(\w+): (.*?)(?:; '[^']*' knows .*)?$", re.S)
_FIELDS: Final = {
    "name": "Name of the model",
    "base_model": "Base model",
    "collection_id": "Collection",
    "provider": "Provider",
}


def train_view(frame: Frame) -> None:
    datasets = load("datasets", frame.api.datasets)
    trainings = load("trainings", frame.api.trainings)
    methods = load("training_methods", frame.api.training_methods)
    if datasets is None or trainings is None or methods is None:
        return
    ready = [one for one in datasets.items if one.content_hash is not None]
    if not ready:
        empty_state("model_training", "Nothing to train on yet", "A model is trained on a dataset.", key="train")
        with st.container(horizontal_alignment="center"):
            st.button(
                "Go to the datasets",
                key="to_datasets",
                type="primary",
                icon=":material/dataset:",
                on_click=_to_datasets,
            )
    elif frame.can("models.write"):
        _form(frame, ready, methods, taken={one.name for one in trainings.items})
    training_list(frame, trainings, methods)


def _to_datasets() -> None:
    go("datasets")


# --- the form --------------------------------------------------------------------
def _form(frame: Frame, ready: Sequence[Dataset], methods: Sequence[TrainingMethod], *, taken: set[str]) -> None:
    usable = {one.id: one for one in ready if not one.errors}
    collections = load("collections", frame.api.collections)
    if collections is None:
        return
    with st.container(border=True, key="train_form", gap="small"):
        card_title("Train a model", key="train")
        if usable:
            values = _fields(frame, usable, methods, collections.items, taken=taken)
            _refused(state.tune().refused)
            _indexing(collections.items, values.get("collection_id"))
            _estimate(frame, values, methods)
            _start_row(frame, values, methods)
        _unusable([one for one in ready if one.errors], is_all=not usable)


def _fields(
    frame: Frame,
    usable: Mapping[UUID, Dataset],
    methods: Sequence[TrainingMethod],
    collections: Sequence[Collection],
    *,
    taken: set[str],
) -> dict[str, object]:
    labels = distinct({one.id: _dataset_words(one) for one in usable.values()})
    asked = state.query_id(ON)
    ids = list(usable)
    with st.grid(2, min_column_width=260, gap="small"):
        chosen: UUID | None = st.selectbox(
            "Dataset",
            ids,
            index=ids.index(asked) if asked is not None and asked in usable else 0,
            format_func=labels.__getitem__,
            key="train_dataset",
            on_change=_chosen,
        )
        dataset = usable[chosen if chosen is not None and chosen in usable else ids[0]]
        kind = _chosen_method(methods).model_name
        key = f"train_name_{dataset.id}_{kind}_{len(taken)}"
        name = st.text_input(
            "Name of the model",
            _free(st.session_state.get(OWN_NAME) or f"{dataset.name} v{dataset.version} {kind}", taken),
            key=key,
            on_change=_named,
            args=(key,),
            max_chars=200,
            help="Programs ask it by this name, as they ask an agent.",
        )
    method = _method(methods)
    values: dict[str, object] = {"dataset_id": dataset.id, "method": method.name, "name": name.strip() or None}
    at = _provider(method)
    if method.base_models:
        values["base_model"] = _base(method)
    if method.needs_base_model:
        values["base_model"] = st.text_input(
            "Base model", key=f"base_{method.name}", max_chars=500, help=REMOTE_BASE_HELP
        )
    with st.expander("More", key="train_more"):
        if method.makes != "answers":
            values["collection_id"] = _collection(frame, collections)
        elif not method.needs_base_model:
            values["base_model"] = st.text_input("Base model", key="train_base", max_chars=500, help=BASE_HELP)
        values["parameters"] = {**parameter_fields(method, lacks=at.lacks if at else {}), **_named_provider(at)}
    return values


def _base(method: TrainingMethod) -> str:
    by_name = {one.name: one for one in method.base_models}
    name: str = st.selectbox(
        "Begin with",
        list(by_name),
        format_func=lambda name: by_name[name].label,
        key="train_base_model",
        help="The embedding model that goes on learning. Those that are on this machine are under Settings.",
    )
    chosen = by_name.get(name, method.base_models[0])
    if chosen.note:
        st.caption(told(chosen.note))
    return chosen.name


def _provider(method: TrainingMethod) -> TrainingProvider | None:
    """Where it is trained; None for what is trained here, or where no provider is set up."""
    if not method.providers:
        return None
    by_name = {one.name: one for one in method.providers}
    name: str = st.selectbox(
        "Provider",
        list(by_name),
        format_func=lambda name: by_name[name].label,
        key="train_provider",
        help="Those that are set up under Settings and may have fine-tuning.",
    )
    chosen = by_name.get(name, method.providers[0])
    where = f"The training rows and those to validate with go to {code(chosen.base_url)}; held-out rows stay here."
    st.caption(f"{where} {told(chosen.note)}".strip())
    return chosen


def _named_provider(at: TrainingProvider | None) -> dict[str, JsonValue]:
    return {} if at is None else {"provider": at.name}


def _dataset_words(dataset: Dataset) -> str:
    return f"{dataset_name(dataset)} ({plural(dataset.train, 'training row')})"


def _free(wanted: str, taken: set[str]) -> str:
    names = (wanted, *(f"{wanted} ({number})" for number in range(2, len(taken) + 3)))
    return next(name for name in names if name not in taken)


def _named(key: str) -> None:
    """What somebody typed stays when another method is chosen."""
    st.session_state[OWN_NAME] = st.session_state[key].strip()


def _chosen() -> None:
    st.query_params[ON] = str(st.session_state["train_dataset"])
    state.tune().refused = None


def _chosen_method(methods: Sequence[TrainingMethod]) -> TrainingMethod:
    """Before its field is drawn."""
    chosen = st.session_state.get("train_method")
    return next((one for one in methods if one.name == chosen), methods[0])


def _method(methods: Sequence[TrainingMethod]) -> TrainingMethod:
    by_name = {one.name: one for one in methods}
    chosen = st.radio(
        "Method",
        list(by_name),
        format_func=lambda name: plain(by_name[name].label),
        captions=[told(sentence(one.missing)) if one.missing else NEEDS.get(one.name, "") for one in methods],
        key="train_method",
    )
    return by_name.get(chosen, methods[0])


def _collection(frame: Frame, collections: Sequence[Collection]) -> UUID | None:
    """What the search is tuned for; the default agent's, where nobody chose."""
    agents = load("agents", frame.api.agents) if frame.can("settings.read") else None
    default = next((one.collection_id for one in agents.items if one.is_default), None) if agents is not None else None
    names = distinct({one.id: one.name for one in collections})
    ids = list(names)
    found: UUID | None = st.selectbox(
        "Collection",
        ids,
        index=ids.index(default) if default in names else 0,
        format_func=names.__getitem__,
        key="train_collection",
        help="The entries that it learns to find. At first it is the collection that the default agent asks.",
    )
    return found


def _indexing(collections: Sequence[Collection], chosen: object) -> None:
    waits = next((one.pending_changes for one in collections if one.id == chosen), 0)
    if waits:
        what = plural(waits, "entry is", "entries are")
        st.caption(f":material/sync: {what} still being indexed: a training that begins now does not know them.")


def _estimate(frame: Frame, values: Mapping[str, object], methods: Sequence[TrainingMethod]) -> None:
    """Of a model that learns texts. Where something is not filled in yet there is none: to start says what is wrong."""
    method = next((one for one in methods if one.name == values["method"]), methods[0])
    if method.makes != "answers" or method.missing:
        return
    with suppress(ApiError, ValidationError):
        estimate = frame.api.training_estimate(NewTraining.model_validate(values))
        show_estimate(estimate, is_at_provider=bool(method.providers))


def _start_row(frame: Frame, values: Mapping[str, object], methods: Sequence[TrainingMethod]) -> None:
    method = next((one for one in methods if one.name == values["method"]), methods[0])
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        # As on every form: a callback would be bound to what the fields held before the last edit.
        is_sent = st.button(
            "Start training",
            key="start_training",
            type="primary",
            icon=":material/model_training:",
            disabled=bool(method.missing),
        )
        text = told(sentence(method.missing)) if method.missing else TAKES.get(method.name, "")
        st.markdown(f":small[:gray[{text}]]", width="content")
    if is_sent:
        _start(frame, values)
        st.rerun()


def _start(frame: Frame, values: Mapping[str, object]) -> None:
    view = state.tune()
    view.refused = None
    try:
        job = frame.api.train(NewTraining.model_validate(values))
    except ApiError as error:
        view.refused = error.problem
    except ValidationError as error:
        fault = error.errors()[0]
        detail = f"{fault['loc'][0]}: {fault['msg']}"
        view.refused = Problem(title="This cannot be used as it is", status=422, detail=detail, code="invalid_request")
    else:
        st.session_state.pop(OWN_NAME, None)
        go("train", job.id)


def _refused(problem: Problem | None) -> None:
    """What is wrong with a field, by the label that it has here; any other problem as everywhere."""
    if problem is None:
        return
    found = _NAMED.match(problem.detail)
    names = {**_FIELDS, **{name: label for name, (label, _) in PARAMETERS.items()}}
    if found is None or found[1] not in names:
        problem_card(problem, key="train", retry=False)
        return
    with st.container(key="problem_train"):
        st.error(f"**{names[found[1]]}**: {told(sentence(found[2]))}", icon=":material/error:")


def _unusable(datasets: Sequence[Dataset], *, is_all: bool) -> None:
    """Which cannot be chosen, and why."""
    if not datasets:
        return
    if is_all:
        st.markdown("No dataset can be trained on yet: what is wrong with each is said below.")
    for dataset in datasets:
        error = next((one.text for one in dataset.findings if one.severity == "error"), "")
        with st.container(
            horizontal=True, vertical_alignment="center", horizontal_alignment="distribute", key=f"unfit_{dataset.id}"
        ):
            st.markdown(
                f":small[:red[:material/error: {plain(dataset_name(dataset))} cannot be chosen:] "
                f"{plural(dataset.errors, 'error')}. {plain(sentence(error))}]",
                width="stretch",
            )
            st.button(
                "Look into it", key=f"fix_{dataset.id}", type="tertiary", on_click=go, args=("datasets", dataset.id)
            )
