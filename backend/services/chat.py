"""A question on its way to its answer: pipeline, agent, citations; what was said is kept, whichever end it takes."""

import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID, uuid4

from backend.agents.factory import AgentFactory
from backend.agents.providers import builtin
from backend.agents.providers.base import NOTHING, Message, PassageText, Usage
from backend.agents.providers.streams import closing
from backend.agents.questions import asked_in, is_long
from backend.agents.rag import AnswerDone, AnswerToken, Retrieval
from backend.agents.spending import Spending
from backend.agents.tokens import tokens_of
from backend.db import models
from backend.db.finetuning import TunedModel
from backend.errors import Conflict, NexusError
from backend.problems import problem_of
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.base import Findings, RetrievedItem, Scope, Step, Turn
from backend.retrieval.pipeline import Pipeline
from backend.security.principal import Principal
from backend.services.agents import UNHELD, AgentService, Hold
from backend.services.asking import TOP_K, Question, agent_of, as_asked, conversation_of, history_of
from backend.services.limits import ChatLimits, Slot
from backend.services.providers import Answerer
from backend.services.strategies import Strategies
from backend.services.tuned_models import TunedModelService, unfit
from backend.tracing.metrics import Metrics
from backend.tracing.track import set_attribute, track
from backend.whole import to_its_end
from contracts import chat as wire

QUOTE: Final = 600
PASSAGE: Final = 250
ANSWER: Final = 300
"""Tokens that a passage has, and an answer, as a rule."""
LOCAL: Final = "local"
"""The provider that serves the models that were trained here."""
OWN_WORDS: Final = "rules"
"""The strategy of a step that the product takes itself, without a model."""


@dataclass(slots=True)
class Exchange:
    """One question on its way to its answer."""

    question: Question
    collection_id: UUID
    conversation: models.Conversation
    agent_id: UUID | None
    answerer: Answerer
    history: Sequence[Message]
    slot: Slot
    message_id: UUID = field(default_factory=uuid4)
    started: float = field(default_factory=time.perf_counter)
    text: list[str] = field(default_factory=list)
    retrieved: list[wire.Citation] = field(default_factory=list)
    tuned: TunedModel | None = None
    spending: Spending = field(default_factory=Spending)
    hold: Hold = UNHELD
    is_saved: bool = False

    @property
    def conversation_id(self) -> UUID:
        return self.conversation.id


class ChatService:
    def __init__(
        self,
        uow: UnitOfWork,
        pipeline: Pipeline,
        strategies: Strategies,
        factory: AgentFactory,
        agents: AgentService,
        tuned: TunedModelService,
        *,
        limits: ChatLimits,
        metrics: Metrics,
    ) -> None:
        self._uow = uow
        self._limits = limits
        self._pipeline = pipeline
        self._strategies = strategies
        self._factory = factory
        self._agents = agents
        self._tuned = tuned
        self._metrics = metrics

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
        agent = await agent_of(tx, question)
        tuned = await self._tuned_for(tx, question, agent)
        asked = question.collection_id or _own_collection(question, tuned) or agent.collection_id
        await tx.collections.get(asked)
        answerer = as_asked(await self._agents.answerer(tx, agent), question)
        if tuned is not None and tuned.spec_key is None:
            answerer = await self._agents.with_model(tx, answerer, provider=LOCAL, model=self._tuned.served(tuned))
        self._factory.rag(answerer.config)
        agent_id = None if question.collection_id or question.model else agent.id
        conversation = await conversation_of(tx, principal, question, agent_id=agent_id, collection_id=asked)
        if question.conversation_id is not None:
            self._limits.check_turns(principal, await tx.conversations.turns(conversation.id))
        history = await history_of(tx, question, conversation.id)
        return Exchange(question, asked, conversation, agent_id, answerer, history, slot, tuned=tuned)

    async def _tuned_for(self, tx: Tx, question: Question, agent: models.Agent) -> TunedModel | None:
        """The tuned retrieval that is asked by its name, or that the agent searches with.

        Raises `TunedModelNotFound`, and `Conflict` for one that cannot be used any more; an agent goes on without.
        """
        if question.model is None:
            name = agent.parameters.get("retrieval_model") if question.collection_id is None else None
            return await tx.tuning.named(name) if name is not None else None
        model = await self._tuned.named(tx, question.model)
        if reason := await unfit(tx, model):
            raise Conflict(f"the model {model.name!r} cannot be asked: {reason}")
        return model

    async def _keep(self, tx: Tx, exchange: Exchange) -> None:
        """The question, the conversation that it begins, and the tokens that it may take."""
        conversation = exchange.conversation
        message = models.Message(
            id=uuid4(),
            workspace_id=tx.workspace_id,
            conversation_id=conversation.id,
            role="user",
            content=exchange.question.message,
        )
        exchange.hold = await self._agents.hold(tx, exchange.answerer.agent, self._likely(exchange))
        if exchange.question.conversation_id is None:
            await tx.collections.get(exchange.collection_id)
            await tx.conversations.begin(conversation, message)
        else:
            await tx.conversations.get(conversation.id)
            await tx.conversations.add_message(message)

    def _likely(self, exchange: Exchange) -> Usage:
        """What the answer takes, about."""
        config, question = exchange.answerer.config, exchange.question
        if not self._factory.chain(config).capabilities.generates:
            return NOTHING
        said = [*exchange.history, Message("user", config.instructions + question.message)]
        return Usage(tokens_of(said) + (question.top_k or TOP_K) * PASSAGE, config.sampling.max_tokens or ANSWER)

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
            found = await self._find(principal, exchange)
            began = time.perf_counter()
            async with aclosing(self._said(exchange, found)) as events:
                async for event in events:
                    if isinstance(event, AnswerToken):
                        exchange.text.append(event.text)
                        yield wire.TokenEvent(text=event.text)
                        continue
                    steps = [*found.steps, *_answer_steps(event, found, (time.perf_counter() - began) * 1000)]
                    answer = await self._finish(principal, exchange, found, event, steps)
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

    async def _find(self, principal: Principal, exchange: Exchange) -> Findings:
        question = exchange.question
        tuned = await self._tuned.ready(exchange.tuned) if exchange.tuned else None
        scope = Scope(
            principal.workspace_id,
            (exchange.collection_id,),
            question.top_k or TOP_K,
            most=question.top_k,
            tuned=tuned,
        )
        history = [
            Turn("user" if one.role == "user" else "assistant", asked_in(one.content)) for one in exchange.history
        ]
        steps = self._strategies.of(exchange.answerer.config, exchange.spending)
        found = await self._pipeline.run(steps, asked_in(question.message), history, scope)
        set_attribute("retrieved", len(found.result.items))
        exchange.retrieved = [_citation(n, item) for n, item in enumerate(found.result.items, start=1)]
        return found

    async def _said(self, exchange: Exchange, found: Findings) -> AsyncGenerator[AnswerToken | AnswerDone]:
        """The agent's answer, or what the plan says instead of one."""
        if found.plan.action != "search":
            yield AnswerToken(found.plan.reply)
            yield AnswerDone(found.plan.reply, (), False, model=builtin.MODEL, provider=builtin.NAME)
            return
        agent = self._factory.rag(exchange.answerer.config, exchange.spending)
        retrieval = Retrieval(_passages(found.result.items), found.result.answerable)
        message = exchange.question.message
        asked = message if is_long(message) else found.question
        async with closing(agent.answer(asked, exchange.history, retrieval)) as events:
            async for event in events:
                yield event

    async def _finish(
        self, principal: Principal, exchange: Exchange, found: Findings, done: AnswerDone, steps: Sequence[Step]
    ) -> wire.ChatAnswer:
        by_number = {citation.n: citation for citation in exchange.retrieved}
        usage = exchange.spending.usage
        answer = wire.ChatAnswer(
            response=done.text,
            answered=done.answered,
            citations=[by_number[n] for n in done.cited],
            retrieved=exchange.retrieved,
            conversation_id=exchange.conversation_id,
            message_id=exchange.message_id,
            model=done.model,
            provider=done.provider,
            fallback_used=bool(done.failures),
            failures=[
                wire.ProviderFailure(provider=one.provider, title=one.error.title, detail=str(one.error))
                for one in done.failures
            ],
            usage=wire.TokenUsage(
                input_tokens=usage.input_tokens,
                output_tokens=usage.output_tokens,
                cost_usd=exchange.spending.cost_usd,
            ),
            latency_ms=(time.perf_counter() - exchange.started) * 1000,
            agent_id=exchange.agent_id,
            question=found.question,
            finish_reason=done.finish_reason,
            asks_back=found.plan.action == "ask_back",
            confidence=round(found.result.confidence, 4) if found.plan.action == "search" else None,
            steps=[_step(step) for step in steps],
            checks=[
                wire.CitationCheck(n=one.n, sentence=one.sentence, score=_share(one.score), supported=one.supported)
                for one in done.checks
            ],
        )
        self._metrics.chat_answers.labels(done.provider, str(done.answered).lower()).inc()
        await self._save(principal, exchange, content=done.text, answer=answer)
        return answer

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


def _own_collection(question: Question, tuned: TunedModel | None) -> UUID | None:
    """That of a tuned model that is asked itself."""
    return tuned.collection_id if tuned is not None and question.model is not None else None


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


def _answer_steps(done: AnswerDone, found: Findings, milliseconds: float) -> list[Step]:
    if found.plan.action != "search":
        return [Step("answer", OWN_WORDS, milliseconds, "says so without looking anything up")]
    if not found.result.answerable:
        return [Step("answer", OWN_WORDS, milliseconds, "nothing found answers the question")]
    outcome = f"cites {len(done.cited)} of {len(found.result.items)} sources"
    steps = [Step("answer", done.provider, milliseconds, outcome)]
    if done.checks:
        refused = sum(not check.supported for check in done.checks)
        said = "every citation holds" if not refused else f"{refused} of {len(done.checks)} citations taken out"
        steps.append(Step("verify", OWN_WORDS, 0.0, said))
    return steps


def _step(step: Step) -> wire.AnswerStep:
    return wire.AnswerStep(name=step.name, strategy=step.strategy, ms=round(step.milliseconds, 3), outcome=step.outcome)


def _share(score: float) -> float:
    return min(1.0, max(0.0, round(score, 4)))
