"""A problem in the shape of OpenAI's API, which is what the clients of `/v1` read."""

from collections.abc import Mapping
from typing import Any, Final

from fastapi.responses import JSONResponse

from contracts.openai import UNSUPPORTED, ErrorBody, ErrorDetail
from contracts.problem import Problem

PREFIX: Final = "/v1/"
WAITS: Final = 60.0
"""Seconds; OpenAI's clients wait for no longer `Retry-After`, and would ask again at once."""

_TYPES: Final = {401: "authentication_error", 403: "permission_error", 429: "rate_limit_error"}
_CODES: Final = {"unauthenticated": "invalid_api_key", "invalid_request": "invalid_value"}
_TAGS: Final = frozenset({"(text)", "(list)"})


def speaks_openai(path: str) -> bool:
    return path.startswith(PREFIX)


def error_of(problem: Problem, *, param: str | None = None, code: str | None = None) -> ErrorBody:
    status = _status(problem.status)
    kind = "server_error" if status >= 500 else _TYPES.get(status, "invalid_request_error")
    code = code or _CODES.get(problem.code, problem.code)
    return ErrorBody(error=ErrorDetail(message=problem.detail, type=kind, param=param, code=code))


class OpenAIErrorResponse(JSONResponse):
    """With `x-should-retry`, which the official clients obey."""

    def __init__(
        self,
        problem: Problem,
        headers: Mapping[str, str] | None = None,
        *,
        param: str | None = None,
        code: str | None = None,
    ) -> None:
        body = error_of(problem, param=param, code=code).model_dump(mode="json")
        given = dict(headers or {})
        is_soon = float(given.get("Retry-After", 0)) <= WAITS
        given["X-Should-Retry"] = "true" if problem.retryable and is_soon else "false"
        super().__init__(body, status_code=_status(problem.status), headers=given)


def invalid(error: Mapping[str, Any]) -> tuple[str, str | None, str]:
    """(message, parameter, code) of one validation error, in OpenAI's words."""
    _place, *names = error["loc"]
    kind, said = error["type"], str(error["msg"]).removeprefix("Value error, ")
    if kind == "json_invalid":
        return f"The body is not JSON: {error.get('ctx', {}).get('error', said)}.", None, "invalid_json"
    param = _param(names)
    if kind == "extra_forbidden":
        return f"Unknown parameter: {param!r}.", param, "unknown_parameter"
    if kind == "missing":
        return f"Missing required parameter: {param or 'body'!r}.", param, "missing_required_parameter"
    if kind == UNSUPPORTED:
        return f"Unsupported value of {param!r}: {said}.", param, UNSUPPORTED
    return f"Invalid value of {param or 'body'!r}: {said}.", param, "invalid_value"


def _param(names: list[str | int]) -> str | None:
    """`messages[0].content[1].type`."""
    path = ""
    for name in names:
        if isinstance(name, int):
            path += f"[{name}]"
        elif name not in _TAGS:
            path += f".{name}" if path else name
    return path or None


def _status(status: int) -> int:
    """OpenAI answers 400 to what cannot be understood, and its clients have the exception for that."""
    return 400 if status == 422 else status
