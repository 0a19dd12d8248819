from enum import StrEnum
from typing import Final, Literal

from contracts.base import Answer
from contracts.faqs import FaqCounts

INSTANCE_HEADER: Final = "X-Nexus-Instance"
"""On every answer of `/health`: which process answers. A name that lives as long as the process."""


class ComponentStatus(StrEnum):
    OK = "ok"
    DEGRADED = "degraded"
    DOWN = "down"


class Health(Answer):
    status: Literal["ok"] = "ok"


class Component(Answer):
    name: str
    label: str
    status: ComponentStatus
    detail: str = ""


class Readiness(Answer):
    status: ComponentStatus
    version: str
    components: list[Component]


class DiskUse(Answer):
    """Bytes. `free` and `total` are of the volume that holds the data directory."""

    database: int
    files: int
    free: int
    total: int


class DayCount(Answer):
    day: str
    count: int


class Overview(Answer):
    """The home page in one call. Series hold one count a day (UTC), oldest first.

    `failed_jobs` are the failures that still matter: the latest job of a document that is not read, of a collection
    that is not up to date, and ingestions of the last seven days. `failed_documents` are those among them.
    """

    faqs: FaqCounts
    documents: int
    passages: int
    running_jobs: int
    failed_jobs: int
    failed_documents: int
    answers_today: int
    answered_today: int
    approved_by_day: list[DayCount]
    documents_by_day: list[DayCount]
    answers_by_day: list[DayCount]
    unanswered_by_day: list[DayCount]
    disk: DiskUse
    upload_limit: int
