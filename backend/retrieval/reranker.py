"""The order of what was found."""

from collections.abc import Sequence

from backend.retrieval.base import RetrievedItem


class KeptOrder:
    """The order of the search."""

    name = "off"
    failure = ""

    async def rerank(self, question: str, items: Sequence[RetrievedItem]) -> Sequence[RetrievedItem]:  # noqa: ARG002
        return items
