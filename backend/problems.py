"""NexusError to problem+json (RFC 9457), or OpenAI's shape: the one place where errors become answers."""

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend.errors import InvalidRequest, NexusError
from backend.openai_errors import OpenAIErrorResponse, invalid, speaks_openai
from backend.tracing.context import request_id
from contracts.problem import FieldError, Problem, UploadProblem, ValidationProblem

log = logging.getLogger("nexus.api")


def problem_of(exc: NexusError) -> Problem:
    return Problem(
        title=exc.title,
        status=exc.status,
        detail=str(exc),
        code=exc.code,
        request_id=request_id.get() or "",
        retryable=exc.retryable,
    )


def internal_error() -> NexusError:
    """For an error that we did not expect: says nothing about its cause, which is in the log."""
    return NexusError("something went wrong on the server; the log has the details under this request id")


def internal_problem() -> Problem:
    return problem_of(internal_error())


class ProblemResponse(JSONResponse):
    media_type = "application/problem+json"

    def __init__(self, problem: Problem, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(problem.model_dump(mode="json"), status_code=problem.status, headers=dict(headers or {}))


def refusal(
    path: str, problem: Problem, headers: Mapping[str, str] | None = None, *, param: str | None = None
) -> JSONResponse:
    """The problem in the shape that an address speaks."""
    if speaks_openai(path):
        return OpenAIErrorResponse(problem, headers, param=param)
    return ProblemResponse(problem, headers)


def install(app: FastAPI) -> None:
    """Registers the handlers; every error of the API passes through one of them."""
    app.add_exception_handler(NexusError, _on_nexus_error)
    app.add_exception_handler(RequestValidationError, _on_invalid)
    app.add_exception_handler(HTTPException, _on_http)
    app.add_exception_handler(ClientDisconnect, _on_disconnect)
    app.add_exception_handler(Exception, _on_unexpected)
    app.openapi = partial(_described, app.openapi)  # type: ignore[method-assign]  # FastAPI's own way to extend it


def _described(generate: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """FastAPI documents a model as the route's own media type; problems have theirs. Every route wants a token."""
    schema = generate()
    schema["components"]["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
    schema["security"] = [{"token": []}]
    kinds = {f"#/components/schemas/{kind.__name__}" for kind in (Problem, ValidationProblem, UploadProblem)}
    for operations in schema["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                for media_type in [
                    name for name, body in content.items() if body.get("schema", {}).get("$ref") in kinds
                ]:
                    content[ProblemResponse.media_type] = content.pop(media_type)
    return schema


async def _on_nexus_error(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, NexusError)
    problem = problem_of(exc)
    headers = {} if exc.retry_after is None else {"Retry-After": str(max(1, round(exc.retry_after)))}
    refused = getattr(exc, "problems", ())
    if refused:
        problem = UploadProblem(**(problem_of(refused[0]).model_dump()), errors=[problem_of(one) for one in refused])
    if problem.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    level = logging.ERROR if problem.status >= 500 else logging.INFO
    log.log(level, "request refused", extra={"code": problem.code, "status": problem.status})
    return refusal(request.url.path, problem, headers, param=exc.param)


async def _on_invalid(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, RequestValidationError)
    errors = [_field_error(error) for error in exc.errors()[:50]]
    detail = "; ".join(map(_said, errors[:5])) or "the request is not valid"
    plain = problem_of(InvalidRequest(detail))
    log.info("request refused", extra={"code": plain.code, "status": plain.status})
    if speaks_openai(request.url.path):
        message, param, code = invalid(exc.errors()[0])
        said = plain.model_copy(update={"detail": _printable(message)})
        return OpenAIErrorResponse(said, param=param and _printable(param), code=code)
    return ProblemResponse(ValidationProblem(**plain.model_dump(), errors=errors))


async def _on_http(request: Request, exc: Exception) -> JSONResponse:
    assert isinstance(exc, HTTPException)
    if isinstance(exc.__cause__, NexusError):
        return await _on_nexus_error(request, exc.__cause__)  # FastAPI's 400 hides what stopped the reading of a body
    code, title = _HTTP_WORDS.get(exc.status_code, ("http_error", "The request was refused"))
    reason = f"{request.method} {request.url.path[:200]}: {exc.detail}"
    problem = Problem(
        title=title,
        status=exc.status_code,
        detail=_printable(reason),
        code=code,
        request_id=request_id.get() or "",
    )
    return refusal(request.url.path, problem, exc.headers)


async def _on_disconnect(request: Request, _exc: Exception) -> JSONResponse:
    log.info("the client went away", extra={"code": "client_disconnected"})
    return refusal(request.url.path, problem_of(InvalidRequest("the request ended early")))


async def _on_unexpected(request: Request, exc: Exception) -> JSONResponse:
    problem = internal_problem()
    log.error("unexpected error", exc_info=exc, extra={"code": problem.code, "status": problem.status})
    return refusal(request.url.path, problem)


_HTTP_WORDS = {
    400: ("invalid_request", "The request cannot be read"),
    404: ("not_found", "There is nothing at this address"),
    405: ("method_not_allowed", "This address is not used like that"),
    413: ("body_too_large", "The request is too large"),
}


_BODY = "body"
_PLACES = frozenset({_BODY, "query", "path", "header", "cookie"})


def _field_error(error: Mapping[str, Any]) -> FieldError:
    """In the words of the field, not of the validator. What is no JSON at all is told as the body's error."""
    place, *names = error["loc"]
    if error["type"] == "json_invalid":
        reason = str(error.get("ctx", {}).get("error", "it cannot be read"))
        return FieldError(field=_BODY, message=_printable(f"is not JSON: {reason} (character {names[-1]})"))
    field = ".".join(map(str, names if place in _PLACES else error["loc"])) or _BODY
    return FieldError(field=_printable(field), message=_printable(str(error["msg"]).removeprefix("Value error, ")))


def _said(error: FieldError) -> str:
    separator = " " if error.message.startswith("is not JSON") else ": "
    return f"{'the ' if error.field == _BODY else ''}{error.field}{separator}{error.message}"


def _printable(text: str) -> str:
    return text.encode("utf-8", errors="replace").decode("utf-8")
