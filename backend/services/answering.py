"""How a question is answered, whoever asks it and wherever the answer is kept."""

import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field, replace
from typing import Final
from uuid import UUID

from backend.agents.factory import AgentFactory
from backend.agents.providers import builtin
from backend.agents.providers.base import NOTHING, Message, PassageText, Usage
from backend.agents.providers.streams import closing
from backend.agents.questions import asked_in, is_long
from backend.agents.rag import AnswerDone, AnswerToken, Retrieval
from backend.agents.spending import Spending
from backend.agents.stopped import up_to_stop
from backend.agents.tokens import tokens_of
from backend.db import models
from backend.db.finetuning import TunedModel
from backend.errors import Conflict, InvalidRequest
from backend.repositories.uow import Tx
from backend.retrieval.base import Findings, Plan, RetrievedItem, Scope, SearchResult, Step, Turn
from backend.retrieval.pipeline import Pipeline
from backend.retrieval.shared import Shared
from backend.services.agents import AgentService
from backend.services.alias_names import as_agent_asks, meant, retrieval_named
from backend.services.asking import TOP_K, Question, agent_of, as_asked
from backend.services.providers import Answerer
from backend.services.strategies import Strategies
from backend.services.tuned_models import TunedModelService, answers, refusal
from backend.services.workspace_models import is_embeddings
from backend.tracing.metrics import Metrics
from backend.tracing.track import set_attribute
from contracts import chat as wire

QUOTE: Final = 600
PASSAGE: Final = 250
ANSWER: Final = 300
"""Tokens that a passage has, and an answer, as a rule."""
OWN_WORDS: Final = "rules"
"""The strategy of a step that the product takes itself, without a model."""


@dataclass(frozen=True, slots=True)
class Searched:
    """A collection that a question is answered from. `spec_key` is the key of its vectors."""

    id: UUID
    name: str
    spec_key: str


@dataclass(slots=True, kw_only=True)
class Inquiry:
    """A question and what answers it, on the way to the answer. `agent_id` is that of an agent that is asked itself,
    `collections` are those that it is answered from, the agent's first one first. `searches` are shared with the other
    answers to the same question. `decided` is what a rule says of it, in the place of the planner."""

    question: Question
    collections: Sequence[Searched]
    agent_id: UUID | None
    answerer: Answerer
    history: Sequence[Message] = ()
    tuned: TunedModel | None = None
    searches: Shared[SearchResult] | None = None
    decided: Plan | None = None
    spending: Spending = field(default_factory=Spending)
    retrieved: list[wire.Citation] = field(default_factory=list)
    started: float = field(default_factory=time.perf_counter)

    @property
    def collection_id(self) -> UUID:
        return self.collections[0].id


class Answering:
    def __init__(
        self,
        pipeline: Pipeline,
        strategies: Strategies,
        factory: AgentFactory,
        agents: AgentService,
        tuned: TunedModelService,
        *,
        metrics: Metrics,
    ) -> None:
        self._pipeline = pipeline
        self._strategies = strategies
        self._factory = factory
        self._agents = agents
        self._tuned = tuned
        self._metrics = metrics

    async def inquiry(self, tx: Tx, question: Question) -> Inquiry:
        """Who answers, from what. Raises `NotFound` for an agent, a model or a collection that is not there, `Conflict`
        for a model that cannot be used any more, `InvalidRequest` for a provider that is not set up."""
        question = await meant(tx, question)
        is_agent = question.collection_id is None and question.model is None and question.provider is None
        agent = await agent_of(tx, question)
        question = await as_agent_asks(tx, question, agent) if is_agent else question
        tuned = await self._tuned_for(tx, question, agent)
        only = question.collection_id or _own_collection(question, tuned)
        found = await tx.collections.searched(agent) if only is None else [await tx.collections.get(only)]
        answerer = await self._with_model(
            tx, as_asked(await self._agents.answerer(tx, agent), question), question, tuned
        )
        answerer = await self._agents.with_default(tx, answerer) if question.is_smart else answerer
        self._factory.create_agent(answerer.config)
        return Inquiry(
            question=question,
            collections=[Searched(one.id, one.name, one.spec["key"]) for one in found],
            agent_id=agent.id if is_agent else None,
            answerer=answerer,
            tuned=tuned,
        )

    async def _tuned_for(self, tx: Tx, question: Question, agent: models.Agent) -> TunedModel | None:
        """What was trained here: that is asked by its name, or that the agent searches with.

        Raises `TunedModelNotFound`, and `Conflict` for one that cannot be used any more; an agent goes on without.
        """
        if question.provider is not None:
            return None
        if question.model is None:
            name = agent.parameters.get("retrieval_model") if question.collection_id is None else None
            return await retrieval_named(tx, name) if name is not None else None
        if question.agent_id is not None and await tx.tuning.named(question.model) is None:
            return None
        model = await self._tuned.named(tx, question.model)
        if is_embeddings(model):
            raise InvalidRequest(refusal(model))
        if reason := await self._tuned.unfit(tx, model):
            raise Conflict(f"the model {model.name!r} cannot be asked: {reason}")
        if not answers(model) and not question.reads:
            raise InvalidRequest(f"the model {model.name!r} finds documents; it cannot answer without them")
        return model

    async def _with_model(self, tx: Tx, answerer: Answerer, question: Question, tuned: TunedModel | None) -> Answerer:
        """With the model that is asked in the first place."""
        if question.provider is not None:
            changed = await self._agents.with_model(
                tx, answerer, provider=question.provider, model=question.model or ""
            )
        elif tuned is not None and answers(tuned):
            served = self._tuned.served(tuned)
            changed = await self._agents.with_model(tx, answerer, provider=served.provider, model=served.model)
        elif question.model is not None and tuned is None:
            changed = await self._agents.with_model(
                tx, answerer, provider=answerer.agent.provider, model=question.model
            )
        else:
            changed = answerer
        if question.stands_in:
            return changed
        return replace(changed, config=replace(changed.config, fallbacks=()))

    def likely(self, inquiry: Inquiry) -> Usage:
        """What the answer takes, about."""
        config, question = inquiry.answerer.config, inquiry.question
        if not self._factory.chain(config).capabilities.generates:
            return NOTHING
        said = [*inquiry.history, Message("user", config.told + question.message)]
        return Usage(tokens_of(said) + (question.top_k or TOP_K) * PASSAGE, config.sampling.max_tokens or ANSWER)

    async def answer(self, workspace_id: UUID, inquiry: Inquiry) -> AsyncGenerator[str | wire.Answered]:
        """What is said, piece by piece, then the answer whole. Raises what retrieval or the provider raises."""
        found = await self._find(workspace_id, inquiry)
        began = time.perf_counter()
        stop = inquiry.answerer.config.sampling.stop
        async with closing(up_to_stop(self._said(inquiry, found), stop)) as events:
            async for event in events:
                if isinstance(event, AnswerToken):
                    yield event.text
                    continue
                steps = [*found.steps, *_answer_steps(event, found, (time.perf_counter() - began) * 1000)]
                yield self._finished(inquiry, found, event, steps)

    async def _find(self, workspace_id: UUID, inquiry: Inquiry) -> Findings:
        question = inquiry.question
        tuned = await self._tuned.ready(inquiry.tuned) if inquiry.tuned else None
        if not question.reads:
            return Findings(question.message, Plan("search", 0), SearchResult([], answerable=True))
        if inquiry.decided is not None:
            step = Step("plan", OWN_WORDS, 0.0, inquiry.decided.note)
            return Findings(question.message, inquiry.decided, SearchResult([], answerable=False), (step,))
        names = tuple(one.name for one in inquiry.collections)
        scope = Scope(
            workspace_id,
            tuple(one.id for one in inquiry.collections),
            question.top_k or TOP_K,
            most=question.top_k,
            tuned=tuned,
            searches=inquiry.searches,
            names=names if len(names) > 1 else (),
        )
        history = [
            Turn("user" if one.role == "user" else "assistant", asked_in(one.content)) for one in inquiry.history
        ]
        steps = self._strategies.of(inquiry.answerer.config, inquiry.spending)
        found = await self._pipeline.run(steps, asked_in(question.message), history, scope)
        set_attribute("retrieved", len(found.result.items))
        inquiry.retrieved = [_citation(n, item, scope) for n, item in enumerate(found.result.items, start=1)]
        return found

    async def _said(self, inquiry: Inquiry, found: Findings) -> AsyncGenerator[AnswerToken | AnswerDone]:
        """The agent's answer, or what the plan says instead of one."""
        if found.plan.action != "search":
            yield AnswerToken(found.plan.reply)
            yield AnswerDone(found.plan.reply, (), False, model=builtin.MODEL, provider=builtin.NAME)
            return
        agent = self._factory.create_agent(inquiry.answerer.config, inquiry.spending)
        retrieval = Retrieval(_passages(found.result.items), found.result.answerable)
        message = inquiry.question.message
        asked = message if is_long(message) else found.question
        async with closing(agent.answer(asked, inquiry.history, retrieval)) as events:
            async for event in events:
                yield event

    def _finished(self, inquiry: Inquiry, found: Findings, done: AnswerDone, steps: Sequence[Step]) -> wire.Answered:
        by_number = {citation.n: citation for citation in inquiry.retrieved}
        usage = inquiry.spending.usage
        self._metrics.chat_answers.labels(done.provider, str(done.answered).lower()).inc()
        return wire.Answered(
            response=done.text,
            answered=done.answered,
            citations=[by_number[n] for n in done.cited],
            retrieved=inquiry.retrieved,
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
                cost_usd=inquiry.spending.cost_usd,
            ),
            latency_ms=(time.perf_counter() - inquiry.started) * 1000,
            agent_id=inquiry.agent_id,
            question=found.question,
            finish_reason=done.finish_reason,
            asks_back=found.plan.action == "ask_back",
            confidence=round(found.result.confidence, 4) if _was_searched(inquiry, found) else None,
            steps=[_step(step) for step in steps],
            checks=[
                wire.CitationCheck(n=one.n, sentence=one.sentence, score=_share(one.score), supported=one.supported)
                for one in done.checks
            ],
        )


def _was_searched(inquiry: Inquiry, found: Findings) -> bool:
    return inquiry.question.reads and found.plan.action == "search"


def _own_collection(question: Question, tuned: TunedModel | None) -> UUID | None:
    """That of a tuned model that is asked itself."""
    return tuned.collection_id if tuned is not None and question.model is not None else None


def _passages(items: Sequence[RetrievedItem]) -> tuple[PassageText, ...]:
    return tuple(PassageText(n, item.title, item.text) for n, item in enumerate(items, start=1))


def _citation(n: int, item: RetrievedItem, scope: Scope) -> wire.Citation:
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
        collection=scope.name_of(item.collection_id),
    )


def _answer_steps(done: AnswerDone, found: Findings, milliseconds: float) -> list[Step]:
    if found.plan.action != "search":
        return [Step("answer", OWN_WORDS, milliseconds, "says so without looking anything up")]
    if not found.steps:
        return [Step("answer", done.provider, milliseconds, "from what the model learnt")]
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
    return wire.AnswerStep(
        name=step.name,
        strategy=step.strategy,
        ms=round(step.milliseconds, 3),
        outcome=step.outcome,
        failure=step.failure,
    )


def _share(score: float) -> float:
    return min(1.0, max(0.0, round(score, 4)))
