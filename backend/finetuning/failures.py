"""What the libraries of training raise, as errors that say what to do."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import safetensors

from backend.errors import NexusError, StorageFull, TrainingOutOfMemory, UnusableModel

_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT})
_FULL_WORDS: Final = tuple(f"(os error {number})" for number in sorted(_FULL))
_MEMORY_WORDS: Final = ("can't allocate memory", "out of memory", "cannot allocate memory", "bad_alloc")


@contextmanager
def explained(less_memory: str) -> Iterator[None]:
    """Raises `TrainingOutOfMemory` and `StorageFull` for what torch and safetensors say in words of their own.

    `less_memory` says what to do for a training to take less of it.
    """
    try:
        yield
    except NexusError:
        raise
    except Exception as exc:
        if is_memory(exc):
            raise TrainingOutOfMemory(f"the training ran out of memory; {less_memory}") from exc
        if is_full(exc):
            raise StorageFull(
                "the disk is full; what was saved last is whole: free some and start the training again, it goes on "
                "from there"
            ) from exc
        raise


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Raises `UnusableModel` for a base model that the libraries cannot read."""
    try:
        yield
    except (
        OSError,
        ValueError,
        ImportError,
        KeyError,
        AttributeError,
        RuntimeError,
        TypeError,
        safetensors.SafetensorError,
    ) as exc:
        if is_memory(exc) or is_full(exc):
            raise
        raise UnusableModel(
            f"the {what} of the base model cannot be read ({type(exc).__name__}: {str(exc)[:300]}); take another copy "
            "of it, or another model"
        ) from exc


def is_memory(error: BaseException) -> bool:
    text = str(error).lower()
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError | OSError) and any(words in text for words in _MEMORY_WORDS)
    )


def is_full(error: BaseException) -> bool:
    if isinstance(error, OSError) and error.errno in _FULL:
        return True
    return isinstance(error, safetensors.SafetensorError) and any(words in str(error) for words in _FULL_WORDS)
