"""Agents and embedding models under the names and with the arguments that programs for OpenAI's API use."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final
from uuid import UUID

from backend.agents.providers.base import Message, Sampling
from backend.agents.questions import LONG
from backend.db.finetuning import TunedModel
from backend.db.models import Agent
from backend.embeddings.base import EmbeddingSpec, Vectors
from backend.errors import (
    AgentNotFound,
    InvalidParameter,
    ModelNotFound,
    ModelUnavailable,
    TunedModelNotFound,
    UnknownStrategy,
)
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.agent_states import AgentNotReady, askable, require_ready
from backend.services.alias_names import is_model, meaning
from backend.services.asking import HISTORY, Question
from backend.services.chat import ChatService, Exchange
from backend.services.embedding_models import EmbeddingModelService
from backend.services.tuned_models import TunedModelService
from backend.services.workspace_models import is_embeddings
from backend.tracing.track import track
from contracts import openai as wire
from contracts.base import is_visible

INSTRUCTIONS: Final = 20_000
"""Characters of system and developer messages together: as many as an agent's own instructions may have."""
EARLIER_ANSWER: Final = 20_000
"""Characters of an earlier answer that the model sees: marks are taken out of it one sign after the other."""
OWNER: Final = "ai-nexus"


@dataclass(frozen=True, slots=True)
class Embedded:
    """`tokens` are those that the model read."""

    model: str
    vectors: Vectors
    tokens: int


class OpenAIService:
    def __init__(
        self, uow: UnitOfWork, chat: ChatService, embedders: EmbeddingModelService, tuned: TunedModelService
    ) -> None:
        self._uow = uow
        self._chat = chat
        self._embedders = embedders
        self._tuned = tuned

    async def models(self, principal: Principal) -> wire.ModelList:
        """Those that can be asked."""
        async with self._uow.read(principal.workspace_id) as tx:
            agents = await askable(tx, await tx.agents.all())
            known = [model for model in await tx.tuning.all_models() if not is_embeddings(model)]
            tuned = [model for model in known if not await self._tuned.unfit(tx, model)]
            aliases = [one.name for one in await tx.aliases.all() if not await self._unfit_alias(tx, one.name)]
        specs = await self._embedders.ready(principal.workspace_id)
        taken = _refs_of(agents, specs)
        shown = [_agent_model(agent, _unambiguous(agent, taken)) for agent in agents]
        named = [*map(_alias_model, aliases), *map(_tuned_model, tuned)]
        return wire.ModelList(data=[*shown, *named, *map(_embedding_model, specs)])

    async def model(self, principal: Principal, ref: str) -> wire.Model:
        """By an agent's name, id or external id, or a model's name. Raises `ModelNotFound`, which says why a model that
        there is cannot be asked."""
        for spec in await self._embedders.ready(principal.workspace_id):
            if spec.model == ref:
                return _embedding_model(spec)
        async with self._uow.read(principal.workspace_id) as tx:
            try:
                agent = await tx.agents.find(ref)
                await require_ready(tx, agent)
            except AgentNotReady as exc:
                raise ModelNotFound(str(exc)) from exc
            except AgentNotFound as exc:
                if await tx.aliases.meant(ref) is not None:
                    if reason := await self._unfit_alias(tx, ref):
                        raise ModelNotFound(reason) from exc
                    return _alias_model(ref)
                tuned = await tx.tuning.named(ref)
                if tuned is not None and not is_embeddings(tuned):
                    if reason := await self._tuned.unfit(tx, tuned):
                        raise ModelNotFound(f"the model {ref!r} cannot be asked: {reason}") from exc
                    return _tuned_model(tuned)
                raise _no_model(ref) from exc
        return _agent_model(agent, ref)

    async def _unfit_alias(self, tx: Tx, name: str) -> str:
        """Why the model that it means cannot be asked; empty for one that can, and for an agent."""
        found = await meaning(tx, name)
        if found is None or found.model_id is None or not is_model(found):
            return ""
        model = await tx.tuning.model(found.model_id)
        reason = await self._tuned.unfit(tx, model)
        return f"the model {model.name!r}, which {name!r} means, cannot be asked: {reason}" if reason else ""

    async def begin(self, principal: Principal, request: wire.ChatCompletionRequest) -> Exchange:
        """As `ChatService.begin`. Raises `ModelNotFound` and `InvalidParameter`, too."""
        question = question_of(request)
        try:
            return await self._chat.begin(principal, question)
        except AgentNotFound as exc:
            return await self._begin_with_model(principal, question, exc)

    async def _begin_with_model(self, principal: Principal, question: Question, no_agent: AgentNotFound) -> Exchange:
        name = question.bot_id or ""
        try:
            return await self._chat.begin(principal, replace(question, bot_id=None, model=name))
        except TunedModelNotFound:
            raise _no_model(name) from no_agent

    @track("openai.embed", kind="embedding")
    async def embed(self, principal: Principal, request: wire.EmbeddingsRequest) -> Embedded:
        """Raises `ModelNotFound`, `InvalidParameter` for another number of dimensions than the model's."""
        try:
            spec = await self._embedders.here(principal.workspace_id, request.model)
        except (UnknownStrategy, ModelUnavailable) as exc:
            ready = await self._embedders.ready(principal.workspace_id)
            known = sorted(spec.model for spec in ready)
            raise ModelNotFound(f"no embedding model {request.model!r}; known: {known}") from exc
        embedder = await self._embedders.of(principal.workspace_id, spec)
        dimension = spec.dimension
        if request.dimensions not in (None, dimension):
            raise InvalidParameter(
                f"the model {request.model!r} has {dimension} dimensions and no others", "dimensions"
            )
        texts = request.texts
        vectors, tokens = await asyncio.gather(embedder.embed(texts, kind="document"), embedder.count_tokens(texts))
        return Embedded(request.model, vectors, tokens)


def _refs_of(agents: Sequence[Agent], specs: Sequence[EmbeddingSpec]) -> Counter[str]:
    """How many agents and models each name could mean."""
    refs = Counter(spec.model for spec in specs)
    for agent in agents:
        refs.update({agent.name, str(agent.id), *([agent.external_id] if agent.external_id else [])})
    return refs


def question_of(request: wire.ChatCompletionRequest) -> Question:
    """Raises `InvalidParameter` for messages that do not end with a question, and for too many instructions."""
    if request.stream_options is not None and not request.stream:
        raise InvalidParameter("stream_options are only for a request with stream: true", "stream_options")
    *before, last = request.messages
    if last.role != "user":
        raise InvalidParameter(
            f"the last message is the question, so its role is 'user', not {last.role!r}", "messages"
        )
    message = _text(last).strip()
    if not is_visible(message[:LONG]):
        raise InvalidParameter("the last message has no text", "messages")
    metadata = request.metadata
    return Question(
        message,
        bot_id=request.model,
        history=_history(before),
        conversation_id=metadata.conversation_id if metadata else None,
        user_id=request.user,
        instructions=_instructions(request.messages),
        sampling=Sampling(
            request.temperature, request.max_completion_tokens or request.max_tokens, request.stop_sequences
        ),
    )


def _history(messages: Sequence[wire.ChatMessage]) -> list[Message]:
    """As much of it as of a saved conversation."""
    said = [one for one in messages if _is_said(one)][-HISTORY:]
    return [
        Message("user", _text(one)) if one.role == "user" else Message("assistant", _text(one)[:EARLIER_ANSWER])
        for one in said
    ]


def _instructions(messages: Sequence[wire.ChatMessage]) -> str:
    said = "\n\n".join(text for one in messages if not _is_said(one) and (text := _text(one).strip()))
    if len(said) > INSTRUCTIONS:
        raise InvalidParameter(
            f"system and developer messages have at most {INSTRUCTIONS} characters together, not {len(said)}",
            "messages",
        )
    return said


def _is_said(message: wire.ChatMessage) -> bool:
    """Whether it is part of the conversation, not an instruction."""
    return message.role in ("user", "assistant")


def _text(message: wire.ChatMessage) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    return "\n".join(part.text for part in message.content)


def _unambiguous(agent: Agent, refs: Counter[str]) -> str:
    return agent.name if refs[agent.name] == 1 and not _is_uuid(agent.name) else str(agent.id)


def _is_uuid(name: str) -> bool:
    try:
        UUID(name)
    except ValueError:
        return False
    return True


def _no_model(ref: str) -> ModelNotFound:
    return ModelNotFound(f"the model {ref!r} does not exist; GET /v1/models lists those that do")


def _agent_model(agent: Agent, ref: str) -> wire.Model:
    extra = wire.NexusModel(kind="agent", agent_id=agent.id, external_id=agent.external_id)
    return wire.Model(id=ref, created=int(agent.created_at.timestamp()), owned_by=OWNER, nexus=extra)


def _alias_model(name: str) -> wire.Model:
    """OpenAI's clients want a time; what an alias means changes."""
    return wire.Model(id=name, created=0, owned_by=OWNER, nexus=wire.NexusModel(kind="alias"))


def _tuned_model(model: TunedModel) -> wire.Model:
    return wire.Model(
        id=model.name,
        created=int(model.created_at.timestamp()),
        owned_by=OWNER,
        nexus=wire.NexusModel(kind="tuned", model_id=model.id),
    )


def _embedding_model(spec: EmbeddingSpec) -> wire.Model:
    """OpenAI's clients want a time; when a model was made is not known."""
    owner, _, name = spec.model.rpartition("/")
    extra = wire.NexusModel(kind="embedding", dimension=spec.dimension)
    return wire.Model(id=spec.model, created=0, owned_by=owner if name and owner else OWNER, nexus=extra)
