"""Paraphrases that a model writes for a dataset. What was asked is in the database: an attempt asks for the rest."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Final, Literal
from uuid import UUID

import numpy as np
from pydantic import BaseModel

from backend.agents.factory import AgentFactory
from backend.agents.prompts.rewording import rewording_messages
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import GenerationRequest, Provider, Sampling, Usage, collect
from backend.agents.tokens import AROUND, tokens_of
from backend.datasets.follows import still_follows
from backend.datasets.rows import Example, Provenance, Rewording
from backend.db.finetuning import Dataset
from backend.embeddings.base import Embedder
from backend.errors import NexusError, ProviderBadAnswer
from backend.faqs.dedup import question_key
from backend.repositories.uow import UnitOfWork
from backend.services.budget import Budget
from backend.services.drafting import able
from backend.services.model_drafts import AT_ONCE
from backend.services.providers import ProviderService
from contracts.base import is_visible
from contracts.datasets import RewordBy

NEAR: Final = 0.7
"""The least cosine of a paraphrase and its question. Of tests/fixtures/paraphrases.json `still_follows` lets 11 pairs
pass that ask for something else; with MiniLM their cosine is .69 at most, and 17 of 27 that ask the same reach .7."""
EACH: Final = 60
_ROOM: Final = 100
"""Tokens of a paraphrase and around them, more than they take."""
IN_A_ROW: Final = 8
"""Answers that cannot be read before a model is taken to be unable."""

Fault = Literal["something_else", "far", "twice", "unreadable"]
FAULTS: Final[Mapping[Fault, str]] = {
    "something_else": "may ask for something else",
    "far": "are far from the question in meaning",
    "twice": "were there already",
    "unreadable": "could not be read",
}
Step = Callable[[int, int], Awaitable[None]]
"""Awaited with the questions that are done, and all of them; raises when the job is cancelled."""


class Reworded(BaseModel):
    """Other ways to ask the question."""

    questions: list[str]


@dataclass(frozen=True, slots=True)
class Wordings:
    """Paraphrases by the id of their example, and what to say about them. `by` names the model."""

    by: str = ""
    texts: Mapping[UUID, Sequence[str]] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


def most_tokens(question: str, answer: str, *, most: int) -> Usage:
    """What asking for at most so many paraphrases of it may take: an answer in another form is asked for once more."""
    room = _room(most)
    return Usage(2 * tokens_of(rewording_messages(question, answer, most=most)) + room + 5 * AROUND, 2 * room)


def _room(most: int) -> int:
    return _ROOM + EACH * most


@dataclass(slots=True)
class _Attempt:
    dataset: Dataset
    most: int
    provider: Provider
    model: str
    budget: Budget
    faults: int = 0
    is_over: bool = False
    failure: NexusError | None = None


class ModelRewording:
    def __init__(self, uow: UnitOfWork, providers: ProviderService, factory: AgentFactory, embedder: Embedder) -> None:
        self._uow = uow
        self._providers = providers
        self._factory = factory
        self._embedder = embedder

    async def wordings(
        self, dataset: Dataset, by: RewordBy, examples: Sequence[Example], *, most: int, step: Step
    ) -> Wordings:
        """At most `most` of each question. Raises the provider's error once the calls under way have ended; what came
        before it is kept for the next attempt."""
        async with self._uow.read(dataset.workspace_id) as tx:
            choice = await able(self._providers, tx, by.provider, by.model or "", to="write paraphrases")
            asked = {
                row.example_id: Usage(row.input_tokens, row.output_tokens)
                for row in await tx.datasets.wordings(dataset.id)
            }
        provider = self._factory.provider(choice.config)
        spent = sum(asked.values(), Usage())
        budget = Budget(tokens=by.budget_tokens, spent=spent)
        attempt = _Attempt(dataset, most, provider, choice.model_name, budget)
        todo = [example for example in examples if example.id not in asked]
        before = len(examples) - len(todo)

        async def one_more(done: int, _: int) -> None:
            await step(before + done, len(examples))

        await self._ask_all(attempt, todo, AT_ONCE[PROVIDERS.vendors[by.provider].place], one_more)
        return await self._kept(dataset, f"{by.provider}: {choice.model_name}", len(examples))

    async def _ask_all(self, attempt: _Attempt, todo: Sequence[Example], at_once: int, step: Step) -> None:
        left = iter(todo)
        done = 0

        async def work() -> None:
            nonlocal done
            for example in left:
                if attempt.is_over:
                    return
                await step(done, len(todo))
                try:
                    if not await self._asked(attempt, example):
                        return
                except NexusError as exc:
                    # The others end the calls that they have begun: what those gave is kept.
                    attempt.failure, attempt.is_over = attempt.failure or exc, True
                    return
                done += 1

        workers = [asyncio.create_task(work()) for _ in range(at_once)]
        try:
            await asyncio.gather(*workers)
        finally:
            attempt.is_over = True
            for worker in workers:
                worker.cancel()
            await asyncio.wait(workers)
        if attempt.failure is not None:
            raise attempt.failure

    async def _asked(self, attempt: _Attempt, example: Example) -> bool:
        """Whether the budget had room for it."""
        messages = rewording_messages(example.question, example.answer, most=attempt.most)
        room, asked = _room(attempt.most), tokens_of(messages)
        held = attempt.budget.hold(most_tokens(example.question, example.answer, most=attempt.most))
        if held is None:
            attempt.is_over = True
            return False
        request = GenerationRequest(
            model=attempt.model,
            messages=messages,
            output_type=Reworded,
            sampling=Sampling(temperature=0.7, max_tokens=room),
        )
        try:
            completion = await collect(attempt.provider.stream(request))
        except ProviderBadAnswer as exc:
            attempt.faults += 1
            if attempt.faults >= IN_A_ROW:
                raise
            await self._store(attempt, example, [], Counter({"unreadable": 1}), Usage(*exc.tokens))
            return True
        finally:
            attempt.budget.release(held)
        value = completion.structured
        if not isinstance(value, Reworded):
            raise ProviderBadAnswer(f"the model {attempt.model!r} gave no structured answer")
        attempt.faults = 0
        kept, dropped = await self._checked(example, value.questions, attempt.most)
        told = completion.done.usage
        used = Usage(told.input_tokens or asked, told.output_tokens or room // 2)
        await self._store(attempt, example, kept, dropped, used)
        return True

    async def _checked(self, example: Example, questions: Sequence[str], most: int) -> tuple[list[str], Counter[Fault]]:
        dropped: Counter[Fault] = Counter()
        fitting: dict[str, str] = {}
        for text in (" ".join(one.split()) for one in questions):
            if not text or not is_visible(text) or "\x00" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
                dropped["unreadable"] += 1
            elif text.casefold() in fitting:
                dropped["twice"] += 1
            elif still_follows(example.question, example.answer, text) is not None:
                dropped["something_else"] += 1
            else:
                fitting[text.casefold()] = text
        if not fitting:
            return [], dropped
        vectors = await self._embedder.embed([example.question, *fitting.values()], kind="query")
        near = vectors[1:] @ vectors[0] >= NEAR
        dropped["far"] += int(np.count_nonzero(~near))
        return [text for text, is_near in zip(fitting.values(), near, strict=True) if is_near][:most], dropped

    async def _store(
        self, attempt: _Attempt, example: Example, texts: list[str], dropped: Counter[Fault], used: Usage
    ) -> None:
        attempt.budget.settle(used, None, expected_input=0)
        values = {
            "dataset_id": attempt.dataset.id,
            "example_id": example.id,
            "texts": texts,
            "dropped": {name: count for name, count in dropped.items() if count},
            "model": attempt.model,
            "input_tokens": used.input_tokens,
            "output_tokens": used.output_tokens,
        }
        async with self._uow(attempt.dataset.workspace_id) as tx:
            if await tx.datasets.find(attempt.dataset.id) is not None:
                await tx.datasets.put_wording(values)

    async def _kept(self, dataset: Dataset, by: str, questions: int) -> Wordings:
        async with self._uow.read(dataset.workspace_id) as tx:
            rows = await tx.datasets.wordings(dataset.id)
        texts = {row.example_id: row.texts for row in rows}
        dropped: Counter[str] = Counter()
        for row in rows:
            dropped.update(row.dropped)
        kept, tokens = sum(map(len, texts.values())), sum(row.input_tokens + row.output_tokens for row in rows)
        said = ", ".join(f"{dropped[name]:,} {words}" for name, words in FAULTS.items() if dropped[name])
        notes = [f"{by} wrote {kept:,} paraphrases of {len(rows):,} questions with {tokens:,} tokens"]
        notes += [f"Dropped: {said}"] if said else []
        if len(rows) < questions:
            notes.append(f"The budget ended before {questions - len(rows):,} questions; the rules wrote theirs")
        return Wordings(by, texts, tuple(notes))


def written(example: Example, wordings: Wordings, taken: Set[str]) -> Iterator[Example]:
    """The example with the questions that a model wrote for it; none asks what another question of `taken` asks."""
    for text in wordings.texts.get(example.id, ()):
        key = question_key(text)
        if key == question_key(example.question) or key not in taken:
            rewording = Rewording("model", wordings.by, example.question)
            yield Example(text, example.answer, Provenance(example.provenance.source, rewording), example.system)
