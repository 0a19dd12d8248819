"""The knowledge that an agent is created with."""

import re
import unicodedata
from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

from backend.errors import Forbidden
from backend.repositories.uow import Tx
from backend.security.permissions import Permission, may
from backend.security.principal import Principal
from contracts.agents import AgentNew
from contracts.collections import Ingest, IngestAccepted

Ingesting = Callable[[Tx, Ingest], Awaitable[IngestAccepted]]
"""Submits the job that brings knowledge into a collection, which is made where there is none of that name."""
LONGEST: Final = 34
"""Of a collection's name, with room for a number."""


def check_may_give(principal: Principal, new: AgentNew) -> None:
    """Raises `Forbidden` for FAQs of somebody who may approve none."""
    if new.faqs and not may(principal.role, Permission.FAQS_REVIEW):
        raise Forbidden("faqs: only a reviewer may store FAQs as approved; give the faq_ids of approved ones instead")


async def take_in(tx: Tx, new: AgentNew, ingest: Ingesting) -> tuple[UUID, UUID | None]:
    """The collection that it answers from first, and the job that fills it with what is given."""
    if not (new.faqs or new.faq_ids or new.document_ids):
        return new.collection_id or (await tx.agents.default()).collection_id, None
    if new.collection_id is not None:
        name = (await tx.collections.get(new.collection_id)).name
    else:
        name = await _free_name(tx, new.name)
    given = Ingest(collection=name, faqs=new.faqs, faq_ids=new.faq_ids, document_ids=new.document_ids)
    accepted = await ingest(tx, given)
    return accepted.collection_id, accepted.job_id


async def _free_name(tx: Tx, agent: str) -> str:
    """The agent's name as that of a collection, with a number behind it where there is one of that name already."""
    name, number = collection_name(agent), 1
    free = name
    while await tx.collections.find_by_name(free) is not None:
        number += 1
        free = f"{name}_{number}"
    return free


def collection_name(agent: str) -> str:
    """The letters a to z and digits of an agent's name, joined by underscores: `Verkauf (Zürich)` is `verkauf_zurich`;
    of one that has too few of them, `agent`."""
    plain = unicodedata.normalize("NFKD", agent).encode("ascii", "ignore").decode().lower()
    name = re.sub(r"[^a-z0-9]+", "_", plain).strip("_")
    if name and not name[0].isalpha():
        name = f"agent_{name}"
    name = name[:LONGEST].strip("_")
    return name if len(name) >= 3 else "agent"
