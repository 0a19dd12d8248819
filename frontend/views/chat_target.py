"""Who is asked on the chat page: an agent, a tuned model, or a collection that no agent answers from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.agents import Agent
from contracts.chat import Chat, Conversation, RagChat
from contracts.collections import Collection
from contracts.finetuning import TunedModel
from frontend import state
from frontend.components.notices import load
from frontend.components.words import distinct, plural, short_model
from frontend.layout import Frame
from frontend.safe_text import plain

TARGET: Final = "target"
MODEL: Final = "model"
"""Names the tuned model that is asked, in the address."""


@dataclass(frozen=True)
class Target:
    """`agent` is None where the collection itself is asked, and for whom may not see the agents.

    With a `model` it is asked itself. Tuned retrieval searches the collection, and the default agent answers; a model
    that answers does so from the default agent's collection.
    """

    collection: Collection
    agent: Agent | None = None
    model: TunedModel | None = None

    @property
    def key(self) -> UUID:
        if self.model is not None:
            return self.model.id
        return self.agent.id if self.agent is not None else self.collection.id

    @property
    def answers(self) -> bool:
        """Whether the model itself answers: it belongs to no collection."""
        return self.model is not None and self.model.collection_id is None

    @property
    def label(self) -> str:
        if self.model is not None:
            return f"{self.model.name} ({'fine-tuned model' if self.answers else 'tuned retrieval'})"
        if self.agent is None:
            held = f"{plural(self.collection.faqs, 'FAQ')}, {plural(self.collection.passages, 'passage')}"
            return f"{self.collection.name} ({held})"
        if self.agent.name == self.collection.name:
            return self.agent.name
        return f"{self.agent.name} ({self.collection.name})"

    def question(self, text: str, conversation: Conversation | None) -> Chat | RagChat:
        conversation_id = conversation.id if conversation is not None else None
        if self.model is not None:
            return Chat(message=text, model=self.model.name, conversation_id=conversation_id)
        if self.agent is not None:
            return Chat(message=text, agent_id=self.agent.id, conversation_id=conversation_id)
        return RagChat(message=text, collection_id=self.collection.id, conversation_id=conversation_id)


def choose_target(
    agents: Sequence[Agent],
    collections: Sequence[Collection],
    models: Sequence[TunedModel] | None,
    conversation: Conversation | None,
) -> Target | None:
    """The conversation's own, or the chosen one. None when what a conversation asked is gone, or nothing is there.

    A conversation with a tuned model is known by the address alone: without it, it goes on with the collection.
    """
    targets = _targets(agents, collections, models or [])
    if models is not None and state.query_id(MODEL) is not None and _asked_model(targets) is None:
        st.query_params.pop(MODEL)
        st.toast("The model cannot be asked any more: the search goes on without it.", icon=":material/warning:")
    if conversation is not None:
        tuned = _asked_model(targets)
        if tuned is not None and tuned.collection.id == conversation.collection_id and conversation.agent_id is None:
            return tuned
        asked = conversation.agent_id or conversation.collection_id
        return next((one for one in targets if one.key == asked), _of_collection(collections, conversation))
    if len(targets) < 2:
        return targets[0] if targets else None
    by_key = {one.key: one for one in targets}
    labels = distinct({key: one.label for key, one in by_key.items()})
    _choose(targets)
    chosen = by_key[st.selectbox("Ask", list(by_key), format_func=labels.__getitem__, key=TARGET, width=320)]
    if chosen.model is not None:
        st.query_params[MODEL] = str(chosen.model.id)
    else:
        st.query_params.pop(MODEL, None)
    return chosen


def _asked_model(targets: Sequence[Target]) -> Target | None:
    asked = state.query_id(MODEL)
    return next((one for one in targets if one.model is not None and one.model.id == asked), None)


def _choose(targets: Sequence[Target]) -> None:
    """The agent that was just saved; the default one where nobody that is there was chosen."""
    view, keys = state.chat(), [one.key for one in targets]
    default = next((one.key for one in targets if one.agent is not None and one.agent.is_default), keys[0])
    if view.saved in keys:
        st.session_state[TARGET] = view.saved
    elif st.session_state.get(TARGET) not in keys:
        tuned = _asked_model(targets)
        st.session_state[TARGET] = tuned.key if tuned is not None else default
    view.saved = None


def _targets(agents: Sequence[Agent], collections: Sequence[Collection], models: Sequence[TunedModel]) -> list[Target]:
    by_id = {collection.id: collection for collection in collections}
    found = [Target(by_id[agent.collection_id], agent) for agent in agents if agent.collection_id in by_id]
    answered = {target.collection.id for target in found}
    default = next((agent for agent in agents if agent.is_default), None)
    usual = default.collection_id if default is not None else None
    tuned = [
        Target(by_id[collection_id], default, model)
        for model in models
        if model.state == "usable" and (collection_id := model.collection_id or usual) in by_id
    ]
    return [*found, *tuned, *(Target(collection) for collection in collections if collection.id not in answered)]


def _of_collection(collections: Sequence[Collection], conversation: Conversation) -> Target | None:
    if conversation.agent_id is not None:
        return None
    return next((Target(one) for one in collections if one.id == conversation.collection_id), None)


def agents_of(frame: Frame) -> Sequence[Agent]:
    """None for whom may not see them: the default agent answers these people without being named."""
    if not frame.can("settings.read"):
        return []
    page = load("agents", frame.api.agents)
    return page.items if page is not None else []


def models_of(frame: Frame) -> Sequence[TunedModel] | None:
    """Those that can be asked, newest first; none for whom may not see them, and None where they could not be read."""
    if not frame.can("models.read"):
        return []
    page = load("tuned_models", frame.api.tuned_models)
    return [one for one in page.items if one.makes != "embeddings"] if page is not None else None


def asked_words(target: Target, provider_label: str) -> str:
    agent = target.agent
    if agent is None:
        return ""
    if target.model is not None and target.answers:
        return f"Answers by **{plain(target.model.name)}**"
    model = "" if agent.model == agent.provider else f", model {plain(short_model(agent.model))}"
    tuned = "" if target.model is None else f"Searches with **{plain(target.model.name)}** · "
    return f"{tuned}Answers by **{plain(provider_label)}**{model}"
