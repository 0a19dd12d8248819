"""The problem in an answer that was refused."""

import httpx
from pydantic import ValidationError

from contracts.problem import Problem, UploadProblem, ValidationProblem


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
