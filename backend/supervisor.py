"""`nexus up`: the API and the UI as two processes that live and die together."""

import contextlib
import ctypes
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final
from urllib.error import URLError
from urllib.request import urlopen

from contracts.system import INSTANCE_HEADER

FIRST_DELAY: Final = 0.5
LONGEST_DELAY: Final = 15.0
STABLE: Final = 30.0
"""Seconds after which a process counts as having run well; its next restart is quick again."""
REFUSED: Final = 78
"""Exit status (EX_CONFIG) of a process that refuses its configuration: a restart would not help."""
TICK: Final = 0.1
_ENDS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
STOPPING: Final = "Stopping; jobs go on at the next start"


@dataclass(slots=True)
class Program:
    """One child. `ready_url` answers 200 when it can be used.

    One that `names_itself` repeats NEXUS_INSTANCE, new at each of its starts, in a header of that answer: another
    program on the same port is not taken for it.
    """

    name: str
    command: Sequence[str]
    ready_url: str
    environment: Mapping[str, str]
    names_itself: bool = False
    instance: str = ""
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    delay: float = FIRST_DELAY
    not_before: float = 0.0
    is_ready: bool = field(default=False)


class Supervisor:
    """Starts programs, restarts those that die with a growing delay, forwards the end to all."""

    def __init__(self, programs: Sequence[Program], *, grace: float, say: Callable[[str], None]) -> None:
        self._programs = programs
        self._grace = grace
        self._say = say
        self._asked_to_stop = 0

    def run(self, banner: str) -> int:
        """Until SIGTERM or SIGINT (0), or until a program refuses to start (its status). A second signal kills."""
        before = {number: signal.signal(number, self._on_signal) for number in _ENDS}
        announced = False
        try:
            while not self._asked_to_stop:
                for program in self._programs:
                    status = self._look_after(program)
                    if status is not None:
                        return status
                if not announced and all(program.is_ready for program in self._programs):
                    self._say(banner)
                    announced = True
                time.sleep(TICK)
            self._say(STOPPING)
            return 0
        finally:
            self._stop_all()
            for number, handler in before.items():
                signal.signal(number, handler)

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        # A terminal that closes may send SIGHUP more than once: that is no haste.
        if number != signal.SIGHUP or not self._asked_to_stop:
            self._asked_to_stop += 1

    def _look_after(self, program: Program) -> int | None:
        now = time.monotonic()
        if program.process is None:
            if now >= program.not_before:
                self._start(program)
            return None
        status = program.process.poll()
        if status is None:
            if not program.is_ready:
                program.is_ready = _answers(program)
            return None
        if status == REFUSED:
            return status
        if now - program.started > STABLE:
            program.delay = FIRST_DELAY
        self._say(f"{program.name} ended with status {status}; starting it again in {program.delay:g} s")
        program.process, program.is_ready = None, False
        program.not_before = now + program.delay
        program.delay = min(program.delay * 2, LONGEST_DELAY)
        return None

    def _start(self, program: Program) -> None:
        program.started = time.monotonic()
        program.instance = secrets.token_hex(8)
        program.process = subprocess.Popen(
            program.command,
            env={**program.environment, "NEXUS_INSTANCE": program.instance},
            stdin=subprocess.DEVNULL,
            start_new_session=True,
            preexec_fn=_die_with_parent(os.getpid()),
        )

    def _stop_all(self) -> None:
        running = [program.process for program in self._programs if program.process is not None]
        for process in running:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
        deadline = time.monotonic() + self._grace
        for process in running:
            while process.poll() is None and time.monotonic() < deadline and self._asked_to_stop < 2:
                time.sleep(TICK)
        for process in running:
            # Also after a clean end: nothing that a program started may stay behind.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _answers(program: Program) -> bool:
    try:
        with urlopen(program.ready_url, timeout=1) as answer:
            is_it = not program.names_itself or answer.headers[INSTANCE_HEADER] == program.instance
            return bool(answer.status == 200) and is_it
    except (URLError, OSError):
        return False


def _die_with_parent(parent: int) -> Callable[[], None] | None:
    """On Linux the kernel ends a child when its parent dies, even by kill -9."""
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def prepare() -> None:
        prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG
        if os.getppid() != parent:
            os._exit(1)

    return prepare
