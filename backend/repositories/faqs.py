"""FAQs with their revisions and the decisions made about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, cast
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from backend.db.checked import checked
from backend.db.models import Document, Faq, FaqAction, FaqActionItem, FaqRevision, utc_now
from backend.errors import NotFound, StaleRevision
from backend.faqs.dedup import question_key
from backend.repositories.json_text import each_text
from backend.repositories.paging import Key, Keyset, Slice, page_of
from backend.repositories.removal import REMOVING
from backend.repositories.wanted import drawn_faqs
from contracts.faqs import FaqSort, FaqStatus

KEYSETS: dict[FaqSort, Keyset] = {
    "document": Keyset.by(Faq.ordinal, Faq.place, Faq.id),
    "confidence": Keyset((Key(Faq.confidence, descending=True), Key(Faq.ordinal), Key(Faq.id))),
    "newest": Keyset.by(Faq.created_at, Faq.id, descending=True),
}


class GroupSize(NamedTuple):
    """How many FAQs of a group are not rejected, and how many of them are approved."""

    alive: int
    approved: int


@dataclass(frozen=True, slots=True)
class FaqFilter:
    """`text` is searched for, as written, in questions and answers. The confidence is at least `min_confidence` and
    below `max_confidence`. Of `collection_ids`, one draws from the FAQ or its document; empty asks for any FAQ."""

    status: FaqStatus | None = None
    document_id: UUID | None = None
    group_id: UUID | None = None
    collection_ids: Sequence[UUID] = ()
    kind: str | None = None
    tag: str | None = None
    text: str | None = None
    min_confidence: float | None = None
    max_confidence: float | None = None


class FoundFaq(Protocol):
    """A FAQ, as a search needs it, with its document's name."""

    @property
    def id(self) -> UUID: ...
    @property
    def question(self) -> str: ...
    @property
    def answer(self) -> str: ...
    @property
    def section_title(self) -> str | None: ...
    @property
    def page(self) -> int | None: ...
    @property
    def section_id(self) -> UUID | None: ...
    @property
    def start(self) -> int | None: ...
    @property
    def end(self) -> int | None: ...
    @property
    def document_id(self) -> UUID | None: ...
    @property
    def document_name(self) -> str | None: ...


_THESE = (checked(Faq.workspace_id) == sa.bindparam("workspace"), Faq.id.in_(sa.bindparam("ids", expanding=True)))
_ALL = sa.select(Faq).where(*_THESE)
_FOUND = (
    sa.select(
        Faq.id,
        Faq.question,
        Faq.answer,
        Faq.section_title,
        Faq.page,
        Faq.section_id,
        Faq.start,
        Faq.end,
        Faq.document_id,
        Document.name.label("document_name"),
    )
    .outerjoin(Document, sa.and_(Document.id == Faq.document_id, Document.status.not_in(REMOVING)))
    .where(*_THESE)
)


class FaqRepository:
    """Sees one workspace."""

    def __init__(self, session: AsyncSession, workspace_id: UUID) -> None:
        self._session = session
        self._workspace_id = workspace_id

    def _mine(self) -> sa.Select[Faq]:
        return sa.select(Faq).where(Faq.workspace_id == self._workspace_id)

    async def get(self, faq_id: UUID) -> Faq:
        faq = (await self._session.scalars(self._mine().where(Faq.id == faq_id))).one_or_none()
        if faq is None:
            raise NotFound(f"no FAQ {str(faq_id)!r}")
        return faq

    async def find(self, faq_id: UUID) -> Faq | None:
        return (await self._session.scalars(self._mine().where(Faq.id == faq_id))).one_or_none()

    async def find_all(self, faq_ids: Sequence[UUID]) -> Sequence[Faq]:
        """Those that exist, in no particular order; at most 500 ids."""
        if not faq_ids:
            return []
        return (await self._session.scalars(_ALL, {"workspace": self._workspace_id, "ids": faq_ids})).all()

    async def found(self, faq_ids: Sequence[UUID]) -> Sequence[FoundFaq]:
        """As `find_all`, the columns alone: objects take three times as long."""
        if not faq_ids:
            return []
        asked = {"workspace": self._workspace_id, "ids": faq_ids}
        return cast(Sequence[FoundFaq], (await self._session.execute(_FOUND, asked)).all())

    async def get_all(self, faq_ids: Sequence[UUID]) -> Sequence[Faq]:
        """In no particular order; at most 500 ids. Raises `NotFound` for the first that is missing."""
        rows = await self.find_all(faq_ids)
        missing = set(faq_ids) - {row.id for row in rows}
        if missing:
            raise NotFound(f"no FAQ {str(min(missing))!r}")
        return rows

    async def find_by_external_ids(self, external_ids: Sequence[str]) -> dict[str, Faq]:
        rows = (await self._session.scalars(self._mine().where(Faq.external_id.in_(external_ids)))).all()
        return {row.external_id: row for row in rows if row.external_id is not None}

    async def page(self, where: FaqFilter, sort: FaqSort, slice_: Slice) -> tuple[Sequence[Faq], str | None]:
        return await page_of(self._session, self._mine().where(*_conditions(where)), KEYSETS[sort], slice_)

    async def counts(self, where: FaqFilter) -> dict[str, int]:
        query = (
            sa.select(Faq.status, sa.func.count())
            .where(Faq.workspace_id == self._workspace_id, *_conditions(where))
            .group_by(Faq.status)
        )
        return dict((await self._session.execute(query)).all())

    async def ids(self, where: FaqFilter, *, limit: int) -> Sequence[UUID]:
        query = sa.select(Faq.id).where(Faq.workspace_id == self._workspace_id, *_conditions(where)).limit(limit)
        return (await self._session.scalars(query)).all()

    async def group_members(self, group_ids: Sequence[UUID]) -> Sequence[Faq]:
        return (await self._session.scalars(self._mine().where(Faq.group_id.in_(group_ids)))).all()

    async def group_sizes(self, group_ids: Sequence[UUID]) -> dict[UUID, GroupSize]:
        """By group id; groups of rejected FAQs alone are left out. At most 500 ids."""
        if not group_ids:
            return {}
        approved = sa.func.sum(sa.case((Faq.status == FaqStatus.APPROVED.value, 1), else_=0))
        query = (
            sa.select(Faq.group_id, sa.func.count(), approved)
            .where(
                Faq.workspace_id == self._workspace_id,
                Faq.group_id.in_(group_ids),
                Faq.status != FaqStatus.REJECTED.value,
            )
            .group_by(Faq.group_id)
        )
        found = (await self._session.execute(query)).all()
        return {group_id: GroupSize(count, kept) for group_id, count, kept in found if group_id is not None}

    async def approved_with_question(self, questions: Sequence[str]) -> dict[str, UUID]:
        """Question -> an approved FAQ that asks it, whatever the case of its letters; scans the workspace's FAQs."""
        if not questions:
            return {}
        lower = {question.lower() for question in questions}
        query = sa.select(Faq.id, Faq.question).where(
            Faq.workspace_id == self._workspace_id,
            Faq.status == FaqStatus.APPROVED.value,
            sa.or_(Faq.question.in_(questions), sa.func.lower(Faq.question).in_(lower)),
        )
        found = {question.lower(): faq_id for faq_id, question in await self._session.execute(query)}
        return {question: found[question.lower()] for question in questions if question.lower() in found}

    async def shared_keys(self, document_id: UUID, *, after: str, limit: int) -> Sequence[str]:
        """In order, the keys of the document's questions that more than one question of the workspace has."""
        mine = sa.select(Faq.question_key).where(Faq.document_id == document_id)
        query = (
            sa.select(Faq.question_key)
            .where(Faq.workspace_id == self._workspace_id, Faq.question_key > after, Faq.question_key.in_(mine))
            .group_by(Faq.question_key)
            .having(sa.func.count() > 1)
        )
        return (await self._session.scalars(query.order_by(Faq.question_key).limit(limit))).all()

    async def questions_with(self, keys: Sequence[str]) -> Sequence[tuple[UUID, str, UUID | None]]:
        """(id, question, group) of every FAQ with one of these keys; at most 500 keys."""
        query = sa.select(Faq.id, Faq.question, Faq.group_id).where(
            Faq.workspace_id == self._workspace_id, Faq.question_key.in_(keys)
        )
        return (await self._session.execute(query.order_by(Faq.id))).all()

    async def groups_of(self, faq_ids: Sequence[UUID]) -> dict[UUID, UUID | None]:
        """FAQ id -> group id or None; FAQs that are gone are left out."""
        found: dict[UUID, UUID | None] = {}
        for start in range(0, len(faq_ids), 500):
            chosen = Faq.id.in_(faq_ids[start : start + 500])
            query = sa.select(Faq.id, Faq.group_id).where(checked(Faq.workspace_id) == self._workspace_id, chosen)
            found.update((row[0], row[1]) for row in await self._session.execute(query))
        return found

    async def set_groups(self, groups: dict[UUID, UUID]) -> None:
        """FAQ id -> group id."""
        for faq_id, group_id in groups.items():
            await self._session.execute(
                sa.update(Faq).where(Faq.workspace_id == self._workspace_id, Faq.id == faq_id).values(group_id=group_id)
            )

    async def put_drafts(self, rows: Sequence[dict[str, Any]]) -> None:
        """Adds drafts that are not there yet: one that a person has already worked on stays as it is."""
        if not rows:
            return
        ids = [row["id"] for row in rows]
        known = set((await self._session.scalars(sa.select(Faq.id).where(Faq.id.in_(ids)))).all())
        fresh = [
            {"workspace_id": self._workspace_id, "question_key": question_key(row["question"]), **row}
            for row in rows
            if row["id"] not in known
        ]
        if fresh:
            await self._session.execute(sa.insert(Faq), fresh)
            await self._session.execute(sa.insert(FaqRevision), [_first_revision(row) for row in fresh])

    async def add(self, faq: Faq, *, author: str) -> None:
        faq.question_key = question_key(faq.question)
        self._session.add(faq)
        await self._session.flush()
        self._session.add(_revision(faq, author))

    async def edit(self, faq: Faq, *, expected: int, author: str, changes: dict[str, Any]) -> None:
        """Raises `StaleRevision` unless the FAQ still is at revision `expected`."""
        if expected != faq.revision:
            raise _stale(expected, faq)
        values = {**changes, "revision": expected + 1, "updated_at": utc_now()}
        if "question" in changes:
            values["question_key"] = question_key(changes["question"])
        done = await self._session.execute(
            sa.update(Faq)
            .where(Faq.workspace_id == self._workspace_id, Faq.id == faq.id, Faq.revision == expected)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
        await self._session.refresh(faq)
        if done.rowcount == 0:  # type: ignore[attr-defined]  # a CursorResult for DML
            raise _stale(expected, faq)
        self._session.add(_revision(faq, author))
        await self._session.flush()

    async def revisions(self, faq_id: UUID) -> Sequence[FaqRevision]:
        query = sa.select(FaqRevision).where(
            FaqRevision.workspace_id == self._workspace_id, FaqRevision.faq_id == faq_id
        )
        return (await self._session.scalars(query.order_by(FaqRevision.revision.desc()))).all()

    # --- decisions ------------------------------------------------------------
    async def move(self, moves: Sequence[tuple[UUID, FaqStatus, FaqStatus]], action: FaqAction) -> int:
        """Sets statuses (id, from, to) as one action and returns how many moved; rows not at `from` are left alone."""
        self._session.add(action)
        await self._session.flush()
        moved = [move for move in moves if await self._set_status(*move)]
        if moved:
            await self._session.execute(
                sa.insert(FaqActionItem),
                [
                    {
                        "workspace_id": self._workspace_id,
                        "action_id": action.id,
                        "faq_id": faq_id,
                        "before": before.value,
                        "after": after.value,
                    }
                    for faq_id, before, after in moved
                ],
            )
        return len(moved)

    async def decisions(self, *, limit: int, author: str | None = None) -> Sequence[tuple[FaqAction, int]]:
        """(action, FAQs moved) newest first; those that moved nothing, or whose FAQs are all gone, are left out."""
        query = (
            sa.select(FaqAction, sa.func.count())
            .join(FaqActionItem, FaqActionItem.action_id == FaqAction.id)
            .where(FaqAction.workspace_id == self._workspace_id)
            .group_by(FaqAction.id)
            .order_by(FaqAction.created_at.desc(), FaqAction.id)
        )
        if author is not None:
            query = query.where(FaqAction.author == author)
        return [(action, count) for action, count in await self._session.execute(query.limit(limit))]

    async def action(self, action_id: UUID) -> tuple[FaqAction, Sequence[FaqActionItem]]:
        mine = FaqAction.workspace_id == self._workspace_id
        action = (
            await self._session.scalars(sa.select(FaqAction).where(mine, FaqAction.id == action_id))
        ).one_or_none()
        if action is None:
            raise NotFound(f"no action {str(action_id)!r}")
        items = await self._session.scalars(sa.select(FaqActionItem).where(FaqActionItem.action_id == action_id))
        return action, items.all()

    async def undo(self, action: FaqAction, items: Sequence[FaqActionItem]) -> int:
        """Moves each FAQ back, unless it was decided again since; a decision that was undone itself does not count."""
        query = (
            sa.select(FaqActionItem.faq_id)
            .join(FaqAction, FaqAction.id == FaqActionItem.action_id)
            .where(
                FaqActionItem.faq_id.in_([item.faq_id for item in items]),
                FaqAction.created_at > action.created_at,
                FaqAction.undone_at.is_(None),
            )
        )
        newer = set((await self._session.scalars(query)).all())
        back = [item for item in items if item.faq_id not in newer]
        return sum([await self._set_status(i.faq_id, FaqStatus(i.after), FaqStatus(i.before)) for i in back])

    async def _set_status(self, faq_id: UUID, before: FaqStatus, after: FaqStatus) -> bool:
        done = await self._session.execute(
            sa.update(Faq)
            .where(Faq.workspace_id == self._workspace_id, Faq.id == faq_id, Faq.status == before.value)
            .values(status=after.value, updated_at=utc_now())
        )
        return bool(done.rowcount)  # type: ignore[attr-defined]  # a CursorResult for DML


def _stale(expected: int, faq: Faq) -> StaleRevision:
    return StaleRevision(
        f"you edited revision {expected} of this FAQ, but it is now at {faq.revision}; reload it and try again"
    )


def _conditions(where: FaqFilter) -> list[sa.ColumnElement[bool]]:
    found: list[sa.ColumnElement[bool]] = []
    if where.status is not None:
        found.append(Faq.status == where.status.value)
    if where.document_id is not None:
        found.append(Faq.document_id == where.document_id)
    if where.group_id is not None:
        found.append(Faq.group_id == where.group_id)
    if where.collection_ids:
        found.append(drawn_faqs(where.collection_ids))
    if where.kind is not None:
        found.append(Faq.kind == where.kind)
    if where.tag is not None:
        each = each_text(Faq.tags).table_valued("value")
        found.append(sa.exists(sa.select(1).select_from(each).where(each.c.value == where.tag)))
    if where.min_confidence is not None:
        found.append(Faq.confidence >= where.min_confidence)
    if where.max_confidence is not None:
        found.append(Faq.confidence < where.max_confidence)
    if where.text:
        found.append(
            sa.or_(
                Faq.question.icontains(where.text, autoescape=True), Faq.answer.icontains(where.text, autoescape=True)
            )
        )
    return found


def _revision(faq: Faq, author: str) -> FaqRevision:
    return FaqRevision(
        workspace_id=faq.workspace_id,
        faq_id=faq.id,
        revision=faq.revision,
        question=faq.question,
        answer=faq.answer,
        tags=faq.tags,
        author=author,
    )


def _first_revision(row: dict[str, Any]) -> dict[str, Any]:
    kept = {key: row[key] for key in ("workspace_id", "question", "answer")}
    return {**kept, "faq_id": row["id"], "revision": 1, "tags": row.get("tags", []), "author": "extraction"}
