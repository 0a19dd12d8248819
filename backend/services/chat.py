"""A question in a conversation: what was said is kept, whichever end the answer takes."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field, fields
from uuid import UUID, uuid4

from backend.db import models
from backend.errors import Conflict, NexusError
from backend.problems import problem_of
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.agents import UNHELD, AgentService, Hold
from backend.services.answering import Answering, Inquiry
from backend.services.asking import Question, as_before, conversation_of, history_of, in_persona
from backend.services.limits import ChatLimits, Slot
from backend.services.personas import persona_of
from backend.tracing.track import track
from backend.whole import to_its_end
from contracts import chat as wire


@dataclass(slots=True, kw_only=True)
class Exchange(Inquiry):
    """One question of a conversation, on its way to its answer. `documents` is what it says of them."""

    conversation: models.Conversation
    documents: bool | None
    slot: Slot
    message_id: UUID = field(default_factory=uuid4)
    text: list[str] = field(default_factory=list)
    hold: Hold = UNHELD
    is_saved: bool = False

    @property
    def conversation_id(self) -> UUID:
        return self.conversation.id


class ChatService:
    def __init__(self, uow: UnitOfWork, answering: Answering, agents: AgentService, *, limits: ChatLimits) -> None:
        self._uow = uow
        self._answering = answering
        self._agents = agents
        self._limits = limits

    async def begin(self, principal: Principal, question: Question) -> Exchange:
        """Checks the request and saves the question; what is wrong with it raises before any answer starts."""
        slot = self._limits.enter(principal)
        try:
            return await self._begin(principal, question, slot)
        except BaseException:
            slot.release()
            raise

    async def _begin(self, principal: Principal, question: Question, slot: Slot) -> Exchange:
        """What is read is read without the turn to write, which many questions at once wait for."""
        exchange = await self._uow.reading(principal.workspace_id, lambda tx: self._read(tx, principal, question, slot))
        await self._uow.writing(principal.workspace_id, lambda tx: self._keep(tx, exchange))
        return exchange

    async def _read(self, tx: Tx, principal: Principal, question: Question, slot: Slot) -> Exchange:
        question = await as_before(tx, principal, question)
        inquiry = await self._answering.inquiry(tx, question)
        # As it was asked: an alias in a conversation means what it means at each question.
        agent_id = None if question.collection_id or question.model else inquiry.agent_id
        conversation = await conversation_of(
            tx, principal, question, agent_id=agent_id, collection_id=inquiry.collection_id
        )
        if question.conversation_id is not None:
            self._limits.check_turns(principal, await tx.conversations.turns(conversation.id))
        inquiry.history = await history_of(tx, question, conversation.id)
        if conversation.persona:
            inquiry.answerer = in_persona(inquiry.answerer, persona_of(conversation))
        given = {one.name: getattr(inquiry, one.name) for one in fields(inquiry)}
        return Exchange(**given, conversation=conversation, documents=question.documents, slot=slot)

    async def _keep(self, tx: Tx, exchange: Exchange) -> None:
        """The question, the conversation that it begins, and the tokens that it may take."""
        conversation = exchange.conversation
        message = models.Message(
            id=uuid4(),
            workspace_id=tx.workspace_id,
            conversation_id=conversation.id,
            role="user",
            content=exchange.question.message,
            documents=exchange.documents,
        )
        exchange.hold = await self._agents.hold(tx, exchange.answerer.agent, self._answering.likely(exchange))
        if exchange.question.conversation_id is None:
            await tx.collections.get(exchange.collection_id)
            await tx.conversations.begin(conversation, message)
        else:
            await tx.conversations.get(conversation.id)
            await tx.conversations.add_message(message)

    async def give_up(self, principal: Principal, exchange: Exchange) -> None:
        """In the place of `answer`, where something went wrong before it."""
        exchange.slot.release()
        await self._save(principal, exchange, content="", error=Stopped("the answer was stopped before it began"))

    async def whole(self, principal: Principal, exchange: Exchange) -> wire.ChatAnswer:
        """The answer at once. Raises what retrieval or the provider raised."""
        async with aclosing(self.answer(principal, exchange)) as events:
            async for event in events:
                if isinstance(event, wire.DoneEvent):
                    return event.answer
        raise NexusError("the answer ended without a result")

    @track("chat.answer")
    async def answer(self, principal: Principal, exchange: Exchange) -> AsyncGenerator[wire.ChatEvent]:
        """Tokens, then the citations, then `done`. What was said is saved at the end, whichever end that is."""
        # The client went away, unless something else is known: what it saw is kept.
        cause: NexusError = Stopped("the answer was stopped")
        try:
            async with aclosing(self._answering.answer(principal.workspace_id, exchange)) as events:
                async for event in events:
                    if isinstance(event, str):
                        exchange.text.append(event)
                        yield wire.TokenEvent(text=event)
                        continue
                    answer = wire.ChatAnswer(
                        **dict(event), conversation_id=exchange.conversation_id, message_id=exchange.message_id
                    )
                    await self._save(principal, exchange, content=answer.response, answer=answer)
                    for citation in answer.citations:
                        yield wire.CitationEvent(citation=citation)
                    yield wire.DoneEvent(answer=answer)
        except NexusError as exc:
            cause = exc
            raise
        finally:
            exchange.slot.release()
            if not exchange.is_saved:
                await self._save(principal, exchange, content="".join(exchange.text), error=cause)

    async def _save(
        self,
        principal: Principal,
        exchange: Exchange,
        *,
        content: str,
        answer: wire.ChatAnswer | None = None,
        error: NexusError | None = None,
    ) -> None:
        """Even while this task is being cancelled: whether it is saved is known only when the write has ended."""
        message = models.Message(
            id=exchange.message_id,
            workspace_id=principal.workspace_id,
            conversation_id=exchange.conversation_id,
            role="assistant",
            content=content,
            documents=exchange.question.reads,
            answered=answer.answered if answer and answer.confidence is not None else None,
            answer=answer.model_dump(mode="json") if answer else None,
            error=problem_of(error).model_dump(mode="json") if error else None,
        )
        await to_its_end(self._write(principal, exchange, message))

    async def _write(self, principal: Principal, exchange: Exchange, message: models.Message) -> None:
        await self._uow.writing(principal.workspace_id, lambda tx: self._add(tx, exchange, message))
        exchange.is_saved = True

    async def _add(self, tx: Tx, exchange: Exchange, message: models.Message) -> None:
        await self._agents.settle(tx, exchange.answerer.agent.id, exchange.hold, exchange.spending.usage)
        if await tx.conversations.exists(exchange.conversation_id):  # it may be deleted while it is answered
            await tx.conversations.add_message(message)


class Stopped(Conflict):
    """The person who asked stopped the answer or left."""

    code, title = "stopped", "The answer was stopped"
