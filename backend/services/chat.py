"""A question to a collection: retrieve, answer with citations, keep the conversation."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from uuid import UUID, uuid4

from backend.agents.factory import AgentFactory
from backend.agents.providers.base import Message, PassageText
from backend.agents.rag import AnswerDone, AnswerToken, Retrieval
from backend.db import models
from backend.errors import Conflict, Forbidden, NexusError
from backend.problems import problem_of
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.searcher import RetrievedItem, Searcher, SearchResult
from backend.security.principal import Principal
from backend.services.conversations import is_owner, owner_of, readable_by
from backend.services.providers import Answerer, ProviderService
from backend.tracing.metrics import Metrics
from backend.tracing.track import set_attribute, track
from backend.whole import to_its_end
from contracts import chat as wire

HISTORY = 12
QUOTE = 600
TITLE = 80


@dataclass(slots=True)
class Exchange:
    """One question on its way to its answer."""

    request: wire.RagChat
    conversation_id: UUID
    answerer: Answerer
    history: Sequence[Message]
    message_id: UUID = field(default_factory=uuid4)
    started: float = field(default_factory=time.perf_counter)
    text: list[str] = field(default_factory=list)
    retrieved: list[wire.Citation] = field(default_factory=list)
    is_saved: bool = False


class ChatService:
    def __init__(
        self, uow: UnitOfWork, searcher: Searcher, factory: AgentFactory, providers: ProviderService, metrics: Metrics
    ) -> None:
        self._uow = uow
        self._searcher = searcher
        self._factory = factory
        self._providers = providers
        self._metrics = metrics

    async def begin(self, principal: Principal, request: wire.RagChat) -> Exchange:
        """Checks the request and saves the question; what is wrong with it raises before any answer starts."""
        async with self._uow(principal.workspace_id) as tx:
            await tx.collections.get(request.collection_id)
            answerer = await self._providers.answerer(tx)
            self._factory.rag(answerer.config)
            conversation = await _conversation(tx, principal, request)
            history = await _history(tx, request, conversation.id)
            await tx.conversations.add_message(
                models.Message(
                    id=uuid4(),
                    workspace_id=tx.workspace_id,
                    conversation_id=conversation.id,
                    role="user",
                    content=request.message,
                )
            )
        return Exchange(request, conversation.id, answerer, history)

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
        try:
            found = await self._retrieve(principal, exchange)
            agent = self._factory.rag(exchange.answerer.config)
            retrieval = Retrieval(_passages(found.items), found.answerable)
            async for event in agent.answer(exchange.request.message, exchange.history, retrieval):
                if isinstance(event, AnswerToken):
                    exchange.text.append(event.text)
                    yield wire.TokenEvent(text=event.text)
                else:
                    answer = await self._finish(principal, exchange, event)
                    for citation in answer.citations:
                        yield wire.CitationEvent(citation=citation)
                    yield wire.DoneEvent(answer=answer)
        except NexusError as exc:
            await self._save_partial(principal, exchange, exc)
            raise
        finally:
            # The client went away: what it saw is kept, even while this task is being cancelled.
            if not exchange.is_saved:
                await to_its_end(self._save_partial(principal, exchange, Stopped("the answer was stopped")))

    async def _retrieve(self, principal: Principal, exchange: Exchange) -> SearchResult:
        request = exchange.request
        found = await self._searcher.search(
            principal.workspace_id, request.collection_id, request.message, limit=request.top_k
        )
        set_attribute("retrieved", len(found.items))
        exchange.retrieved = [_citation(n, item) for n, item in enumerate(found.items, start=1)]
        return found

    async def _finish(self, principal: Principal, exchange: Exchange, done: AnswerDone) -> wire.ChatAnswer:
        by_number = {citation.n: citation for citation in exchange.retrieved}
        usage = done.usage
        answer = wire.ChatAnswer(
            response=done.text,
            answered=done.answered,
            citations=[by_number[n] for n in done.cited],
            retrieved=exchange.retrieved,
            conversation_id=exchange.conversation_id,
            message_id=exchange.message_id,
            model=done.model,
            provider=done.provider,
            fallback_used=done.fallback_used,
            usage=wire.TokenUsage(
                input_tokens=usage.input_tokens, output_tokens=usage.output_tokens, cost_usd=done.cost_usd
            ),
            latency_ms=(time.perf_counter() - exchange.started) * 1000,
        )
        self._metrics.chat_answers.labels(done.provider, str(done.answered).lower()).inc()
        await self._save(principal, exchange, content=done.text, answer=answer)
        return answer

    async def _save_partial(self, principal: Principal, exchange: Exchange, cause: NexusError) -> None:
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
        exchange.is_saved = True
        async with self._uow(principal.workspace_id) as tx:
            if not await tx.conversations.exists(exchange.conversation_id):
                return  # deleted while it was answered
            await tx.conversations.add_message(
                models.Message(
                    id=exchange.message_id,
                    workspace_id=tx.workspace_id,
                    conversation_id=exchange.conversation_id,
                    role="assistant",
                    content=content,
                    answered=answer.answered if answer else None,
                    answer=answer.model_dump(mode="json") if answer else None,
                    error=problem_of(error).model_dump(mode="json") if error else None,
                )
            )


class Stopped(Conflict):
    """The person who asked stopped the answer or left."""

    code, title = "stopped", "The answer was stopped"


async def _conversation(tx: Tx, principal: Principal, request: wire.RagChat) -> models.Conversation:
    if request.conversation_id is not None:
        found = await tx.conversations.get(request.conversation_id, readable_by(principal))
        if not is_owner(principal, found):
            raise Forbidden("this conversation is another person's; begin one of your own")
        return found
    title = request.message if len(request.message) <= TITLE else request.message[: TITLE - 1].rstrip() + "…"
    conversation = models.Conversation(
        id=uuid4(),
        workspace_id=tx.workspace_id,
        collection_id=request.collection_id,
        title=title,
        owner=owner_of(principal),
    )
    await tx.conversations.add(conversation)
    return conversation


async def _history(tx: Tx, request: wire.RagChat, conversation_id: UUID) -> list[Message]:
    if request.conversation_id is None:
        return _dialogue([Message(turn.role, turn.content) for turn in request.history])
    rows = await tx.conversations.messages(conversation_id, last=HISTORY)
    return _dialogue([Message("user" if row.role == "user" else "assistant", row.content) for row in rows])


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


def _passages(items: Sequence[RetrievedItem]) -> tuple[PassageText, ...]:
    return tuple(PassageText(n, item.title, item.text) for n, item in enumerate(items, start=1))


def _citation(n: int, item: RetrievedItem) -> wire.Citation:
    is_faq = item.source == "faq"
    return wire.Citation(
        n=n,
        document_id=item.document_id,
        faq_id=item.id if is_faq else None,
        passage_id=None if is_faq else item.id,
        document_name=item.document_name,
        title=item.title,
        section=item.section,
        page=item.page,
        quote=item.text if len(item.text) <= QUOTE else item.text[: QUOTE - 1].rstrip() + "…",
        score=round(item.score, 4),
    )
