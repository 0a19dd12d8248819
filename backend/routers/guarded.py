"""Every route of the API: who may call it is decided before a byte of the body is read."""

import logging
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from hashlib import sha256
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect

from backend.errors import Forbidden, InvalidRequest, NexusError
from backend.openai_errors import speaks_openai
from backend.problems import internal_problem, refusal
from backend.security.permissions import ROLES, ROUTES, Permission
from backend.security.principal import Principal
from backend.services.app_services import AppServices
from backend.services.idempotency import UNKNOWN, Remembered, require_same
from backend.tracing.context import workspace_id
from contracts.openai import ErrorBody
from contracts.problem import Problem, ValidationProblem

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

MAX_KEY: Final = 200
_KEY: Final = re.compile(rf"[!-~]{{1,{MAX_KEY}}}")
REPEATABLE: Final = frozenset({"/v1/embeddings"})
"""POSTs that change nothing: asked again they answer the same, so no answer (up to 16 MB) is kept for their key."""
SECRET: Final = frozenset(
    {"/keys", "/smart_chat/chat", "/conversations/{conversation_id}/consent", "/leads/{lead_id}/merge"}
)
"""POSTs whose answer holds a secret, or what a visitor said about themselves: it is not remembered, so they take no
key."""
Fingerprint = Callable[[AppServices, Request], Awaitable[str]]


async def _fingerprint_of_files(services: AppServices, request: Request) -> str:
    return await services.uploads.fingerprint(request.stream(), request.headers.get("content-type", ""))


STREAMED: Final[Mapping[str, Fingerprint]] = {
    "/faq/upload": _fingerprint_of_files,
    "/datasets/import": _fingerprint_of_files,
}
"""Bodies too large to hold. The handler leaves the fingerprint in `request.state`; a repeated one is read by this."""

log = logging.getLogger("nexus.api")


class GuardedRoute(APIRoute):
    """Authenticates, checks the route's permission, repeats remembered answers, turns the unexpected into a problem."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        methods: set[str] = set(options.get("methods") or ())
        options["responses"] = _problems(path, methods) | (options.get("responses") or {})
        extra = (
            {"security": []} if ROUTES.get((min(methods), path)) is Permission.PUBLIC else _idempotent(path, methods)
        )
        options["openapi_extra"] = extra | (options.get("openapi_extra") or {})
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()
        path = self.path_format

        async def guarded(request: Request) -> Response:
            try:
                services: AppServices = request.app.state.services
                permission = ROUTES.get((request.method, path))
                if permission is not Permission.PUBLIC:
                    request.state.principal = await _admitted(request, services, permission)
                key = request.headers.get("idempotency-key")
                if key is not None and request.method == "POST" and path not in REPEATABLE:
                    return await _once(request, services, path, key, handle)
                return await handle(request)
            except (NexusError, RequestValidationError, HTTPException, ClientDisconnect):
                raise
            except Exception:
                problem = internal_problem()
                log.exception("unexpected error", extra={"code": problem.code, "status": problem.status})
                return refusal(request.url.path, problem)

        return guarded


_REASONS: Final = {
    400: "The body is damaged",
    401: "Not signed in",
    403: "The role does not allow this",
    404: "Not found, or of another workspace",
    409: "Does not fit the current state",
    413: "Too large",
    422: "Not valid",
    429: "Too many requests",
    500: "Unexpected",
    502: "The model provider failed",
    503: "Busy or unavailable; try again",
    504: "The model provider took too long",
}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """What a route documents about errors."""
    models = {422: ValidationProblem}
    return {status: {"model": models.get(status, Problem), "description": _REASONS[status]} for status in statuses}


def _problems(path: str, methods: set[str]) -> dict[int | str, dict[str, Any]]:
    """The errors that any route of this form can answer."""
    if ROUTES.get((min(methods), path)) is Permission.PUBLIC:
        return {}
    if speaks_openai(path):
        # "4XX", else FastAPI adds a 422 of its own, which these never answer.
        statuses = (400, 401, 403, 404, 409, 413, 429, 500, 502, 503, 504)
        known: dict[int | str, str] = {**{one: _REASONS[one] for one in statuses}, "4XX": "Refused"}
        return {status: {"model": ErrorBody, "description": reason} for status, reason in known.items()}
    changes = problems(409) if methods != {"GET"} else {}
    takes_body = problems(400, 413) if methods & {"POST", "PUT", "PATCH"} else {}
    return problems(401, 403, 404, 422, 500, 503) | changes | takes_body


def _idempotent(path: str, methods: set[str]) -> dict[str, Any]:
    if methods != {"POST"} or path in SECRET | REPEATABLE:
        return {}
    schema = {"type": "string", "minLength": 1, "maxLength": MAX_KEY, "pattern": "^[!-~]+$"}
    text = "A repeated request with the same key gets the first answer again"
    key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": schema, "description": text}
    return {"parameters": [key]}


def guarded_router(tag: str) -> APIRouter:
    return APIRouter(tags=[tag], route_class=GuardedRoute)


async def _admitted(request: Request, services: AppServices, permission: Permission | None) -> Principal:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    principal = await services.access.authenticate(token.strip() if scheme.lower() == "bearer" else None)
    workspace_id.set(str(principal.workspace_id))
    role = principal.role
    if permission is None or role is None or permission not in ROLES[role]:
        raise Forbidden(f"the role {role.value if role else 'visitor'!r} may not do this; ask an admin")
    return principal


async def _once(request: Request, services: AppServices, path: str, key: str, handle: Handler) -> Response:
    """Runs the request unless an earlier one had the same key. Event streams and server errors are not remembered."""
    if path in SECRET:
        raise InvalidRequest(
            "this answer holds a secret and is not remembered, so it takes no Idempotency-Key; leave the header out"
        )
    if not _KEY.fullmatch(key):
        raise InvalidRequest(f"an Idempotency-Key has 1 to {MAX_KEY} visible ASCII characters")
    principal: Principal = request.state.principal
    route = f"{request.method} {request.url.path}"
    read = STREAMED.get(path)
    fingerprint = UNKNOWN if read else _fingerprint(request, path, await request.body())
    remembered = await services.idempotency.claim(principal, route, key, fingerprint)
    if remembered is not None:
        if read is not None:
            said = await read(services, request)
            require_same(key, remembered.fingerprint, _fingerprint(request, path, said.encode()))
        return _replayed(remembered)
    is_settled = False
    try:
        response = await handle(request)
        whole = getattr(response, "body", None)  # a stream has none
        if response.status_code < 500 and isinstance(whole, bytes):
            if read is not None:
                fingerprint = _fingerprint(request, path, request.state.fingerprint.encode())
            answer = Remembered(response.status_code, whole.decode(), fingerprint)
            await services.idempotency.settle(principal, route, key, answer)
            is_settled = True
        return response
    finally:
        if not is_settled:
            await services.idempotency.release(principal, route, key)


def _fingerprint(request: Request, path: str, said: bytes) -> str:
    return sha256(f"{path}\n{request.url.query}\n".encode() + said).hexdigest()


def _replayed(answer: Remembered) -> Response:
    headers = {"Idempotency-Replayed": "true"}
    return Response(answer.body or None, status_code=answer.status, media_type="application/json", headers=headers)
