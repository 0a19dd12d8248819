"""One question to two to four targets at once."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from random import SystemRandom
from uuid import UUID, uuid4

from backend.agents.providers.base import NOTHING, Usage
from backend.db.comparing import Comparison, ComparisonLane
from backend.errors import Conflict, NexusError
from backend.repositories.comparisons import Wanted
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.base import SearchResult
from backend.retrieval.shared import Shared
from backend.security.principal import Principal
from backend.services.agents import AgentService, Hold
from backend.services.answering import Answering
from backend.services.comparison_views import comparison_to_wire, comparisons_to_wire, labels
from backend.services.contestants import Entry, contest_key, entries_of, stored
from backend.services.conversations import owner_of
from backend.services.lanes import LaneResult, ask_lane, lane_values
from backend.services.limits import ChatLimits, Slot
from backend.tracing.track import track
from backend.whole import to_its_end
from contracts import comparisons as wire
from contracts.page import Page

Order = SystemRandom()
"""Draws where each lane stands."""


class ContestClosed(Conflict):
    """A question, or a vote, for a contest that takes none."""

    code, title = "contest_closed", "The contest is closed"


@dataclass(slots=True)
class Race:
    """A comparison under way: `entries` stand where they were drawn."""

    question: str
    is_blind: bool
    entries: list[Entry]
    slots: list[Slot]
    holds: list[Hold] = field(default_factory=list)
    id: UUID = field(default_factory=uuid4)
    is_settled: bool = False

    def release(self) -> None:
        for slot in self.slots:
            slot.release()


class ComparisonService:
    """Every method raises `NotFound` for what is of another workspace, as for what does not exist.

    `lane_seconds` is the time that each lane has for itself.
    """

    def __init__(
        self, uow: UnitOfWork, answering: Answering, agents: AgentService, *, limits: ChatLimits, lane_seconds: float
    ) -> None:
        self._uow = uow
        self._answering = answering
        self._agents = agents
        self._limits = limits
        self._lane_seconds = lane_seconds

    async def begin(self, principal: Principal, new: wire.NewComparison) -> Race:
        """Checks the request; what is wrong with it raises before any lane is asked."""
        slots: list[Slot] = []
        try:
            for _ in new.targets:
                slots.append(self._limits.enter(principal))
            entries = await self._uow.reading(principal.workspace_id, lambda tx: self._entries(tx, new))
            Order.shuffle(entries)
            searches = Shared[SearchResult]()
            for entry in entries:
                entry.inquiry.searches = searches
            race = Race(new.question, new.blind, entries, slots)
            if any(entry.inquiry.answerer.agent.daily_tokens is not None for entry in entries):
                await self._uow.writing(principal.workspace_id, lambda tx: self._hold(tx, race))
            else:
                race.holds = [self._agents.unlimited() for _ in entries]
            return race
        except BaseException:
            for slot in slots:
                slot.release()
            raise

    async def _entries(self, tx: Tx, new: wire.NewComparison) -> list[Entry]:
        entries = await entries_of(tx, self._answering, new.question, new.targets)
        await check_open(tx, entries)
        return entries

    async def _hold(self, tx: Tx, race: Race) -> None:
        """Tokens that the answers may take. Raises `BudgetExhausted`."""
        for entry in race.entries:
            agent, likely = entry.inquiry.answerer.agent, self._answering.likely(entry.inquiry)
            race.holds.append(await self._agents.hold(tx, agent, likely))

    async def whole(self, principal: Principal, race: Race) -> wire.Comparison:
        """With all lanes; those that failed say why."""
        async with aclosing(self.events(principal, race)) as events:
            async for event in events:
                if isinstance(event, wire.Compared):
                    return event.comparison
        raise NexusError("the comparison ended without a result")

    @track("comparisons.compare")
    async def events(self, principal: Principal, race: Race) -> AsyncGenerator[wire.ComparisonEvent]:
        """Tokens and lanes as they come, unless it is blind, then the comparison. Whoever leaves ends the lanes, and
        nothing of it is kept but the tokens that they took."""
        queue: asyncio.Queue[wire.ComparisonEvent | None] = asyncio.Queue()
        names = labels(len(race.entries))
        running = [
            asyncio.create_task(self._lane(principal.workspace_id, race, entry, label, queue))
            for entry, label in zip(race.entries, names, strict=True)
        ]
        for task in running:
            task.add_done_callback(lambda _: queue.put_nowait(None))
        try:
            while not all(task.done() for task in running):
                event = await queue.get()
                if event is not None and not race.is_blind:
                    yield event
            while not queue.empty():
                event = queue.get_nowait()
                if event is not None and not race.is_blind:
                    yield event
            results = [task.result() for task in running]
            yield wire.Compared(comparison=await self._keep(principal, race, results))
        finally:
            for task in running:
                task.cancel()
            await asyncio.wait(running)
            race.release()
            if not race.is_settled:
                await to_its_end(self._uow.writing(principal.workspace_id, lambda tx: self._settle(tx, race)))

    async def _lane(
        self,
        workspace_id: UUID,
        race: Race,
        entry: Entry,
        label: str,
        queue: asyncio.Queue[wire.ComparisonEvent | None],
    ) -> LaneResult:
        async def said(text: str) -> None:
            await queue.put(wire.LaneToken(lane=label, text=text))

        result = await ask_lane(
            self._answering,
            workspace_id,
            entry.contestant,
            entry.inquiry,
            seconds=self._lane_seconds,
            said=None if race.is_blind else said,
        )
        await queue.put(wire.LaneDone(lane=_shown(result, label)))
        return result

    async def _keep(self, principal: Principal, race: Race, results: Sequence[LaneResult]) -> wire.Comparison:
        async def write(tx: Tx) -> wire.Comparison:
            contestants = [entry.contestant for entry in race.entries]
            contest = await tx.comparisons.contest_of(contest_key(contestants), stored(contestants), principal.name)
            comparison = Comparison(
                id=race.id,
                workspace_id=tx.workspace_id,
                contest_id=contest.id,
                question=race.question,
                is_blind=race.is_blind,
                author=principal.name,
            )
            lanes = [
                ComparisonLane(workspace_id=tx.workspace_id, **lane_values(race.id, result, place))
                for place, result in enumerate(results)
            ]
            await tx.comparisons.add(comparison, lanes)
            await self._settle(tx, race)
            return comparison_to_wire(comparison, contest, lanes, None)

        async def keep() -> wire.Comparison:
            kept = await self._uow.writing(principal.workspace_id, write)
            race.is_settled = True
            return kept

        return await to_its_end(keep())

    async def _settle(self, tx: Tx, race: Race) -> None:
        """Once an agent: lanes of models have that of the default one."""
        held: dict[UUID, Hold] = {}
        used: dict[UUID, Usage] = {}
        for entry, hold in zip(race.entries, race.holds, strict=True):
            agent_id, usage = entry.inquiry.answerer.agent.id, entry.inquiry.spending.usage
            before = held.get(agent_id)
            held[agent_id] = hold if before is None else Hold(before.day, before.usage + hold.usage)
            used[agent_id] = used.get(agent_id, NOTHING) + usage
        for agent_id, hold in held.items():
            await self._agents.settle(tx, agent_id, hold, used[agent_id])

    # --- what was compared -------------------------------------------------------
    async def get(self, principal: Principal, comparison_id: UUID) -> wire.Comparison:
        async with self._uow.read(principal.workspace_id) as tx:
            return (await comparisons_to_wire(tx, principal, [await tx.comparisons.get(comparison_id)]))[0]

    async def page(
        self,
        principal: Principal,
        slice_: Slice,
        *,
        contest_id: UUID | None = None,
        batch_id: UUID | None = None,
        to_vote: bool = False,
    ) -> Page[wire.Comparison]:
        """Newest first, those of a batch in its order; `to_vote` leaves out those that the caller has voted on."""
        wanted = Wanted(contest_id, batch_id, owner_of(principal) if to_vote else None)
        async with self._uow.read(principal.workspace_id) as tx:
            if contest_id is not None:
                await tx.comparisons.contest(contest_id)
            if batch_id is not None:
                await tx.comparisons.batch(batch_id)
            rows, cursor = await tx.comparisons.page(wanted, slice_)
            return Page(items=await comparisons_to_wire(tx, principal, rows), next_cursor=cursor)


async def check_open(tx: Tx, entries: Sequence[Entry]) -> None:
    """Raises `ContestClosed` where these contestants' contest takes no question."""
    contest = await tx.comparisons.contest_by_key(contest_key([entry.contestant for entry in entries]))
    if contest is not None and contest.is_closed:
        raise ContestClosed("the contest of these targets is closed; open it again to ask more")


def _shown(result: LaneResult, label: str) -> wire.Lane:
    return wire.Lane(
        label=label,
        text=result.text,
        contestant=result.contestant,
        answer=result.answer,
        error=result.error,
        latency_ms=result.latency_ms,
        first_token_ms=result.first_token_ms,
    )
