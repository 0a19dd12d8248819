"""SIGTERM in the middle of everything: said to all, nothing lost, status 0."""

import asyncio
import json
import signal
import time

import httpx
import pytest
from httpx_sse import ServerSentEvent, aconnect_sse

from tests.process.conftest import SiteMaker
from tests.process.site import Site, until, upload
from tests.process.texts import handbook

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

STREAMS = 10
EXIT_SECONDS = 30.0


async def last_event(site: Site, token: str, job_id: str, opened: asyncio.Semaphore) -> ServerSentEvent:
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        httpx.AsyncClient(base_url=site.url, headers=headers, timeout=60) as client,
        aconnect_sse(client, "GET", f"/jobs/{job_id}/events") as source,
    ):
        last = None
        async for event in source.aiter_sse():
            if last is None:
                opened.release()
            last = event
    assert last is not None
    return last


async def readiness_until_gone(site: Site) -> list[int]:
    """The statuses of /ready, each over a new connection, until nobody listens any more."""
    token = (site.data_dir / "secrets" / "local_token").read_text().strip()
    seen: list[int] = []
    while True:
        try:
            async with httpx.AsyncClient(timeout=10) as client:
                answer = await client.get(f"{site.url}/ready", headers={"Authorization": f"Bearer {token}"})
        except httpx.TransportError:
            return seen
        seen.append(answer.status_code)


@pytest.mark.fault("B3")
async def test_sigterm_ends_streams_with_a_reason_and_jobs_go_on_after_the_restart(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    api = site.start_api()
    with site.client() as client:
        token = client.headers["Authorization"].removeprefix("Bearer ")
        answer = upload(client, ("a.md", handbook("first", chapters=1500)), ("b.md", handbook("second", chapters=1500)))
        jobs = [job["id"] for job in answer.json()["jobs"]]

        def both_run() -> bool:
            return all(client.get(f"/jobs/{job}").json()["status"] == "running" for job in jobs)

        until(both_run, seconds=30, what="both jobs run")
        opened = asyncio.Semaphore(0)
        streams = [asyncio.create_task(last_event(site, token, jobs[0], opened)) for _ in range(STREAMS)]
        for _ in range(STREAMS):
            await asyncio.wait_for(opened.acquire(), 30)

    began = time.monotonic()
    api.send_signal(signal.SIGTERM)
    statuses = await asyncio.wait_for(readiness_until_gone(site), EXIT_SECONDS)
    ends = await asyncio.wait_for(asyncio.gather(*streams), EXIT_SECONDS)
    assert await asyncio.to_thread(api.wait, EXIT_SECONDS) == 0
    assert time.monotonic() - began <= EXIT_SECONDS

    assert 503 in statuses
    assert statuses == sorted(statuses)  # once it is down it stays down
    assert [(end.event, json.loads(end.data)["code"]) for end in ends] == [("error", "shutting_down")] * STREAMS
    unfinished = site.rows("SELECT status FROM job WHERE kind = 'extract_document'")
    assert unfinished == [("running",)] * 2
    assert "Traceback" not in site.said()

    site.start_api()
    with site.client() as client:
        ended = site.jobs_ended(client, seconds=120)
        assert {job["status"] for job in ended} == {"succeeded"}
        assert [job["attempt"] for job in ended if job["id"] in jobs] == [1, 1]
