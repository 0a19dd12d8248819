"""Who is asked: a request to one of the chat routes as one kind of question, with its agent and conversation."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID, uuid4

from backend.agents.personas import layered
from backend.agents.prompts.caller import with_caller
from backend.agents.providers.base import Message, Sampling
from backend.db import models
from backend.errors import Conflict, Forbidden, NotFound
from backend.repositories.uow import Tx
from backend.security.principal import Principal
from backend.services.agent_states import require_ready
from backend.services.conversations import is_owner, owner_of, readable_by
from backend.services.providers import Answerer
from contracts import chat as wire
from contracts.personas import Persona

HISTORY: Final = 12
TITLE: Final = 80
TOP_K: Final = 5


@dataclass(frozen=True, slots=True)
class Question:
    """A message to an agent. `collection_id` is asked instead of the agent's own where it is given; `model` names an
    alias or a tuned model that is asked instead of an agent or, beside an agent or a `provider`, one of its models.

    `documents` is what it says of them: without them a model answers from what it learnt, and None leaves it to what is
    asked. `stands_in` is whether another model may answer in the place of one that fails; that of the default agent,
    too, where it `is_smart`: a visitor's talk with an agent.

    `is_on_pages`: a person asks, not a program. `top_k` is the most passages that it takes; None leaves their number to
    the planner. `instructions` and `sampling` are the calling program's, for this answer only.
    """

    message: str
    agent_id: UUID | None = None
    bot_id: str | None = None
    model: str | None = None
    provider: str | None = None
    documents: bool | None = None
    stands_in: bool = True
    is_smart: bool = False
    collection_id: UUID | None = None
    top_k: int | None = None
    history: Sequence[Message] = ()
    conversation_id: UUID | None = None
    user_id: str | None = None
    instructions: str = ""
    sampling: Sampling = field(default_factory=Sampling)
    is_on_pages: bool = False

    @property
    def reads(self) -> bool:
        """Whether it is answered from documents, once it is known what is asked."""
        return self.documents is not False


def of_collection(request: wire.RagChat) -> Question:
    return Question(
        request.message,
        documents=True,
        collection_id=request.collection_id,
        top_k=request.top_k,
        history=_said(request.history),
        conversation_id=request.conversation_id,
    )


def of_agent(request: wire.Chat) -> Question:
    return Question(
        request.message,
        agent_id=request.agent_id,
        bot_id=request.bot_id,
        model=request.model,
        documents=request.documents,
        history=_said(request.history),
        conversation_id=request.conversation_id,
        user_id=request.user_id,
    )


def of_default(request: wire.ApiChat) -> Question:
    return Question(request.message, history=_said(request.history))


def as_asked(answerer: Answerer, question: Question) -> Answerer:
    """With what the caller adds. An agent's own limit of tokens stays a limit."""
    config, wanted = answerer.config, question.sampling
    temperature = config.sampling.temperature if wanted.temperature is None else wanted.temperature
    limits = [limit for limit in (config.sampling.max_tokens, wanted.max_tokens) if limit is not None]
    sampling = Sampling(temperature, min(limits, default=None), wanted.stop)
    instructions = with_caller(config.instructions, question.instructions)
    config = replace(config, instructions=instructions, sampling=sampling, documents=question.reads)
    return replace(answerer, config=config)


def in_persona(answerer: Answerer, persona: Persona) -> Answerer:
    """With a persona of the conversation over the agent's."""
    config = replace(answerer.config, persona=layered(answerer.config.persona, persona))
    return replace(answerer, config=config)


async def agent_of(tx: Tx, question: Question) -> models.Agent:
    """The agent that is asked; the default one where only a collection is named. Raises `NotFound`, and
    `AgentNotReady` for one that answers nothing now."""
    if question.agent_id is not None:
        agent = await tx.agents.get(question.agent_id)
    elif question.bot_id is not None:
        agent = await tx.agents.find(question.bot_id)
    else:
        return await tx.agents.default()
    await require_ready(tx, agent)
    return agent


async def conversation_of(
    tx: Tx, principal: Principal, question: Question, *, agent_id: UUID | None, collection_id: UUID
) -> models.Conversation:
    """The one that goes on, or a new one, not stored yet. Raises `NotFound` for one that this caller and user may not
    know of, `Conflict` for one with another collection. That of an agent may change: the agent stays; so may what a
    name means that is asked again."""
    if question.conversation_id is not None:
        found = await tx.conversations.get(question.conversation_id, readable_by(principal))
        if found.user_id != question.user_id or found.agent_id != agent_id:
            raise NotFound(f"no conversation {str(question.conversation_id)!r}")
        if not is_owner(principal, found):
            raise Forbidden("this conversation is another person's; begin one of your own")
        is_asked_again = question.model is not None and question.model == found.model
        if agent_id is None and not is_asked_again and found.collection_id != collection_id:
            raise Conflict(
                f"the conversation {str(found.id)!r} is with the collection {str(found.collection_id)!r}, not "
                f"{str(collection_id)!r}; go on with that one, or begin another conversation"
            )
        return found
    said = question.message
    return models.Conversation(
        id=uuid4(),
        workspace_id=tx.workspace_id,
        collection_id=collection_id,
        agent_id=agent_id,
        model=question.model,
        user_id=question.user_id,
        title=said if len(said) <= TITLE else said[: TITLE - 1].rstrip() + "…",
        owner=owner_of(principal),
        source="pages" if question.is_on_pages else "program",
    )


async def as_before(tx: Tx, principal: Principal, question: Question) -> Question:
    """What it does not say of documents is as in the last question of the conversation that it goes on with."""
    if question.documents is not None or question.conversation_id is None:
        return question
    return replace(
        question, documents=await tx.conversations.documents(question.conversation_id, readable_by(principal))
    )


async def history_of(tx: Tx, question: Question, conversation_id: UUID) -> list[Message]:
    """What was said before: the conversation, or, in a new one, the history that was given."""
    if question.conversation_id is None:
        return _dialogue(question.history)
    rows = await tx.conversations.messages(conversation_id, last=HISTORY)
    return _dialogue([Message("user" if row.role == "user" else "assistant", row.content) for row in rows])


def _said(turns: Sequence[wire.Turn]) -> list[Message]:
    return [Message(turn.role, turn.content) for turn in turns]


def _dialogue(turns: Sequence[Message]) -> list[Message]:
    """Each question with its answer. Chat templates of many models refuse two turns of one role in a row, which a
    question that failed, or the beginning of a window, would leave."""
    kept: list[Message] = []
    question: Message | None = None
    for turn in turns:
        if turn.role == "user":
            question = turn
        elif question is not None and turn.content:
            kept += [question, turn]
            question = None
    return kept
