"""What a person sees of an extraction while it goes on."""

import pytest

from backend.jobs.context import AttemptContext
from tests.support import MARKDOWN, Api

Noted = tuple[str, int, int, float]


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> list[Noted]:
    """What the workflow tells of its progress, nothing left out."""
    found: list[Noted] = []

    async def note(
        _self: AttemptContext, stage: str, *, done: int, total: int, overall: float, message: str = ""
    ) -> None:
        del message
        found.append((stage, done, total, overall))

    monkeypatch.setattr(AttemptContext, "progress", note)
    return found


async def test_each_stage_is_named_when_it_begins_and_the_whole_only_grows(noted: list[Noted], api: Api) -> None:
    await api.upload(("machine.md", MARKDOWN.encode()))
    await api.drain()
    read = [one for one in noted if one[0] in ("reading", "storing", "drafting", "comparing")]
    assert list(dict.fromkeys(stage for stage, *_ in read)) == ["reading", "storing", "drafting", "comparing"]
    shares = [overall for *_, overall in read]
    assert shares == sorted(shares)
    first = next(one for one in read if one[0] == "drafting")
    assert first[1:3] == (0, 0)
