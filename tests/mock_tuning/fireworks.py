"""A server with Fireworks' fine-tuning API that trains nothing, and fails as it is told to.

Rows come in two steps, of the kinds announce and upload; that they were read is asked for by the kind files. There is
no list of jobs that is asked for. The kind events is the file of a job's figures, elsewhere and without the key.
"""

import json
from dataclasses import dataclass, field, replace

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.mock_tuning.app import Json, MockTuning, Uploaded, error

ACCOUNT = "accounts/acme"
SIGNATURE = "X-Goog-Signature=a%2Fb%2Bc%3D&part=1"
WORDS = {"validating_files": "validating", "queued": "pending", "succeeded": "completed"}


@dataclass
class MockFireworks(MockTuning):
    """Figures are kept at `storage`, the root of a URL; by itself beside the API. `unread` looks find that a dataset
    is not ready; with a `fault_of_rows` it never is. `asked` are the headers and queries with which figures came."""

    storage: str = ""
    accounts: tuple[str, ...] = (ACCOUNT,)
    unread: int = 0
    fault_of_rows: str = ""
    asked: list[tuple[dict[str, str], str]] = field(default_factory=list)

    def routes(self) -> list[Route]:
        base = "/v1/accounts/{account}"
        dataset, job = f"{base}/datasets/{{id}}", f"{base}/supervisedFineTuningJobs/{{id}}"
        return [
            self.route("accounts", "GET", "/v1/accounts", self._accounts),
            self.route("announce", "POST", f"{base}/datasets", self._announce),
            self.route("upload", "POST", f"{dataset}:upload", self._received),
            self.route("files", "GET", dataset, self._dataset),
            self.route("delete", "DELETE", dataset, self.delete),
            self.route("create", "POST", f"{base}/supervisedFineTuningJobs", self._begin),
            self.route("cancel", "POST", f"{job}:cancel", self.cancel),
            self.route("job", "GET", job, self.one_job),
            self.route("events", "GET", "/storage/{id}", self._figures, has_key=False),
        ]

    def answers(self, path: str) -> bool:
        return path.startswith(("/v1/accounts", "/storage"))

    async def _accounts(self, _request: Request) -> Response:
        return JSONResponse({"accounts": [{"name": name, "email": "a@example.com"} for name in self.accounts]})

    # --- datasets ------------------------------------------------------------------------
    async def _announce(self, request: Request) -> Response:
        body = json.loads(await request.body())
        name, told = body["datasetId"], body["dataset"]
        assert (told["userUploaded"], told["format"]) == ({}, "CHAT")
        if name in self.files:
            return error(409, "the dataset exists")
        self.files[name] = Uploaded(name, told["exampleCount"], b"")
        return JSONResponse(self._told_of_dataset(name))

    async def _received(self, request: Request) -> Response:
        async with request.form() as form:
            file = form["file"]
            assert isinstance(file, UploadFile)
            made = replace(self.files[request.path_params["id"]], content=await file.read())
        assert made.content.count(b"\n") == int(made.name)
        self.files[made.id] = made
        self.ever.append(replace(made, name=file.filename or ""))
        return JSONResponse({"id": made.id})

    async def _dataset(self, request: Request) -> Response:
        name = request.path_params["id"]
        if name not in self.files:
            return error(404, "no such dataset")
        self.unread -= 1
        return JSONResponse(self._told_of_dataset(name))

    def _told_of_dataset(self, name: str) -> Json:
        is_read = bool(self.files[name].content) and self.unread < 0 and not self.fault_of_rows
        status = {"code": "INVALID_ARGUMENT", "message": self.fault_of_rows} if self.fault_of_rows else {"code": "OK"}
        return {
            "name": f"{ACCOUNT}/datasets/{name}",
            "state": "READY" if is_read else "UPLOADING",
            "status": {**status},
        }

    # --- jobs -------------------------------------------------------------------------
    async def _begin(self, request: Request) -> Response:
        body, name = json.loads(await request.body()), request.query_params["supervisedFineTuningJobId"]
        if name in self.jobs:
            return error(409, "the job exists")
        known = {f"{ACCOUNT}/datasets/{one}" for one, file in self.files.items() if file.content}
        missing = [body[key] for key in ("dataset", "evaluationDataset") if body.get(key) not in (None, *known)]
        if missing:
            return error(400, f"no dataset {missing[0]}")
        self.jobs[name] = {"epochs": 1, **body}
        return JSONResponse(self.told_of(name, look=False))

    async def cancel(self, request: Request) -> Response:
        answer = await super().cancel(request)
        return JSONResponse({}) if answer.status_code == 200 else answer

    async def _figures(self, request: Request) -> Response:
        """The oldest first; what was validated is a line of its own."""
        self.asked.append((dict(request.headers), request.scope["query_string"].decode()))
        rows: list[Json] = []
        for step in range(1, self.made[request.path_params["id"]] + 1):
            rows.append({"step": step, "train/step": step, "train/ce_loss": 9.0, "train/loss": 2 / step})
            rows += [{"step": step, "eval/loss": 3 / step, "eval/ppl": 1.0}] if step % 2 == 0 else []
        return Response("".join(f"{json.dumps(row)}\n" for row in rows))

    def told_of(self, id: str, *, look: bool = True) -> Json:
        """Its model has a name before there is one."""
        told = super().told_of(id, look=look)
        word = WORDS.get(str(told["status"]), str(told["status"]))
        code = "INVALID_ARGUMENT" if word == "failed" else "OK"
        return self.jobs[id] | {
            "name": f"{ACCOUNT}/supervisedFineTuningJobs/{id}",
            "state": f"JOB_STATE_{word.upper()}",
            "status": {"code": code, **({"message": self.failure} if self.failure else {})},
            "outputModel": self.model,
            "jobProgress": {"percent": 100 * self.made[id] // max(self.steps, 1)},
            "metricsFileSignedUrl": f"{self.storage}/storage/{id}?{SIGNATURE}",
        }
