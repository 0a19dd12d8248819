"""The offline tour with a generating model: it drafts, the review decides, it answers with citations."""

import pytest

from backend.agents.providers.local_models.model_files import SAMPLE
from backend.settings import Settings
from tests.support import Api

pytestmark = [pytest.mark.local, pytest.mark.timeout(600)]
DOCUMENT = """\
# Support

## Can two people share one account?

No. Every alarm records who acknowledged it, and inspectors rely on that name. Inviting more people costs nothing on any
plan.
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"embedder": "native"})


async def test_the_sample_drafts_and_answers(api: Api) -> None:
    document_id = await api.extracted("support.md", DOCUMENT.encode())
    job = await api.post(f"/documents/{document_id}/drafting", {"provider": "local"}, status=202)
    await api.drain()
    result = (await api.get(f"/jobs/{job['id']}"))["result"]
    assert (result["model"], result["done"], result["failed"]) == (SAMPLE, 1, 0)
    drafted = [faq for faq in await api.faqs(limit=200) if faq["drafted_by"]]
    assert len(drafted) == result["drafts"] > 0
    await api.approve_all()

    new = {"name": "Offline", "provider": "local", "parameters": {"max_tokens": 40}}
    agent = await api.post("/agents", new, status=201)
    answer = await api.post("/chat", {"message": "Can two people share one account?", "agent_id": agent["id"]})
    assert (answer["provider"], answer["model"], answer["fallback_used"]) == ("local", SAMPLE, False)
    assert answer["response"]
    assert answer["retrieved"][0]["quote"].startswith("No.")
    assert 0 < answer["usage"]["output_tokens"] <= 40
