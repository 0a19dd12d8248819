"""A collection's answer threshold follows what it holds."""

import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from backend.app import create_app
from backend.db.models import Collection
from backend.embeddings.native import packaged_model
from backend.retrieval.base import Scope, SearchResult
from backend.retrieval.calibration import QUESTIONS, RULES, Background
from backend.retrieval.searcher import Searcher
from backend.settings import Settings
from tests.support import Api, client_of

MINILM = "sentence-transformers/all-MiniLM-L6-v2"


@pytest.fixture
async def api(template: Path, tmp_path: Path, database_url: str | None) -> AsyncIterator[Api]:
    """With the real embedder: words in common say nothing of a threshold."""
    data_dir = tmp_path / "native"
    shutil.copytree(template, data_dir)
    settings = Settings(data_dir=data_dir, database_url=database_url, jobs="inline", _env_file=None)
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        token = (settings.secrets_dir / "local_token").read_text().strip()
        async with client_of(app, token) as client:
            yield Api(client, app.state.scope, settings)


async def stored(api: Api) -> dict[str, Any] | None:
    async with api.scope.database.read() as session:
        found: dict[str, Any] | None = await session.scalar(sa.select(Collection.calibration))
        return found


async def ingest(api: Api, faqs: list[tuple[str, str]]) -> None:
    body = {"faqs": [{"question": question, "answer": answer} for question, answer in faqs]}
    await api.post("/ingest", body, status=202)
    await api.drain()


async def answered(api: Api, question: str) -> bool:
    body = {"message": question, "collection_id": await api.collection()}
    return bool((await api.post("/rag-chat", body))["answered"])


async def test_a_collection_is_measured_when_it_has_something_and_again_when_it_grew(api: Api) -> None:
    assert await stored(api) is None
    await ingest(api, [("How do I descale the machine?", "Fill the tank with descaler and start the program.")])
    first = await stored(api)
    assert first is not None
    assert (first["points"], first["threshold"]) == (2, RULES[MINILM].floor)
    assert await answered(api, "How is the machine descaled?")
    assert not await answered(api, "Who painted the Mona Lisa?")

    many = [(f"What does the part number {n} cost?", f"It costs {n} euros, with tax.") for n in range(20)]
    await ingest(api, many)
    again = await stored(api)
    assert again is not None
    assert again["points"] >= 42
    assert again["mean"] > first["mean"], "more things score higher by chance"


async def test_a_collection_about_what_one_of_the_questions_asks_answers_it_and_not_the_others(api: Api) -> None:
    await ingest(
        api,
        [
            ("How do bees make honey?", "They collect nectar and thicken it in the hive."),
            ("How long do bees live?", "A worker bee lives for six weeks in summer."),
            ("What do bees eat in winter?", "They eat the honey that they stored."),
        ],
    )
    assert await answered(api, QUESTIONS[13])
    assert [question for question in QUESTIONS if await answered(api, question)] == [QUESTIONS[13]]


async def test_a_threshold_that_was_measured_for_another_model_is_not_used_for_the_new_one(api: Api) -> None:
    await ingest(api, [("How do I descale the machine?", "Fill the tank with descaler and start the program.")])
    await api.post(f"/collections/{await api.collection()}/model", {"model": "local/none"}, status=422)
    folder = api.settings.models / "ours"
    shutil.copytree(packaged_model(), folder)
    before = await stored(api)
    await api.post(f"/collections/{await api.collection()}/model", {"model": "local/ours"}, status=202)
    await api.drain()
    after = await stored(api)
    assert before is not None
    assert after is not None
    assert after["spec_key"] != before["spec_key"]


@pytest.mark.parametrize("what", ["changed", "empty"])
async def test_a_collection_that_changes_while_it_is_measured_keeps_no_figure_of_it(
    api: Api, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    search_each = Searcher.search_each

    async def disturbed(self: Searcher, scope: Scope, queries: Sequence[str]) -> list[SearchResult]:
        found = await search_each(self, scope, queries)
        if what == "empty":
            return [*found[:7], SearchResult([], answerable=False), *found[8:]]
        async with api.scope.database.write() as session:
            await session.execute(sa.update(Collection).values(seq=Collection.seq + 1))
        return found

    with monkeypatch.context() as patched:
        patched.setattr(Searcher, "search_each", disturbed)
        await ingest(api, [("How do I descale the machine?", "Fill the tank with descaler.")])
        assert await stored(api) is None
    await ingest(api, [("How do I clean the sieve?", "With a brush.")])
    measured = await stored(api)
    assert measured is not None
    assert measured["deviation"] < 0.2


def test_half_or_twice_is_another_collection() -> None:
    known = Background(0.4, 0.2, 0.05, 100, "a")
    assert [known.is_stale(points, "a") for points in (0, 50, 85, 100, 120, 130)] == [
        True,
        True,
        False,
        False,
        False,
        True,
    ]
    assert known.is_stale(100, "b")
    assert Background.of(known.stored()) == known
    assert Background.of(None) is None
