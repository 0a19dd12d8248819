"""What went wrong with a call, as one kind of error."""

from types import TracebackType
from typing import Final

import httpx
from httpx_sse import SSEError
from pydantic import ValidationError

from contracts.problem import Problem, UploadProblem, ValidationProblem

OFFLINE: Final = "offline"


class ApiError(Exception):
    """The API refused or could not be reached (`problem.code` is then `offline`)."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.title)
        self.problem = problem

    @property
    def is_offline(self) -> bool:
        return self.problem.code == OFFLINE


def offline(detail: str) -> ApiError:
    return ApiError(
        Problem(title="AI Nexus is not reachable", status=0, detail=detail, code=OFFLINE, retryable=True),
    )


class Translated:
    """Turns what httpx raises inside the block into `ApiError`."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        if isinstance(error, httpx.TimeoutException):
            raise offline("The server took too long to answer. Your work is safe.") from error
        if isinstance(error, httpx.TransportError | SSEError):
            raise offline(
                "The server does not answer. Your work is safe; this page goes on when it is back."
            ) from error


def problem_of(response: httpx.Response) -> Problem:
    """The problem in a refused answer; one is made from the status where the body is none (a proxy's page)."""
    response.read()
    for kind in (UploadProblem, ValidationProblem, Problem):
        try:
            problem = kind.model_validate_json(response.content)
        except ValidationError:
            continue
        if kind is Problem or getattr(problem, "errors", []):
            return problem
    return Problem(
        title=f"The server answered {response.status_code}",
        status=response.status_code,
        detail="Nothing was changed. Try again, and look into the server's log if it stays.",
        code=f"http_{response.status_code}",
        retryable=response.status_code >= 500,
    )
