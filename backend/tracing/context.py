"""Who and what the running code works for: the ids every log line and every root span carries."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("nexus_request_id", default=None)
job_id: ContextVar[str | None] = ContextVar("nexus_job_id", default=None)
workspace_id: ContextVar[str | None] = ContextVar("nexus_workspace_id", default=None)

_VARIABLES = (("request_id", request_id), ("job_id", job_id), ("workspace_id", workspace_id))


def current_ids() -> dict[str, str]:
    """The ids that are set, by name."""
    return {name: value for name, variable in _VARIABLES if (value := variable.get()) is not None}


@contextmanager
def bound(*, request: str | None = None, job: str | None = None, workspace: str | None = None) -> Iterator[None]:
    """Set the given ids inside the block. Not for a block that contains a `yield` of an async generator."""
    given = ((request_id, request), (job_id, job), (workspace_id, workspace))
    tokens = [(variable, variable.set(value)) for variable, value in given if value is not None]
    try:
        yield
    finally:
        for variable, token in reversed(tokens):
            variable.reset(token)
