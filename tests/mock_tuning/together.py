"""A server with Together's fine-tuning API that trains nothing, and fails as it is told to.

Its files come in three steps, of the kinds announce, store and upload, which is the last one. The kind events are the
figures of a job's steps, as everywhere; what Together calls events is of the kind reasons.
"""

import json
from dataclasses import dataclass, field, replace

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.mock_tuning.app import Json, MockTuning, Uploaded, error

SIGNATURE = "X-Signature=a%2Fb%2Bc%3D&part=1"
WORDS = {"validating_files": "pending", "succeeded": "completed", "failed": "error"}


@dataclass
class MockTogether(MockTuning):
    """Files are to be stored at `storage`, the root of a URL; by itself beside the API. `stored` are the headers and
    queries with which they came."""

    page: int = 1_000
    storage: str = ""
    processed: set[str] = field(default_factory=set)
    stored: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        jobs, job = "/v1/fine-tunes", "/v1/fine-tunes/{id}"
        return [
            self.route("announce", "POST", "/v1/files", self._announce),
            self.route("upload", "POST", "/v1/files/{id}/preprocess", self._process),
            self.route("files", "GET", "/v1/files", self._listed),
            self.route("delete", "DELETE", "/v1/files/{id}", self.delete),
            self.route("create", "POST", jobs, self._begin),
            self.route("jobs", "GET", jobs, self.list_jobs),
            self.route("job", "GET", job, self.one_job),
            self.route("events", "GET", f"{job}/metrics", self._metrics),
            self.route("reasons", "GET", f"{job}/events", self._reasons),
            self.route("cancel", "POST", f"{job}/cancel", self.cancel),
            self.route("store", "PUT", "/storage/{id}", self._store, has_key=False),
        ]

    def answers(self, path: str) -> bool:
        return path.startswith(("/v1/files", "/v1/fine-tunes", "/storage"))

    # --- files -----------------------------------------------------------------------
    async def _announce(self, request: Request) -> Response:
        async with request.form() as form:
            assert (form["purpose"], form["file_type"]) == ("fine-tune", "jsonl")
            made = Uploaded(f"file-{next(self.numbers)}", str(form["file_name"]), b"")
        self.files[made.id] = made
        headers = {"location": f"{self.storage}/storage/{made.id}?{SIGNATURE}", "x-together-file-id": made.id}
        return Response(status_code=302, headers=headers)

    async def _store(self, request: Request) -> Response:
        self.stored.append((dict(request.headers), request.scope["query_string"].decode()))
        made = replace(self.files[request.path_params["id"]], content=await request.body())
        self.files[made.id] = made
        self.ever.append(made)
        return Response()

    async def _process(self, request: Request) -> Response:
        made = self.files[request.path_params["id"]]
        assert made.content
        self.processed.add(made.id)
        return JSONResponse(self._told_of_file(made))

    async def _listed(self, _request: Request) -> Response:
        return JSONResponse({"object": "list", "data": list(map(self._told_of_file, self.files.values()))})

    def _told_of_file(self, one: Uploaded) -> Json:
        size, is_processed = len(one.content), one.id in self.processed
        return {"id": one.id, "object": "file", "filename": one.name, "bytes": size, "Processed": is_processed}

    # --- jobs -------------------------------------------------------------------------
    async def _begin(self, request: Request) -> Response:
        body = json.loads(await request.body())
        missing = [
            body[key] for key in ("training_file", "validation_file") if body.get(key) not in (None, *self.processed)
        ]
        if missing:
            return error(400, f"no file {missing[0]}")
        job = {"n_epochs": 1, "events": [], **body, "id": f"ftjob-{next(self.numbers)}"}
        self.jobs[job["id"]] = job
        return JSONResponse(self.told_of(job["id"], look=False))

    async def _metrics(self, request: Request) -> Response:
        """The oldest first; what was validated is an entry of its own."""
        rows: list[Json] = []
        for step in range(1, self.made[request.path_params["id"]] + 1):
            rows.append({"train/loss": 2 / step, "train/learning_rate": 1e-5, "train/global_step": float(step)})
            rows += [{"eval/loss": 3 / step, "train/global_step": step}] if step % 2 == 0 else []
        return JSONResponse({"metrics": rows})

    async def _reasons(self, _request: Request) -> Response:
        rows = [
            {"object": "fine-tune-event", "level": "Info", "type": "JOB_START", "message": "begun", "created_at": "1"},
            {"object": "fine-tune-event", "level": "Error", "type": "JOB_ERROR", "message": "tried", "created_at": "2"},
            {"level": "Error", "type": "JOB_ERROR", "message": self.failure, "created_at": "3"},
        ]
        return JSONResponse({"object": "list", "data": rows if self.failure else rows[:1]})

    def told_of(self, id: str, *, look: bool = True) -> Json:
        """Its model has a name before there is one."""
        told = super().told_of(id, look=look)
        status = WORDS.get(told["status"], told["status"])
        del told["fine_tuned_model"], told["trained_tokens"], told["error"]
        return told | {
            "status": "cancel_requested" if status == "cancelled" and not look else status,
            "model_output_name": self.model,
            "steps_completed": self.made[id],
            "total_steps": self.steps,
        }
