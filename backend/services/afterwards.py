"""What follows when a collection holds what it should."""

from uuid import UUID

from backend.services.calibrating import Calibrating
from backend.services.similar import SimilarFaqs


class Afterwards:
    def __init__(self, similar: SimilarFaqs, calibrating: Calibrating) -> None:
        self._similar = similar
        self._calibrating = calibrating

    async def follow(self, workspace_id: UUID, collection_id: UUID) -> None:
        """FAQs that ask for the same get one group, and it is measured when the collection answers. May be repeated."""
        await self._similar.compare(workspace_id, collection_id)
        await self._calibrating.refresh(workspace_id, collection_id)
