"""Short texts that are wanted at the same time share one call of the encoder."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextvars import Context
from dataclasses import dataclass
from functools import partial
from typing import Final

from backend.embeddings.base import Vectors
from backend.errors import InvalidRequest

FEW: Final = 4
SHORT: Final = 1_000
"""Characters of one call that shares: a question, not a page."""
BATCH_TEXTS: Final = 64
BATCH_CHARACTERS: Final = 8_000
"""About 2,000 tokens, 50 ms on two cores: the longest that a question waits for others."""

Compute = Callable[[Sequence[str]], Vectors]
Outcome = Vectors | Exception


def is_short(texts: Sequence[str]) -> bool:
    return not isinstance(texts, str) and 0 < len(texts) <= FEW and sum(map(len, texts)) <= SHORT


@dataclass(frozen=True, slots=True)
class _Call:
    texts: Sequence[str]
    rows: "asyncio.Future[Vectors]"


class Batcher:
    """`compute` runs in a worker thread of the caller's loop, one batch at a time for each loop.

    Nobody waits for company: a call that finds its loop idle starts in the loop's next turn, with what else came in
    this one, and what comes while a batch runs is the next batch. So a lone call is as fast as without batches, and the
    batches grow with the load. Loops share nothing but `compute`: one that stops cannot hold up another's calls.
    """

    def __init__(self, compute: Compute) -> None:
        self._compute = compute
        self._waiting: dict[asyncio.AbstractEventLoop, deque[_Call]] = {}  # the loops that are at work

    async def embed(self, texts: Sequence[str]) -> Vectors:
        """As `compute`. Calls that raise `InvalidRequest` or `TypeError` in one batch are told apart."""
        loop = asyncio.get_running_loop()
        call = _Call(texts, loop.create_future())
        waiting = self._waiting.get(loop)
        if waiting is None:
            self._forget_closed_loops()
            waiting = self._waiting[loop] = deque()
            # In a context of its own: the next batches must not run in the span of the first caller.
            loop.call_soon(self._start, loop, context=Context())
        waiting.append(call)
        return await call.rows

    def _start(self, loop: asyncio.AbstractEventLoop) -> None:
        while calls := _next_batch(self._waiting[loop]):
            try:
                running = loop.run_in_executor(None, self._run, calls)
            except RuntimeError as exc:  # the loop's threads are being stopped
                _hand_out(calls, [exc] * len(calls))
                continue
            running.add_done_callback(partial(self._end, loop, calls))
            return
        del self._waiting[loop]

    def _run(self, calls: Sequence[_Call]) -> list[Outcome]:
        if len(calls) == 1:
            return [self._compute(calls[0].texts)]
        try:
            rows = self._compute([text for call in calls for text in call.texts])
        except (InvalidRequest, TypeError):
            return [self._alone(call) for call in calls]
        outcomes: list[Outcome] = []
        start = 0
        for call in calls:
            outcomes.append(rows[start : start + len(call.texts)].copy())
            start += len(call.texts)
        return outcomes

    def _alone(self, call: _Call) -> Outcome:
        try:
            return self._compute(call.texts)
        except (InvalidRequest, TypeError) as exc:
            return exc

    def _end(
        self, loop: asyncio.AbstractEventLoop, calls: Sequence[_Call], running: "asyncio.Future[list[Outcome]]"
    ) -> None:
        if running.cancelled():
            for call in calls:
                call.rows.cancel()
        elif (failure := running.exception()) is not None:
            _hand_out(calls, [failure] * len(calls))
        else:
            _hand_out(calls, running.result())
        self._start(loop)

    def _forget_closed_loops(self) -> None:
        for loop in list(self._waiting):
            if loop.is_closed():
                self._waiting.pop(loop, None)


def _next_batch(waiting: deque[_Call]) -> list[_Call]:
    """The oldest calls that somebody still waits for, as many as one batch holds."""
    calls: list[_Call] = []
    texts = characters = 0
    while waiting:
        call = waiting[0]
        if not call.rows.done():  # otherwise cancelled
            texts += len(call.texts)
            characters += sum(map(len, call.texts))
            if calls and (texts > BATCH_TEXTS or characters > BATCH_CHARACTERS):
                break
            calls.append(call)
        waiting.popleft()
    return calls


def _hand_out(calls: Sequence[_Call], outcomes: Sequence[Vectors | BaseException]) -> None:
    for call, outcome in zip(calls, outcomes, strict=True):
        if call.rows.done():  # cancelled meanwhile
            continue
        if isinstance(outcome, BaseException):
            call.rows.set_exception(outcome)
        else:
            call.rows.set_result(outcome)
