from typing import Generic, TypeVar

from contracts.base import Answer

T = TypeVar("T")


class Page(Answer, Generic[T]):
    """One page of a list. Pass `next_cursor` as `cursor` for the next one; null is the end."""

    items: list[T]
    next_cursor: str | None = None
