"""A task module for the tests of `backend.jobs.children`: does what its arguments say."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Literal

from pydantic import BaseModel

from backend.errors import EncryptedPdf
from backend.jobs.child_main import Report


class Arguments(BaseModel):
    act: Literal[
        "count", "environment", "typed", "crash", "kill", "abort", "hang", "spin", "hoard", "flood", "noise", "exit"
    ]
    amount: int = 0


class Number(BaseModel):
    value: int


class Note(BaseModel):
    text: str


def main(arguments: Arguments, report: Report) -> Iterator[BaseModel]:
    match arguments.act:
        case "count":
            yield from count(arguments.amount, report)
        case "environment":
            yield from (Note(text=f"{name}={value}") for name, value in os.environ.items())
        case "typed":
            raise EncryptedPdf("this PDF asks for a password; remove it and upload again")
        case "crash":
            raise ValueError("/secret/path is not a number")
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "abort":
            os.abort()
        case "exit":
            os._exit(0)
        case _:
            yield from exhaust(arguments)


def count(amount: int, report: Report) -> Iterator[BaseModel]:
    for value in range(amount):
        yield Number(value=value)
        if value % 2:
            yield Note(text=f"odd {value}")
        report(value + 1, amount)


def exhaust(arguments: Arguments) -> Iterator[BaseModel]:
    match arguments.act:
        case "hang":
            grandchild = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
            os.write(2, f"{os.getpid()} {grandchild.pid}\n".encode())
            yield Note(text="hanging")
            time.sleep(600)
        case "spin":
            while True:
                pass
        case "hoard":
            kept = [bytearray(1 << 20) for _ in range(arguments.amount)]
            yield Number(value=len(kept))
        case "flood":
            yield from (Note(text="x" * 1000) for _ in range(arguments.amount))
        case "noise":
            for _ in range(arguments.amount):
                os.write(2, b"noise " * 1000)
            raise RuntimeError("the end")
