"""Who is asked on the chat page: an agent, or a collection that no agent answers from."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.agents import Agent
from contracts.chat import Chat, Conversation, RagChat
from contracts.collections import Collection
from frontend import state
from frontend.components.notices import load
from frontend.components.words import distinct, plural, short_model
from frontend.layout import Frame
from frontend.safe_text import plain

TARGET: Final = "target"


@dataclass(frozen=True)
class Target:
    """`agent` is None where the collection itself is asked, and for whom may not see the agents."""

    collection: Collection
    agent: Agent | None = None

    @property
    def key(self) -> UUID:
        return self.agent.id if self.agent is not None else self.collection.id

    @property
    def label(self) -> str:
        if self.agent is None:
            held = f"{plural(self.collection.faqs, 'FAQ')}, {plural(self.collection.passages, 'passage')}"
            return f"{self.collection.name} ({held})"
        if self.agent.name == self.collection.name:
            return self.agent.name
        return f"{self.agent.name} ({self.collection.name})"

    def question(self, text: str, conversation: Conversation | None) -> Chat | RagChat:
        conversation_id = conversation.id if conversation is not None else None
        if self.agent is not None:
            return Chat(message=text, agent_id=self.agent.id, conversation_id=conversation_id)
        return RagChat(message=text, collection_id=self.collection.id, conversation_id=conversation_id)


def choose_target(
    agents: Sequence[Agent], collections: Sequence[Collection], conversation: Conversation | None
) -> Target | None:
    """The conversation's own, or the chosen one. None when what a conversation asked is gone, or nothing is there."""
    targets = _targets(agents, collections)
    if conversation is not None:
        asked = conversation.agent_id or conversation.collection_id
        return next((one for one in targets if one.key == asked), _of_collection(collections, conversation))
    if len(targets) < 2:
        return targets[0] if targets else None
    by_key = {one.key: one for one in targets}
    labels = distinct({key: one.label for key, one in by_key.items()})
    _choose(targets)
    return by_key[st.selectbox("Ask", list(by_key), format_func=labels.__getitem__, key=TARGET, width=320)]


def _choose(targets: Sequence[Target]) -> None:
    """The agent that was just saved; the default one where nobody that is there was chosen."""
    view, keys = state.chat(), [one.key for one in targets]
    default = next((one.key for one in targets if one.agent is not None and one.agent.is_default), keys[0])
    if view.saved in keys:
        st.session_state[TARGET] = view.saved
    elif st.session_state.get(TARGET) not in keys:
        st.session_state[TARGET] = default
    view.saved = None


def _targets(agents: Sequence[Agent], collections: Sequence[Collection]) -> list[Target]:
    by_id = {collection.id: collection for collection in collections}
    found = [Target(by_id[agent.collection_id], agent) for agent in agents if agent.collection_id in by_id]
    answered = {target.collection.id for target in found}
    return [*found, *(Target(collection) for collection in collections if collection.id not in answered)]


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


def asked_words(target: Target, provider_label: str) -> str:
    agent = target.agent
    if agent is None:
        return ""
    model = "" if agent.model == agent.provider else f", model {plain(short_model(agent.model))}"
    return f"Answers by **{plain(provider_label)}**{model}"
