"""Questions that somebody may begin with: those of approved FAQs, whose answers are known to be right."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from contracts.faqs import Faq, FaqStatus
from frontend.api_client import Api

SUGGESTED: Final = 4
FIRST: Final = 12
"""Read at first: enough unless several FAQs ask the same."""
PAGE: Final = 200


def suggested(api: Api, collection_ids: Sequence[UUID]) -> list[Faq]:
    """Of these collections, the surest first; each question once, whatever the case of its letters."""
    found: dict[str, Faq] = {}
    limit, cursor = FIRST, None
    while True:
        page = api.faqs(
            status=FaqStatus.APPROVED, collection_ids=collection_ids, sort="confidence", limit=limit, cursor=cursor
        )
        for faq in page.items:
            found.setdefault(" ".join(faq.question.casefold().split()), faq)
        if len(found) >= SUGGESTED or page.next_cursor is None:
            return list(found.values())[:SUGGESTED]
        limit, cursor = PAGE, page.next_cursor
