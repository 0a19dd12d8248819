"""A workspace with a model server, and documents to draft from."""

import json
from collections import Counter
from typing import Any
from uuid import UUID

from tests.mock_openai import MockServer
from tests.support import Api

KEY = "sk-test-abcdefghij0123456789"
SERVER = "openai-compatible"


def rules(count: int) -> bytes:
    """As many sections, each of which has enough to ask about."""
    return "".join(
        f"# Part {n}\n\n## Rule number {n}\n\nRule {n} is a rule that holds for every part with the number {n}. "
        f"It applies from the day of delivery and ends {n} days later in house {n}.\n\n"
        for n in range(count)
    ).encode()


async def connected(api: Api, mock: MockServer, model: str = "ok") -> None:
    answer = await api.client.put(
        f"/providers/{SERVER}", json={"base_url": mock.base_url, "api_key": KEY, "model": model}
    )
    assert answer.status_code == 200, answer.text


async def start(api: Api, document_id: UUID, model: str = "ok", **fields: Any) -> Any:
    body = {"provider": SERVER, "model": model, **fields}
    return await api.post(f"/documents/{document_id}/drafting", body, status=202)


async def drafted(api: Api, document_id: UUID, model: str = "ok", **fields: Any) -> Any:
    """The job at its end."""
    job = await start(api, document_id, model, **fields)
    await api.drain()
    return await api.get(f"/jobs/{job['id']}")


async def estimated(api: Api, document_id: UUID, **query: Any) -> Any:
    return await api.get(f"/documents/{document_id}/drafting", provider=SERVER, model="ok", **query)


async def by_model(api: Api) -> list[dict[str, Any]]:
    return [faq for faq in await api.faqs(limit=200) if faq["drafted_by"]]


def asked(mock: MockServer) -> Counter[str]:
    """How often each section was sent."""
    prompts = [json.dumps(request.body["messages"]) for request in mock.app.requests]
    return Counter(prompts)
