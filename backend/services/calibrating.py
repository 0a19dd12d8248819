"""Keeps the answer threshold of a collection in line with what it holds."""

import logging
from uuid import UUID

from backend.errors import NotFound
from backend.repositories.uow import UnitOfWork
from backend.retrieval.base import Scope
from backend.retrieval.calibration import Background, Calibrator
from backend.services.workspace_models import origin
from backend.tracing.track import track

log = logging.getLogger("nexus.calibrating")


class Calibrating:
    def __init__(self, uow: UnitOfWork, calibrator: Calibrator) -> None:
        self._uow = uow
        self._calibrator = calibrator

    @track("collections.calibrate")
    async def refresh(self, workspace_id: UUID, collection_id: UUID) -> bool:
        """Measures a collection that was not measured yet, got another model, or is much larger or smaller now.

        What changes meanwhile is another job's, which measures it when it is done. May be repeated. Raises the
        `VectorError` family.
        """
        try:
            async with self._uow.read(workspace_id) as tx:
                collection = await tx.collections.get(collection_id)
                points = (await tx.collections.held(collection_id))[2]
                origin_of_model = await origin(tx, collection.spec["model"])
        except NotFound:
            return False
        model, spec_key = collection.spec["model"], collection.spec["key"]
        known = Background.of(collection.calibration)
        if not Calibrator.suits(model) or not points or (known and not known.is_stale(points, spec_key)):
            return False
        scope = Scope(workspace_id, (collection_id,), 1)
        measured = await self._calibrator.measure(scope, points=points, model=origin_of_model, spec_key=spec_key)
        if measured is None:
            return False
        async with self._uow(workspace_id) as tx:
            is_kept = await tx.collections.set_calibration(collection, measured.stored())
        if is_kept:
            log.info("the collection %r answers from %.3f on", collection.name, measured.threshold)
        return is_kept
