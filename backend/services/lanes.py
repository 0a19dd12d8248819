"""One lane of a comparison: it is asked in its own time, and whatever goes wrong in it stays in it."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from backend.agents.citations import CitationFilter
from backend.agents.providers.builtin import RELATED_OPENING
from backend.errors import NexusError
from backend.problems import internal_error, problem_of
from backend.services.answering import Answering, Inquiry
from contracts import comparisons as wire
from contracts.chat import Answered
from contracts.problem import Problem

log = logging.getLogger("nexus.comparisons")

Said = Callable[[str], Awaitable[None]]


class LaneTimeout(NexusError):
    """A lane did not answer in its time."""

    code, status, title, retryable = "lane_timeout", 504, "No answer in time", True


@dataclass(frozen=True, slots=True)
class LaneResult:
    """What a lane said, milliseconds from when it was asked. Exactly one of `answer` and `error` is there; with an
    error `text` is what was said before it."""

    contestant: wire.Contestant
    text: str
    latency_ms: float
    answer: Answered | None = None
    error: Problem | None = None
    first_token_ms: float | None = None


async def ask_lane(
    answering: Answering,
    workspace_id: UUID,
    contestant: wire.Contestant,
    inquiry: Inquiry,
    *,
    seconds: float,
    said: Said | None = None,
) -> LaneResult:
    """Raises nothing but a cancellation."""
    inquiry.started = time.perf_counter()
    text: list[str] = []
    first: float | None = None
    answer: Answered | None = None
    error: NexusError | None = None
    try:
        async with asyncio.timeout(seconds), aclosing(answering.answer(workspace_id, inquiry)) as events:
            async for event in events:
                if isinstance(event, Answered):
                    answer = event
                    continue
                first = _since(inquiry) if first is None else first
                text.append(event)
                if said is not None:
                    await said(event)
    except NexusError as exc:
        error = exc
    except TimeoutError:
        error = LaneTimeout(f"{contestant.name!r} did not answer within {seconds:g} s; the others have theirs")
    except Exception:
        log.exception("a lane failed unexpectedly", extra={"code": NexusError.code})
        error = internal_error()
    if answer is None and error is None:
        error = NexusError("the answer ended without a result")
    problem = problem_of(error) if error is not None else None
    kept = None if problem is not None else answer
    return LaneResult(contestant, "".join(text), _since(inquiry), kept, problem, first)


def _since(inquiry: Inquiry) -> float:
    return (time.perf_counter() - inquiry.started) * 1000


def without_marks(text: str) -> str:
    marks = CitationFilter(())
    return marks.feed(text) + marks.finish()


def unsigned(text: str) -> str:
    """As it is shown while it must not be known who wrote it: without marks of sources, and without the further titles
    that the built-in provider names at its end."""
    said = without_marks(text)
    return said.rpartition(f"\n\n{RELATED_OPENING}")[0].strip() or said.strip()


def lane_values(comparison_id: UUID, result: LaneResult, place: int) -> dict[str, Any]:
    """As it is stored."""
    return {
        "comparison_id": comparison_id,
        "contestant": result.contestant.key,
        "place": place,
        "text": result.text,
        "answer": result.answer.model_dump(mode="json") if result.answer is not None else None,
        "error": result.error.model_dump(mode="json") if result.error is not None else None,
        "latency_ms": result.latency_ms,
        "first_token_ms": result.first_token_ms,
    }
