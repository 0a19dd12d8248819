"""The first step of a `compare` job: every question to every lane, each kept once all of its lanes have ended.

It may be repeated: questions that are kept are not asked again.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any, Final
from uuid import UUID

from backend.agents.providers.base import Usage
from backend.db.comparing import ComparisonBatch
from backend.errors import BudgetExhausted, Conflict, NexusError
from backend.jobs.rows import patiently
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.base import SearchResult
from backend.retrieval.shared import Shared
from backend.services.agents import AgentService, Hold
from backend.services.answering import Answering, Inquiry
from backend.services.batch_questions import BatchQuestion, asked_for, check_there, questions_of, total_of
from backend.services.contestants import Entry, contestants_of, entries_of, fresh
from backend.services.lanes import LaneResult, ask_lane, lane_values
from backend.services.measuring import Measured, Measuring
from backend.services.progress import Progress
from backend.tracing.track import track
from backend.whole import to_its_end

AT_ONCE: Final = 16
"""Lanes asked at the same time. Each contestant has its share of them: one that hangs holds up no other's."""
AHEAD: Final = 64
"""Questions that a lane may be ahead of a slower one: their answers wait in memory."""
KEPT_AT_ONCE: Final = 50
GATHERED: Final = 0.25
"""Seconds that an answer may wait to be kept with others, and be lost when the process is killed."""
_Order: Final = SystemRandom()
TELLING: Final = 20
"""Questions after which it is clear that no lane works."""


class NothingAnswered(NexusError):
    """Every lane failed on each of the first questions."""

    code, status, title, retryable = "nothing_answered", 502, "Nobody answers", True


class ContestantChanged(Conflict):
    """What is asked now is not what the batch began with."""

    code, title = "contestant_changed", "A target has changed"


@dataclass(slots=True)
class _Open:
    """A question with the lanes that have ended so far, by contestant."""

    question: BatchQuestion
    results: dict[str, LaneResult] = field(default_factory=dict)
    searches: Shared[SearchResult] = field(default_factory=Shared)


@dataclass(frozen=True, slots=True)
class _Charge:
    """What a lane takes of its agent's day, until it is settled."""

    agent_id: UUID
    hold: Hold
    inquiry: Inquiry


class BatchAsking:
    """`lane_seconds` is the time that each lane has for a question."""

    def __init__(
        self, uow: UnitOfWork, answering: Answering, agents: AgentService, measuring: Measuring, *, lane_seconds: float
    ) -> None:
        self.uow = uow
        self.answering = answering
        self.agents = agents
        self.measuring = measuring
        self.lane_seconds = lane_seconds

    @track("comparisons.ask_batch")
    async def ask(self, workspace_id: UUID, batch_id: UUID, progress: Progress) -> None:
        """Raises `BatchGone` for what was deleted, `ContestantChanged` for a target that is another one by now, what
        an inquiry raises for one that cannot be asked any more, `BudgetExhausted`, and `NothingAnswered`. What was
        kept until then stays."""
        async with self.uow.read(workspace_id) as tx:
            batch = await check_there(tx, batch_id)
            entries = await self._entries(tx, batch)
            asked = await tx.batches.asked(batch_id)
        await progress("asking", len(asked), total_of(batch))
        await _Run(self, batch, entries, asked, progress).work()

    async def _entries(self, tx: Tx, batch: ComparisonBatch) -> list[Entry]:
        """As they are now. What is set up for them, keys included, is read here and stays in this process."""
        contest = await tx.comparisons.contest(batch.contest_id)
        entries = await entries_of(tx, self.answering, "", asked_for(batch).lanes)
        keys = {one.key for one in contestants_of(contest.contestants)}
        changed = [entry.contestant for entry in entries if entry.contestant.key not in keys]
        if changed:
            names = ", ".join(f"{one.name!r} ({one.about})" for one in changed)
            raise ContestantChanged(
                f"not what it was when the batch began: {names}; compare what it is now in another batch"
            )
        return entries


class _Run:
    """One attempt. Each contestant has a queue and its slots; what has all its lanes is kept by one writer."""

    def __init__(
        self, asking: BatchAsking, batch: ComparisonBatch, entries: Sequence[Entry], asked: set[int], progress: Progress
    ) -> None:
        self._asking = asking
        self._batch = batch
        self._entries = entries
        self._asked = asked
        self._progress = progress
        self._kept = len(asked)
        self._is_telling = bool(asked)
        self._queues: list[asyncio.Queue[_Open | None]] = [asyncio.Queue(AHEAD) for _ in entries]
        self._whole: asyncio.Queue[_Open | None] = asyncio.Queue()
        self._waiting: list[_Open] = []
        self._charges: dict[tuple[int, str], _Charge] = {}
        self._exhausted: BudgetExhausted | None = None

    @property
    def _workspace_id(self) -> UUID:
        return self._batch.workspace_id

    async def work(self) -> None:
        tasks = [asyncio.create_task(self._ask_all()), asyncio.create_task(self._keep_all())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
            for task in tasks:
                if task.done():
                    task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            if self._charges:
                await to_its_end(self._asking.uow.writing(self._workspace_id, self._settle_rest))
        if self._exhausted is not None:
            raise self._exhausted

    # --- asking ------------------------------------------------------------------
    async def _ask_all(self) -> None:
        slots = max(1, AT_ONCE // len(self._entries))
        tasks = [
            asyncio.create_task(self._slot(entry, queue))
            for entry, queue in zip(self._entries, self._queues, strict=True)
            for _ in range(slots)
        ]
        tasks.append(asyncio.create_task(self._feed(slots)))
        try:
            await asyncio.gather(*tasks)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        self._whole.put_nowait(None)

    async def _feed(self, slots: int) -> None:
        async with aclosing(self._open()) as questions:
            async for opened in questions:
                for queue in self._queues:
                    await queue.put(opened)
        for queue in self._queues:
            for _ in range(slots):
                await queue.put(None)

    async def _open(self) -> AsyncGenerator[_Open]:
        async with aclosing(questions_of(self._asking.uow, self._workspace_id, self._batch.id)) as pages:
            async for page in pages:
                for question in page:
                    if self._exhausted is not None:
                        return
                    if question.ordinal not in self._asked:
                        yield _Open(question)

    async def _slot(self, entry: Entry, queue: asyncio.Queue[_Open | None]) -> None:
        """Asks one question after the other; none any more once a budget is used up."""
        while (opened := await queue.get()) is not None:
            if self._exhausted is not None:
                continue
            try:
                result = await self._ask(entry, opened)
            except BudgetExhausted as exc:
                self._exhausted = exc
                continue
            opened.results[entry.contestant.key] = result
            if len(opened.results) == len(self._entries):
                self._whole.put_nowait(opened)

    async def _ask(self, entry: Entry, opened: _Open) -> LaneResult:
        asking, question = self._asking, opened.question
        inquiry = fresh(entry, question.text, opened.searches)
        agent = inquiry.answerer.agent
        hold = asking.agents.unlimited()
        if agent.daily_tokens is not None:
            likely = asking.answering.likely(inquiry)
            hold = await asking.uow.writing(self._workspace_id, lambda tx: asking.agents.hold(tx, agent, likely))
        self._charges[question.ordinal, entry.contestant.key] = _Charge(agent.id, hold, inquiry)
        return await ask_lane(
            asking.answering, self._workspace_id, entry.contestant, inquiry, seconds=asking.lane_seconds
        )

    # --- keeping -----------------------------------------------------------------
    async def _keep_all(self) -> None:
        is_last = False
        while not is_last:
            taken = await self._taken()
            is_last = taken[-1] is None
            self._waiting += [one for one in taken if one is not None]
            self._is_telling = self._is_telling or any(map(_is_answered, self._waiting))
            if not self._is_telling and len(self._waiting) >= TELLING:
                raise NothingAnswered(_causes(self._waiting))
            # Failures alone are kept once something else is known: a retry asks anew after a provider that was down.
            if self._waiting and (self._is_telling or is_last):
                await self._keep()

    async def _taken(self) -> list[_Open | None]:
        """What came to its end, gathered for a moment: a transaction for each would take longer than to ask."""
        most = KEPT_AT_ONCE if self._is_telling else TELLING - len(self._waiting)
        taken = [await self._whole.get()]
        with suppress(TimeoutError):
            async with asyncio.timeout(GATHERED):
                while len(taken) < most and taken[-1] is not None:
                    taken.append(await self._whole.get())
        return taken

    async def _keep(self) -> None:
        asking, kept = self._asking, self._waiting
        lanes = [(one.question, result) for one in kept for result in one.results.values()]
        measured = await asking.measuring.measure(self._workspace_id, lanes)

        async def write(tx: Tx) -> None:
            batch = await check_there(tx, self._batch.id)
            await tx.comparisons.put([_comparison(batch, one.question) for one in kept], _lanes(measured))
            await self._settle(tx, [(one.question.ordinal, key) for one in kept for key in one.results])

        await patiently(lambda: asking.uow.writing(self._workspace_id, write))
        for one in kept:
            for key in one.results:
                del self._charges[one.question.ordinal, key]
        self._waiting, self._kept = [], self._kept + len(kept)
        await self._progress("asking", self._kept, total_of(self._batch))

    async def _settle_rest(self, tx: Tx) -> None:
        await self._settle(tx, self._charges)

    async def _settle(self, tx: Tx, lanes: Iterable[tuple[int, str]]) -> None:
        """What they took in the place of what was held, one sum for an agent and a day."""
        held: dict[tuple[UUID, str], Usage] = defaultdict(Usage)
        used: dict[tuple[UUID, str], Usage] = defaultdict(Usage)
        for lane in lanes:
            charge = self._charges[lane]
            of = charge.agent_id, charge.hold.day
            held[of] += charge.hold.usage
            used[of] += charge.inquiry.spending.usage
        for (agent_id, day), usage in used.items():
            await self._asking.agents.settle(tx, agent_id, Hold(day, held[agent_id, day]), usage)


def _is_answered(opened: _Open) -> bool:
    return any(result.answer is not None for result in opened.results.values())


def _causes(failed: Sequence[_Open]) -> str:
    """Of each lane its last error."""
    causes = [
        f"{result.contestant.name}: {result.error.detail}"
        for result in failed[-1].results.values()
        if result.error is not None
    ]
    return f"nobody answered any of the first {len(failed)} questions. " + "; ".join(causes)


def _comparison(batch: ComparisonBatch, question: BatchQuestion) -> dict[str, Any]:
    return {
        "id": question.id,
        "contest_id": batch.contest_id,
        "batch_id": batch.id,
        "ordinal": question.ordinal,
        "question": question.text,
        "expected": question.expected,
        "is_answerable": question.is_answerable,
        "row_id": question.row_id,
        "faq_id": question.faq_id,
        "is_blind": True,
        "author": batch.author,
    }


def _lanes(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Where each stands is drawn: what can be computed from an id would tell who is who."""
    keys = sorted({one.result.contestant.key for one in measured})
    places = {one.question.id: _Order.sample(keys, len(keys)) for one in measured}
    return [
        {
            **lane_values(one.question.id, one.result, places[one.question.id].index(one.result.contestant.key)),
            "metrics": one.values,
        }
        for one in measured
    ]
