"""The words that are searched for."""

from collections.abc import Sequence

from backend.retrieval.base import Phrasing


class AsAsked:
    """The question's own."""

    name = "views"
    failure = ""

    async def phrasings(self, question: str) -> Sequence[Phrasing]:  # noqa: ARG002
        return ()
