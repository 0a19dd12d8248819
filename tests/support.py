"""Helpers that many tests share."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx

from backend.container import LoopScope
from backend.jobs.inline import InlineRunner

MARKDOWN = """# Coffee machine

## How do I descale the machine?

Fill the tank with water and one sachet of descaler, start the descaling program and wait twenty minutes.
Rinse twice with clear water before you make the next coffee.

## Resetting the machine

Hold the power button for ten seconds until the light turns blue. All settings go back to those of the factory.

## Warranty

The warranty is a promise of the maker that covers repairs for two years after purchase.
"""


@dataclass(frozen=True, slots=True)
class Api:
    """A client with the calls that most tests begin with."""

    client: httpx.AsyncClient
    scope: LoopScope

    async def drain(self) -> None:
        assert isinstance(self.scope.runner, InlineRunner)
        await self.scope.runner.drain()

    async def upload(self, *files: tuple[str, bytes]) -> httpx.Response:
        form = [("files", (name, content, "application/octet-stream")) for name, content in files]
        return await self.client.post("/faq/upload", files=form)

    async def extracted(self, name: str = "machine.md", content: bytes = MARKDOWN.encode()) -> UUID:
        """Uploads one file, waits for its drafts and returns the document's id."""
        answer = await self.upload((name, content))
        assert answer.status_code == 202, answer.text
        await self.drain()
        return UUID(answer.json()["jobs"][0]["document_id"])

    async def faqs(self, **query: str) -> list[dict[str, Any]]:
        answer = await self.client.get("/faqs", params=query)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return items

    async def approve_all(self) -> None:
        ids = [faq["id"] for faq in await self.faqs(status="draft")]
        answer = await self.client.post("/faqs/approve", json={"ids": ids})
        assert answer.status_code == 200, answer.text
        await self.drain()

    async def collection(self) -> str:
        """The id of the default collection."""
        answer = await self.client.get("/collections")
        return str(answer.json()["items"][0]["id"])

    async def ask(self, message: str, **fields: Any) -> httpx.Response:
        body = {"message": message, "collection_id": await self.collection(), **fields}
        return await self.client.post("/rag-chat", json=body)
