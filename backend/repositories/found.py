"""What a search reads of the points that it found: statements that are built once.

Building a statement costs as much as running it, and a search asks the same ones each time.
"""

from functools import cache
from typing import Final
from uuid import UUID

import sqlalchemy as sa

from backend.db.models import Embedding, VectorPoint
from backend.repositories.wanted import Id, embeds, stale

_WORKSPACE: Final[Id] = sa.bindparam("workspace", type_=sa.Uuid())
_COLLECTION: Final[Id] = sa.bindparam("collection", type_=sa.Uuid())


@cache
def current_points(*, everything: bool) -> sa.Select[UUID, UUID, str, str]:
    """(point_id, item_id, source, view) of the points with `keys` that are not stale."""
    columns = (VectorPoint.point_id, VectorPoint.item_id, VectorPoint.source, VectorPoint.view)
    return sa.select(*columns).where(
        VectorPoint.collection_id == _COLLECTION,
        VectorPoint.key.in_(sa.bindparam("keys", expanding=True)),
        ~VectorPoint.deleted,
        ~stale(_WORKSPACE, _COLLECTION, everything=everything),
    )


VIEWS: Final[sa.Select[UUID, str, str, bytes]] = (
    sa.select(VectorPoint.item_id, VectorPoint.source, VectorPoint.view, Embedding.vector)
    .join(Embedding, embeds(_WORKSPACE, sa.bindparam("spec_key", type_=sa.Text())))
    .where(
        VectorPoint.collection_id == _COLLECTION,
        VectorPoint.item_id.in_(sa.bindparam("items", expanding=True)),
        ~VectorPoint.deleted,
    )
)
"""(item_id, source, view, vector) of every live view of `items`, by the model `spec_key`."""
