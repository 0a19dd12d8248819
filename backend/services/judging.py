"""The second step of a `compare` job: a model says which of two answers is better, of each pair in both orders.

It may be repeated: comparisons that are judged are not judged again.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel

from backend.agents.factory import AgentConfig, AgentFactory, ProviderChoice
from backend.agents.prompts.judging import judging_messages
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import GenerationRequest, Provider, Sampling, collect
from backend.agents.spending import Spending
from backend.db.comparing import Comparison, ComparisonLane
from backend.errors import ProviderError
from backend.jobs.rows import patiently
from backend.repositories.uow import Tx, UnitOfWork
from backend.services.batch_questions import asked_for, check_batch
from backend.services.measuring import said_by
from backend.services.progress import Progress
from backend.services.providers import ProviderService
from backend.tracing.track import track
from contracts.batches import Judge
from contracts.chat import Answered, TokenUsage

READ: Final = 16
AT_ONCE: Final = 16
"""Calls at the same time."""
TELLING: Final = 20
"""Pairs after which a judge that said nothing that could be read is not asked again."""
SAID: Final = 300
"""Characters of a reason that are kept."""
_MOST: Final = 300
_NOTHING: Final = "the judge gave no answer that could be read"

Said = Literal["first", "second", "tie", "failed"]
_TURNED: Final[dict[Said, Said]] = {"first": "second", "second": "first", "tie": "tie", "failed": "failed"}


class Preference(BaseModel):
    """Which of two answers is better."""

    better: Literal["first", "second", "tie"]
    why: str


@dataclass(frozen=True, slots=True)
class Saying:
    """Of a pair in both orders; `why` is what was said of the first one."""

    said: Said
    why: str


class PairJudge:
    """Asks one model. `seconds` is the time that each saying has once it has one of the slots."""

    def __init__(self, provider: Provider, model: str, slots: asyncio.Semaphore, *, seconds: float) -> None:
        self._provider = provider
        self._model = model
        self._slots = slots
        self._seconds = seconds

    async def compare(self, question: str, expected: str | None, first: str, second: str) -> Saying:
        """Asks twice, with each answer in front once: two sayings that differ are a tie. Equal texts are one unasked.
        Where one of the two cannot be read, even after it was asked for again, the pair has failed."""
        if first == second:
            return Saying("tie", "the answers are the same")
        sayings = await asyncio.gather(
            self._ask(question, expected, first, second), self._ask(question, expected, second, first)
        )
        failed = next((one for one in sayings if one.said == "failed"), None)
        if failed is not None:
            return failed
        one, turned = sayings
        if one.said == _TURNED[turned.said]:
            return one
        return Saying("tie", "in the other order it said otherwise")

    async def _ask(self, question: str, expected: str | None, first: str, second: str) -> Saying:
        request = GenerationRequest(
            model=self._model,
            messages=judging_messages(question, expected, first, second),
            output_type=Preference,
            sampling=Sampling(temperature=0.0, max_tokens=_MOST),
        )
        try:
            async with self._slots, asyncio.timeout(self._seconds):
                value = (await collect(self._provider.stream(request))).structured
        except TimeoutError:
            return Saying("failed", f"the judge did not answer within {self._seconds:g} s")
        except ProviderError as exc:
            return Saying("failed", str(exc)[:SAID])
        if not isinstance(value, Preference):
            return Saying("failed", _NOTHING)
        return Saying(value.better, value.why.replace("\x00", "")[:SAID])


class BatchJudging:
    """`seconds` is the time that each saying has."""

    def __init__(self, uow: UnitOfWork, providers: ProviderService, factory: AgentFactory, *, seconds: float) -> None:
        self._uow = uow
        self._providers = providers
        self._factory = factory
        self._seconds = seconds

    @track("comparisons.judge_batch")
    async def judge(self, workspace_id: UUID, batch_id: UUID, progress: Progress) -> None:
        """Nothing for a batch without a judge. Raises `BatchGone`, and `InvalidRequest` for a provider that is not
        set up any more."""
        async with self._uow.read(workspace_id) as tx:
            batch = await check_batch(tx, batch_id)
            judge = asked_for(batch).judge
            if judge is None:
                return
            choice = await able_judge(self._providers, tx, judge)
            total = len(await tx.batches.asked(batch_id))
        slots = asyncio.Semaphore(AT_ONCE)
        done, read, failed, last = 0, 0, 0, -1
        while True:
            await progress("judging", done, total)
            async with self._uow.read(workspace_id) as tx:
                comparisons = await tx.batches.after(batch_id, last, limit=READ)
                lanes = await tx.comparisons.lanes([one.id for one in comparisons])
            if not comparisons:
                return
            is_hopeless = not read and failed >= TELLING
            judged = await asyncio.gather(
                *(
                    self._judged(choice, slots, one, lanes.get(one.id, []), is_asked=not is_hopeless)
                    for one in comparisons
                    if not one.judged
                )
            )
            await self._keep(workspace_id, batch_id, judged)
            sayings = [pair["said"] for _, one in judged for pair in one["pairs"].values()]
            failed += sayings.count("failed")
            read += len(sayings) - sayings.count("failed")
            done, last = done + len(comparisons), comparisons[-1].ordinal

    async def _judged(
        self,
        choice: ProviderChoice,
        slots: asyncio.Semaphore,
        comparison: Comparison,
        lanes: Sequence[ComparisonLane],
        *,
        is_asked: bool,
    ) -> tuple[UUID, dict[str, Any]]:
        """Of each pair of lanes that have an answer, in the order of their keys."""
        spending = Spending()
        provider = self._factory.chain(AgentConfig(choice), spending)
        judge = PairJudge(provider, choice.model_name, slots, seconds=self._seconds)
        answers = {
            lane.contestant: said_by(Answered.model_validate(lane.answer)) for lane in lanes if lane.answer is not None
        }
        pairs = list(combinations(sorted(answers), 2))
        sayings = [Saying("failed", _NOTHING)] * len(pairs)
        if is_asked:
            sayings = await asyncio.gather(
                *(
                    judge.compare(comparison.question, comparison.expected, answers[one], answers[other])
                    for one, other in pairs
                )
            )
        told = {
            f"{one}|{other}": {"said": saying.said, "why": saying.why}
            for (one, other), saying in zip(pairs, sayings, strict=True)
        }
        usage = TokenUsage(
            input_tokens=spending.usage.input_tokens,
            output_tokens=spending.usage.output_tokens,
            cost_usd=spending.cost_usd,
        )
        return comparison.id, {"pairs": told, "usage": usage.model_dump(mode="json")}

    async def _keep(self, workspace_id: UUID, batch_id: UUID, judged: Sequence[tuple[UUID, dict[str, Any]]]) -> None:
        async def write(tx: Tx) -> None:
            await check_batch(tx, batch_id)
            for comparison_id, told in judged:
                await tx.comparisons.set_judged(comparison_id, told)

        await patiently(lambda: self._uow.writing(workspace_id, write))


async def able_judge(providers: ProviderService, tx: Tx, judge: Judge) -> ProviderChoice:
    """Raises `InvalidRequest` for a provider that is not set up, or does not write structured answers."""
    choice = await providers.choice(tx, judge.provider, judge.model or "", field="judge.provider")
    PROVIDERS.check_structured(judge.provider, choice.model_name, field="judge.provider", to="judge")
    return choice
