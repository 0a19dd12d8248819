"""Transactions are short: nothing slow is awaited inside one."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_inside: ContextVar[bool] = ContextVar("nexus_inside_transaction", default=False)


@contextmanager
def transaction() -> Iterator[None]:
    """Marks the code inside as part of a transaction."""
    token = _inside.set(True)
    try:
        yield
    finally:
        _inside.reset(token)


def forbid_in_transaction(what: str) -> None:
    """Raises `RuntimeError` inside a transaction: `what` would lock every other writer out while it is awaited."""
    if _inside.get():
        raise RuntimeError(f"{what} must not be awaited inside a transaction")
