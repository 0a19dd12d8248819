"""A server with OpenAI's fine-tuning API that trains nothing, and fails as it is told to.

`faults` are what the next calls of a kind do instead of their work, in order: a status such as `"429"`, `"garbage"` (no
JSON), `"hang"`, `"lost"` (the work is done, the answer is not: 500), `"cut"` (as lost, and the connection breaks off).
`always` are what every call of a kind does. The kinds: upload, files, delete, create, jobs, job, events, cancel.
"""

import asyncio
import json
from collections import defaultdict, deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

Json = dict[str, Any]
Work = Callable[[Request], Awaitable[Response]]
NORMAL = ("validating_files", "queued", "running", "running", "succeeded")


@dataclass(frozen=True, slots=True)
class Uploaded:
    id: str
    name: str
    content: bytes


@dataclass
class MockTuning:
    """`statuses` are those that a job has at one look after the other; the last one stays. At each look at a running
    job it has made one step of `steps`. `told` are the keys that came with the requests, `calls` their kinds, `ever`
    the files that ever came."""

    statuses: tuple[str, ...] = NORMAL
    steps: int = 4
    model: str | None = "ft:ok"
    failure: str | None = None
    page: int = 2
    retry_after: str = "7"
    faults: dict[str, deque[str]] = field(default_factory=lambda: defaultdict(deque))
    always: dict[str, str] = field(default_factory=dict)
    files: dict[str, Uploaded] = field(default_factory=dict)
    jobs: dict[str, Json] = field(default_factory=dict)
    cancelled: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    told: set[str] = field(default_factory=set)
    ever: list[Uploaded] = field(default_factory=list)
    _looks: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    made: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self._app = Starlette(routes=self.routes())

    def routes(self) -> list[Route]:
        jobs, job = "/v1/fine_tuning/jobs", "/v1/fine_tuning/jobs/{id}"
        return [
            self.route("upload", "POST", "/v1/files", self._upload),
            self.route("files", "GET", "/v1/files", self._files),
            self.route("delete", "DELETE", "/v1/files/{id}", self.delete),
            self.route("create", "POST", jobs, self._create),
            self.route("jobs", "GET", jobs, self.list_jobs),
            self.route("job", "GET", job, self.one_job),
            self.route("events", "GET", f"{job}/events", self._events),
            self.route("cancel", "POST", f"{job}/cancel", self.cancel),
        ]

    def answers(self, path: str) -> bool:
        return path.startswith(("/v1/files", "/v1/fine_tuning"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)

    def fail(self, kind: str, *faults: str) -> None:
        self.faults[kind].extend(faults)

    def sent(self) -> list[str]:
        """All lines of all files that ever came."""
        return [line for file in self.ever for line in file.content.decode().splitlines()]

    def route(self, kind: str, method: str, path: str, work: Work, *, has_key: bool = True) -> Route:
        async def answered(request: Request) -> Response:
            self.calls.append(kind)
            if has_key:
                self.told.add(request.headers.get("authorization", ""))
            fault = self.faults[kind].popleft() if self.faults[kind] else self.always.get(kind)
            if fault is None:
                return await work(request)
            if fault == "hang":
                await request.body()
                await asyncio.Event().wait()
            if fault == "garbage":
                return Response(b'{"id": "cut', media_type="application/json")
            if fault == "lost":
                await work(request)
                return error(500, "the answer was lost")
            if fault == "cut":
                await work(request)
                return StreamingResponse(_broken())
            headers = {"retry-after": self.retry_after} if fault == "429" else {}
            return error(int(fault), f"the mock answers {fault}", headers)

        return Route(path, answered, methods=[method])

    # --- files -----------------------------------------------------------------------
    async def _upload(self, request: Request) -> Response:
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            assert form["purpose"] == "fine-tune"
            made = Uploaded(f"file-{next(self.numbers)}", file.filename or "", await file.read())
        self.files[made.id] = made
        self.ever.append(made)
        return JSONResponse(_file(made))

    async def _files(self, request: Request) -> Response:
        assert request.query_params.get("purpose") == "fine-tune"
        return JSONResponse({"object": "list", "data": list(map(_file, self.files.values())), "has_more": False})

    async def delete(self, request: Request) -> Response:
        gone = self.files.pop(request.path_params["id"], None)
        if gone is None:
            return error(404, "no such file")
        return JSONResponse({"id": gone.id, "object": "file", "deleted": True})

    # --- jobs -------------------------------------------------------------------------
    async def _create(self, request: Request) -> Response:
        body = json.loads(await request.body())
        missing = [
            body[key] for key in ("training_file", "validation_file") if body.get(key) not in (None, *self.files)
        ]
        if missing:
            return error(400, f"no file {missing[0]}")
        chosen = {"n_epochs": 2, **body.get("hyperparameters", {})}
        job = {**body, "id": f"ftjob-{next(self.numbers)}", "object": "fine_tuning.job", "created_at": 1}
        self.jobs[job["id"]] = job | {"hyperparameters": chosen}
        return JSONResponse(self.told_of(job["id"], look=False))

    async def list_jobs(self, request: Request) -> Response:
        rows = [self.told_of(id, look=False) for id in reversed(self.jobs)]
        return _page(request, rows, self.page)

    async def one_job(self, request: Request) -> Response:
        id = request.path_params["id"]
        return JSONResponse(self.told_of(id)) if id in self.jobs else error(404, "no such job")

    async def _events(self, request: Request) -> Response:
        """The newest first."""
        id = request.path_params["id"]
        rows = [{"id": f"{id}-begun", "object": "fine_tuning.job.event", "message": "begun", "data": {}}]
        for step in range(1, self.made[id] + 1):
            data = {"step": step, "total_steps": self.steps, "train_loss": 2 / step}
            rows.append({"id": f"{id}-{step}", "data": data | ({"valid_loss": 3 / step} if step % 2 == 0 else {})})
        return _page(request, rows[::-1], self.page)

    async def cancel(self, request: Request) -> Response:
        id = request.path_params["id"]
        if self.status(id) in ("succeeded", "failed", "cancelled"):
            return error(400, "the job has ended")
        self.cancelled.append(id)
        return JSONResponse(self.told_of(id, look=False))

    def status(self, id: str) -> str:
        if id in self.cancelled:
            return "cancelled"
        return self.statuses[min(self._looks[id], len(self.statuses)) - 1] if self._looks[id] else "validating_files"

    def told_of(self, id: str, *, look: bool = True) -> Json:
        self._looks[id] += look
        status = self.status(id)
        if look and status == "running":
            self.made[id] = min(self.made[id] + 1, self.steps)
        if status == "succeeded":
            self.made[id] = self.steps
        ended = status in ("succeeded", "completed")
        return self.jobs[id] | {
            "status": status,
            "fine_tuned_model": self.model if ended else None,
            "trained_tokens": 12_345 if ended else None,
            "error": {"code": "x", "message": self.failure} if status == "failed" else {},
        }


async def _broken() -> AsyncIterator[bytes]:
    yield b'{"id": "'
    raise ConnectionResetError("the mock breaks off")


def _file(one: Uploaded) -> Json:
    return {"id": one.id, "object": "file", "filename": one.name, "bytes": len(one.content), "purpose": "fine-tune"}


def _page(request: Request, rows: list[Json], size: int) -> Response:
    after = request.query_params.get("after")
    first = next((n for n, row in enumerate(rows, start=1) if row["id"] == after), 0)
    page = rows[first : first + size]
    return JSONResponse({"object": "list", "data": page, "has_more": first + size < len(rows)})


def error(status: int, message: str, headers: dict[str, str] | None = None) -> Response:
    body = {"error": {"message": message, "type": "mock_error", "code": None, "param": None}}
    return JSONResponse(body, status, headers)
