"""Another program holds the database."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.process.site import Site, until, upload
from tests.support import MARKDOWN

pytestmark = [pytest.mark.process, pytest.mark.slow, pytest.mark.timeout(240)]

HOLD = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], timeout=30, isolation_level=None)
connection.execute("BEGIN EXCLUSIVE")
print("held", flush=True)
sys.stdin.read()
"""
WAIT = 5.0
"""Seconds that a request waits for the database."""


@contextmanager
def held(database: Path) -> Iterator[None]:
    """Locked by another process, until the end of the block."""
    command = [sys.executable, "-c", HOLD, str(database)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        try:
            yield
        finally:
            assert holder.stdin is not None
            holder.stdin.close()
            assert holder.wait(30) == 0


@pytest.mark.fault("D2")
def test_a_database_held_by_another_program_is_busy_after_five_seconds_and_then_works_again(
    running: Site, client: httpx.Client
) -> None:
    new = {"question": "Who holds the database?", "answer": "Somebody else, for a while."}
    assert client.post("/faqs", json=new).status_code == 201
    with held(running.database):
        began = time.monotonic()
        answer = client.post("/faqs", json=new)
        waited = time.monotonic() - began
        problem = answer.json()
        assert (answer.status_code, problem["code"], problem["retryable"]) == (503, "db_busy", True)
        assert waited >= WAIT
        assert "sqlite" not in answer.text.lower()
        assert client.get("/faqs").status_code == 200
        assert client.get("/health").status_code == 200
        refused = upload(client, ("machine.md", MARKDOWN.encode()))
        assert (refused.status_code, refused.json()["code"]) == (503, "db_busy")

    assert client.post("/faqs", json=new).status_code == 201
    assert upload(client, ("machine.md", MARKDOWN.encode())).status_code == 202
    assert running.jobs_ended(client, seconds=60)[0]["status"] == "succeeded"
    assert "Traceback" not in running.said()
    assert '"exception"' not in running.said()
    assert len(running.stored_files()) == 1


@pytest.mark.fault("D2")
def test_a_job_outlasts_a_database_that_is_held_for_longer_than_a_request_waits(
    running: Site, client: httpx.Client
) -> None:
    content = MARKDOWN.replace("coffee", "tea").encode()
    assert upload(client, ("tea.md", content)).status_code == 202
    with held(running.database):
        began = time.monotonic()
        until(lambda: time.monotonic() - began > WAIT + 2, seconds=30, what="the lock outlasts a request's patience")
    assert {job["status"] for job in running.jobs_ended(client, seconds=60)} == {"succeeded"}
