"""Who is asked on the chat page: an agent, a tuned model, an alias, or a collection that no agent answers from."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

import streamlit as st

from contracts.agents import Agent
from contracts.chat import Chat, Conversation, RagChat
from contracts.collections import Collection
from contracts.comparisons import Alias
from contracts.finetuning import TunedModel
from frontend import state
from frontend.components.notices import load
from frontend.components.targets import alias_label
from frontend.components.words import distinct, plural, short_model
from frontend.layout import Frame
from frontend.safe_text import plain

TARGET: Final = "target"
MODEL: Final = "model"
"""Names the tuned model that is asked, in the address."""


@dataclass(frozen=True)
class Target:
    """`agent` is None where the collection itself is asked, and for whom may not see the agents.

    With a `name` that is asked: of a tuned `model`, of an `alias`, or of what this person may not see. Tuned retrieval
    searches the collection, and the default agent answers; a model that answers does so from the default agent's
    collection. `gone` is the name that a conversation was begun with and that nothing has any more. `more` are the
    agent's other collections. The agent `follows` an alias that is its model. Without `documents` a model that answers
    is asked for what it learnt alone.
    """

    collection: Collection
    agent: Agent | None = None
    model: TunedModel | None = None
    alias: Alias | None = None
    name: str | None = None
    gone: str | None = None
    follows: Alias | None = None
    more: tuple[Collection, ...] = ()
    documents: bool = True

    @property
    def collections(self) -> tuple[Collection, ...]:
        return (self.collection, *self.more)

    @property
    def key(self) -> UUID | str:
        if self.model is not None:
            return self.model.id
        if self.name is not None:
            return self.name
        return self.agent.id if self.agent is not None else self.collection.id

    @property
    def reads(self) -> bool:
        """Whether it answers from the collection: what an alias means may answer without documents."""
        means = self.alias or self.follows
        return self.documents and (means is None or means.current.contestant.target.documents)

    @property
    def answers(self) -> bool:
        """Whether the model itself answers: it belongs to no collection."""
        return self.model is not None and self.model.collection_id is None

    @property
    def label(self) -> str:
        if self.model is not None:
            return f"{self.model.name} ({'fine-tuned model' if self.answers else 'tuned retrieval'})"
        if self.alias is not None:
            return alias_label(self.alias)
        if self.name is not None:
            return self.name
        if self.agent is None:
            held = f"{plural(self.collection.faqs, 'FAQ')}, {plural(self.collection.passages, 'passage')}"
            return f"{self.collection.name} ({held})"
        if self.more:
            return f"{self.agent.name} ({len(self.collections)} collections)"
        if self.agent.name == self.collection.name:
            return self.agent.name
        return f"{self.agent.name} ({self.collection.name})"

    def question(self, text: str, conversation: Conversation | None) -> Chat | RagChat:
        conversation_id = conversation.id if conversation is not None else None
        if self.name is not None:
            return Chat(message=text, model=self.name, documents=self.documents, conversation_id=conversation_id)
        if self.agent is not None:
            return Chat(message=text, agent_id=self.agent.id, conversation_id=conversation_id)
        return RagChat(message=text, collection_id=self.collection.id, conversation_id=conversation_id)


def choose_target(
    agents: Sequence[Agent],
    collections: Sequence[Collection],
    models: Sequence[TunedModel] | None,
    aliases: Sequence[Alias] | None,
    conversation: Conversation | None,
) -> Target | None:
    """The conversation's own, or the chosen one. None when what a conversation asked is gone, or nothing is there.

    A conversation whose tuned model or alias is gone goes on with its collection.
    """
    targets = [
        *_targets(agents, collections, models or [], aliases or []),
        *_of_aliases(aliases or [], agents, collections, models or []),
    ]
    if models is not None and state.query_id(MODEL) is not None and _asked_model(targets) is None:
        st.query_params.pop(MODEL)
        st.toast("The model cannot be asked any more: the search goes on without it.", icon=":material/warning:")
    if conversation is not None:
        return _of_conversation(targets, collections, conversation, sees_all=models is not None and aliases is not None)
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


def _targets(
    agents: Sequence[Agent],
    collections: Sequence[Collection],
    models: Sequence[TunedModel],
    aliases: Sequence[Alias],
) -> list[Target]:
    by_id = {collection.id: collection for collection in collections}
    by_name = {alias.name: alias for alias in aliases}
    found = [
        Target(by_id[agent.collection_id], agent, follows=by_name.get(agent.model), more=_more(agent, by_id))
        for agent in agents
        if agent.collection_id in by_id
    ]
    answered = {target.collection.id for target in found}
    default = next((agent for agent in agents if agent.is_default), None)
    usual = default.collection_id if default is not None else None
    tuned = [
        Target(
            by_id[collection_id],
            default,
            model,
            name=model.name,
            more=_more(default, by_id) if model.collection_id is None else (),
        )
        for model in models
        if model.state == "usable" and (collection_id := model.collection_id or usual) in by_id
    ]
    return [*found, *tuned, *(Target(collection) for collection in collections if collection.id not in answered)]


def _of_aliases(
    aliases: Sequence[Alias],
    agents: Sequence[Agent],
    collections: Sequence[Collection],
    models: Sequence[TunedModel],
) -> list[Target]:
    """Those whose meaning is there, each with the collection that it is answered from now."""
    by_id = {collection.id: collection for collection in collections}
    default = next((agent for agent in agents if agent.is_default), None)
    found: list[Target] = []
    for alias in aliases:
        means = alias.current.contestant
        agent = next((one for one in agents if one.id == means.agent_id), None) if means.agent_id else default
        gone = means.model_id is not None and any(one.id == means.model_id and one.state != "usable" for one in models)
        if agent is None or gone:
            continue
        is_retrieval = means.kind == "tuned_retrieval"
        collection_id = means.collection_id if is_retrieval else agent.collection_id
        if collection_id in by_id:
            more = () if is_retrieval else _more(agent, by_id)
            found.append(Target(by_id[collection_id], agent, alias=alias, name=alias.name, more=more))
    return found


def _more(agent: Agent | None, by_id: Mapping[UUID, Collection]) -> tuple[Collection, ...]:
    return tuple(by_id[one] for one in agent.more_collection_ids if one in by_id) if agent is not None else ()


def _of_conversation(
    targets: Sequence[Target], collections: Sequence[Collection], conversation: Conversation, *, sees_all: bool
) -> Target | None:
    """`sees_all`: what has no name among the targets has none at all."""
    asked = conversation.agent_id or conversation.collection_id
    if conversation.model is None:
        own = next((one for one in targets if one.name is None and one.key == asked), None)
    else:
        own = next((one for one in targets if one.name == conversation.model), None)
    if own is not None or conversation.agent_id is not None:
        return own
    collection = next((one for one in collections if one.id == conversation.collection_id), None)
    if collection is None or conversation.model is None:
        return Target(collection) if collection is not None else None
    return Target(collection, gone=conversation.model) if sees_all else Target(collection, name=conversation.model)


def agents_of(frame: Frame) -> Sequence[Agent]:
    """None for whom may not see them: the default agent answers these people without being named."""
    if not frame.can("settings.read"):
        return []
    page = load("agents", frame.api.agents)
    return page.items if page is not None else []


def models_of(frame: Frame) -> Sequence[TunedModel] | None:
    """Those that can be asked, newest first; None for whom may not see them, and where they could not be read."""
    if not frame.can("models.read"):
        return None
    page = load("tuned_models", frame.api.tuned_models)
    return [one for one in page.items if one.makes != "embeddings"] if page is not None else None


def aliases_of(frame: Frame) -> Sequence[Alias] | None:
    """By name; None for whom may not see them, and where they could not be read."""
    return load("aliases", frame.api.aliases) if frame.can("settings.read") else None


def asked_words(target: Target, provider_label: str) -> str:
    agent = target.agent
    if target.alias is not None:
        return f"**{plain(target.alias.name)}** means **{plain(target.alias.current.contestant.name)}** now"
    if target.gone is not None:
        return f"**{plain(target.gone)}** cannot be asked any more: the search goes on without it"
    if agent is None and target.name is not None:
        return f"Asks **{plain(target.name)}**"
    if agent is None:
        return ""
    if target.follows is not None:
        means = target.follows.current.contestant
        return f"Answers by **{plain(target.follows.name)}**, which means **{plain(means.name)}** now"
    if target.model is not None and target.answers:
        return f"Answers by **{plain(target.model.name)}**"
    model = "" if agent.model == agent.provider else f", model {plain(short_model(agent.model))}"
    tuned = "" if target.model is None else f"Searches with **{plain(target.model.name)}** · "
    return f"{tuned}Answers by **{plain(provider_label)}**{model}"
