"""`nexus up`: one command, one address, and nothing left behind however it ends."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import psutil
import pytest

from backend.supervisor import Program, Supervisor
from benchmarks.product import family, free_port
from contracts.system import INSTANCE_HEADER
from tests.process.conftest import SiteMaker
from tests.process.site import REFUSED, Site, is_alive, is_free, stop, until, upload
from tests.process.texts import handbook

pytestmark = [pytest.mark.process, pytest.mark.timeout(240)]

READY_SECONDS = 90.0


def start(site: Site) -> subprocess.Popen[bytes]:
    up = site.spawn("up")

    def is_ready() -> bool:
        assert up.poll() is None, f"ended with status {up.returncode}: {site.said()[-3000:]}"
        return "AI Nexus is ready" in site.said()

    until(is_ready, seconds=READY_SECONDS, what="`nexus up` says that it is ready")
    return up


def child(up: subprocess.Popen[bytes], name: str) -> psutil.Process:
    """The API or the UI below `up`."""

    def found() -> list[psutil.Process]:
        needle = {"api": "backend.cli", "ui": "streamlit"}[name]
        return [one for one in psutil.Process(up.pid).children() if needle in " ".join(one.cmdline())]

    return until(found, seconds=30, what=f"the {name} runs")[0]


def assert_nothing_is_left(site: Site, members: list[psutil.Process]) -> None:
    until(lambda: not any(is_alive(one) for one in members), seconds=30, what="every process has ended")
    assert is_free(site.api_port)
    assert is_free(site.ui_port)


def test_one_address_is_printed_a_dead_api_comes_back_and_ctrl_c_ends_everything(new_site: SiteMaker) -> None:
    site = new_site(is_empty=True)
    up = start(site)
    said = site.said()
    assert said.count("http://") == 1, said
    assert f"AI Nexus is ready: {site.ui_url}\n" in said
    assert "Streamlit" not in said
    assert httpx.get(site.ui_url).status_code == 200

    ui, api = child(up, "ui"), child(up, "api")
    api.send_signal(signal.SIGKILL)
    until(lambda: "api ended with status -9; starting it again in 0.5 s" in site.said(), seconds=30, what="it is told")
    until(lambda: site.answers("/health"), seconds=READY_SECONDS, what="the API is back")
    assert child(up, "ui") == ui

    members = family(up.pid)
    os.killpg(up.pid, signal.SIGINT)
    assert up.wait(READY_SECONDS) == 0
    assert_nothing_is_left(site, members)
    assert "Traceback" not in site.said()


def test_a_killed_supervisor_takes_its_programs_and_their_children_along(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing")
    up = start(site)
    api = child(up, "api")
    with site.client() as client:
        assert upload(client, ("long.md", handbook("long", chapters=4000))).status_code == 202
    until(api.children, seconds=60, what="a job has a child process")
    members = family(up.pid)

    up.send_signal(signal.SIGKILL)

    up.wait()
    assert_nothing_is_left(site, members[1:])


def test_sigterm_ends_both_programs_with_status_0(new_site: SiteMaker) -> None:
    site = new_site()
    up = start(site)
    members = family(up.pid)
    assert stop(up) == 0
    assert_nothing_is_left(site, members)


@pytest.mark.fault("F1")
def test_a_program_that_refuses_its_configuration_ends_all_with_its_line_and_status(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_API_HOST="0.0.0.0")
    up = site.spawn("up")
    assert up.wait(READY_SECONDS) == REFUSED
    assert site.said().count("NEXUS_AUTH=local answers on loopback only") == 1
    assert "starting it again" not in site.said()
    assert is_free(site.ui_port)


@pytest.mark.parametrize("variable", ["NEXUS_API_PORT", "NEXUS_UI_PORT"])
def test_a_port_in_use_is_a_clear_line_and_not_a_loop(new_site: SiteMaker, variable: str) -> None:
    site = new_site()
    with site.taken_port() as port:
        site.variables[variable] = str(port)
        up = site.spawn("up")
        assert up.wait(READY_SECONDS) == REFUSED
    line = f"nexus: port {port} on '127.0.0.1' cannot be used: another program has it"
    assert site.said().count(line) == 1
    assert f"or set {variable}" in site.said()
    assert "starting it again" not in site.said()


def test_a_program_that_keeps_dying_is_started_again_after_growing_delays(new_site: SiteMaker) -> None:
    site = new_site()
    up = site.spawn("up")
    began = time.monotonic()
    for delay in ("0.5", "1", "2"):
        child(up, "ui").kill()
        line = f"ui ended with status -9; starting it again in {delay} s"
        until(lambda line=line: line in site.said(), seconds=30, what=line)  # type: ignore[misc]  # bound at once
    assert time.monotonic() - began >= 0.5 + 1
    assert stop(up) == 0


def test_a_second_one_on_the_ports_of_the_first_is_refused_and_not_said_to_be_ready(new_site: SiteMaker) -> None:
    first = new_site(NEXUS_EMBEDDER="hashing")
    up = start(first)
    second = replace(new_site(NEXUS_EMBEDDER="hashing"), api_port=first.api_port, ui_port=first.ui_port)
    other = second.spawn("up")
    try:
        assert other.wait(READY_SECONDS) == REFUSED
    finally:
        second.close()
    assert second.said().count("\n") == 1, second.said()
    assert f"nexus: port {first.api_port} on '127.0.0.1' cannot be used: another program has it" in second.said()
    assert first.answers("/health")
    assert stop(up) == 0


def test_ctrl_c_says_at_once_what_happens_and_a_second_one_waits_for_nothing(new_site: SiteMaker) -> None:
    site = new_site(NEXUS_EMBEDDER="hashing", NEXUS_SHUTDOWN_SECONDS="600")
    up = start(site)
    members = family(up.pid)
    child(up, "api").suspend()  # it cannot end by itself

    up.send_signal(signal.SIGINT)
    until(lambda: "Stopping; jobs go on at the next start" in site.said(), seconds=30, what="it is told")
    assert up.poll() is None

    up.send_signal(signal.SIGINT)
    up.wait(READY_SECONDS)
    assert_nothing_is_left(site, members)


STRANGERS = {"no name": None, "a name of its own": "0123456789abcdef"}


@contextmanager
def stranger(instance: str | None, asked: Path) -> Iterator[str]:
    """The URL of a server that answers 200 to anybody; `asked` exists after three requests."""
    count = 0

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            nonlocal count
            self.send_response(200)
            if instance is not None:
                self.send_header(INSTANCE_HEADER, instance)
            self.end_headers()
            count += 1
            if count == 3:
                asked.touch()

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/health"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("instance", STRANGERS.values(), ids=STRANGERS.keys())
def test_what_another_program_answers_makes_nothing_ready(tmp_path: Path, instance: str | None) -> None:
    asked = tmp_path / "asked"
    script = f"import os, time\nwhile not os.path.exists({str(asked)!r}): time.sleep(.01)\nos._exit({REFUSED})"
    said: list[str] = []
    with stranger(instance, asked) as url:
        program = Program("api", [sys.executable, "-c", script], url, dict(os.environ), names_itself=True)
        assert Supervisor([program], grace=1, say=said.append).run("ready") == REFUSED
    assert said == []


def test_a_program_that_is_started_again_is_ready_when_that_one_answers(tmp_path: Path) -> None:
    """The first dies at once, the second answers with the name that it was given and then ends all."""
    script = f"""
import os, sys
from http.server import BaseHTTPRequestHandler, HTTPServer
if not os.path.exists({str(tmp_path / "second")!r}):
    open({str(tmp_path / "second")!r}, "w").write(os.environ["NEXUS_INSTANCE"])
    os._exit(1)
class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.send_header({INSTANCE_HEADER!r}, os.environ["NEXUS_INSTANCE"])
        self.end_headers()
        self.server.asked = True
assert os.environ["NEXUS_INSTANCE"] != open({str(tmp_path / "second")!r}).read()
server = HTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
server.handle_request()
while not os.path.exists({str(tmp_path / "said")!r}): pass
os._exit({REFUSED})
"""
    said: list[str] = []

    def say(line: str) -> None:
        said.append(line)
        if line == "ready":
            (tmp_path / "said").touch()

    port = free_port()
    url = f"http://127.0.0.1:{port}/health"
    program = Program("api", [sys.executable, "-c", script, str(port)], url, dict(os.environ), names_itself=True)
    assert Supervisor([program], grace=1, say=say).run("ready") == REFUSED
    assert said == ["api ended with status 1; starting it again in 0.5 s", "ready"]
