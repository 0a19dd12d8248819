"""Helpers that many tests share."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import sqlalchemy as sa
from fastapi import FastAPI

from backend.container import LoopScope
from backend.db.models import Base
from backend.jobs.inline import InlineRunner
from backend.settings import Settings

MARKDOWN = """# Coffee machine

## How do I descale the machine?

Fill the tank with water and one sachet of descaler, start the descaling program and wait twenty minutes.
Rinse twice with clear water before you make the next coffee.

## Resetting the machine

Hold the power button for ten seconds until the light turns blue. All settings go back to those of the factory.

## Warranty

The warranty is a promise of the maker that covers repairs for two years after purchase.
"""

BOUNDARY = "nexus-test-boundary"


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """The problem that an answer carries, after a look at everything that every problem has."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert (problem["code"], problem["status"]) == (code, status)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert problem["title"]
    assert problem["detail"]
    assert isinstance(problem["retryable"], bool)
    return problem


def part(name: str | None, content: bytes, *, field_name: str = "files", headers: bytes = b"") -> bytes:
    """One part of a multipart body; without a file name it is a plain field."""
    disposition = f'form-data; name="{field_name}"' + (f'; filename="{name}"' if name is not None else "")
    head = f"--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n".encode() + headers
    return head + b"Content-Type: application/octet-stream\r\n\r\n" + content + b"\r\n"


END = f"--{BOUNDARY}--\r\n".encode()
FORM = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


async def streamed(*pieces: bytes) -> AsyncIterator[bytes]:
    """A body without a Content-Length."""
    for piece in pieces:
        yield piece


@dataclass(frozen=True, slots=True)
class Footprint:
    """All that is stored: rows by table, files by path."""

    rows: dict[str, int]
    files: frozenset[str]


def counted_files(directory: Path) -> frozenset[str]:
    return frozenset(str(path.relative_to(directory)) for path in directory.rglob("*") if path.is_file())


@dataclass(frozen=True, slots=True)
class Api:
    """A client with the calls that most tests begin with."""

    client: httpx.AsyncClient
    scope: LoopScope
    settings: Settings

    async def drain(self) -> None:
        assert isinstance(self.scope.runner, InlineRunner)
        await self.scope.runner.drain()

    async def stored(self) -> Footprint:
        """What is stored now; remembered Idempotency-Keys left out."""
        async with self.scope.database.read() as session:
            tables = [table for table in Base.metadata.sorted_tables if table.name != "idempotency"]
            rows = {
                table.name: await session.scalar(sa.select(sa.func.count()).select_from(table)) or 0 for table in tables
            }
        return Footprint(rows, counted_files(self.settings.files_dir))

    async def upload(self, *files: tuple[str, bytes]) -> httpx.Response:
        form = [("files", (name, content, "application/octet-stream")) for name, content in files]
        return await self.client.post("/faq/upload", files=form)

    async def extracted(self, name: str = "machine.md", content: bytes = MARKDOWN.encode()) -> UUID:
        """Uploads one file, waits for its drafts and returns the document's id."""
        answer = await self.upload((name, content))
        assert answer.status_code == 202, answer.text
        await self.drain()
        return UUID(answer.json()["jobs"][0]["document_id"])

    async def get(self, path: str, **query: str | float) -> Any:
        answer = await self.client.get(path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: object = None, *, status: int = 200) -> Any:
        answer = await self.client.post(path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def faqs(self, **query: str | float) -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = (await self.get("/faqs", **query))["items"]
        return items

    async def add_faq(self, question: str, answer: str = "Because it is so.", **fields: Any) -> dict[str, Any]:
        """An approved FAQ that a person wrote."""
        made: dict[str, Any] = await self.post("/faqs", {"question": question, "answer": answer, **fields}, status=201)
        return made

    async def approve_all(self) -> None:
        await self.post("/faqs/approve", {"ids": [faq["id"] for faq in await self.faqs(status="draft")]})
        await self.drain()

    async def collection(self) -> str:
        """The id of the default collection."""
        page = await self.get("/collections")
        return str(next(item["id"] for item in page["items"] if item["name"] == "default"))

    async def ask(self, message: str, **fields: Any) -> httpx.Response:
        body = {"message": message, "collection_id": await self.collection(), **fields}
        return await self.client.post("/rag-chat", json=body)

    async def asked(self, message: str, **fields: Any) -> dict[str, Any]:
        answer = await self.ask(message, **fields)
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def use_provider(self, name: str, model: str = "", **configured: str) -> None:
        """Lets the default agent answer with another provider."""
        if configured:
            answer = await self.client.put(f"/providers/{name}", json={**configured, "model": model or "ok"})
            assert answer.status_code == 200, answer.text
        agent = (await self.get("/agents"))["items"][0]["id"]
        edit = {"provider": name} | ({"model": model} if model else {})
        answer = await self.client.patch(f"/agents/{agent}", json=edit)
        assert answer.status_code == 200, answer.text


def client_of(app: FastAPI, token: str | None) -> httpx.AsyncClient:
    """A client in the same process. The caller closes it."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://nexus", headers=headers)


def events_of(text: str) -> list[tuple[str, dict[str, Any]]]:
    """The events of an SSE body, comments left out."""
    found = []
    for block in text.replace("\r\n", "\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if line and not line.startswith(":"))
        if fields:
            found.append((fields["event"], json.loads(fields["data"])))
    return found


@dataclass
class RawCall:
    """One request straight into the ASGI application: what it sends is seen piece by piece, and it can be left."""

    app: FastAPI
    method: str
    path: str
    headers: Iterable[tuple[str, str]] = ()
    body: bytes = b""
    more_body: bool = False
    messages: list[dict[str, Any]] = field(default_factory=list)
    received: int = 0
    _gone: asyncio.Event = field(default_factory=asyncio.Event)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def start(self) -> "asyncio.Task[None]":
        return asyncio.create_task(self.run())

    async def run(self) -> None:
        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": self.method,
            "scheme": "http",
            "path": self.path,
            "raw_path": self.path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in self.headers],
            "client": ("127.0.0.1", 1),
            "server": ("nexus", 80),
        }
        await self.app(scope, self._receive, self._send)

    async def _receive(self) -> dict[str, Any]:
        self.received += 1
        if self.received == 1:
            return {"type": "http.request", "body": self.body, "more_body": self.more_body}
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message: Any) -> None:
        async with self._news:
            self.messages.append(dict(message))
            self._news.notify_all()

    def leave(self) -> None:
        """The client closes its connection."""
        self._gone.set()

    async def until(self, happened: Callable[["RawCall"], bool]) -> None:
        async with self._news, asyncio.timeout(20):
            await self._news.wait_for(lambda: happened(self))

    @property
    def status(self) -> int:
        return int(next(m["status"] for m in self.messages if m["type"] == "http.response.start"))

    @property
    def sent(self) -> bytes:
        return b"".join(m.get("body", b"") for m in self.messages if m["type"] == "http.response.body")


async def eventually(check: Callable[[], Awaitable[bool]], *, seconds: float = 20.0) -> None:
    """Returns once `check` holds. For what another task ends on its own; a failure is a hang, not a slow machine."""
    async with asyncio.timeout(seconds):
        while not await check():
            await asyncio.sleep(0.01)
