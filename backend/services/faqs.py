"""Review: what happens to FAQ drafts."""

import csv
import io
import json
from collections.abc import AsyncIterator, Sequence
from typing import Literal
from uuid import UUID, uuid4

from backend.db.models import Document, Faq, FaqAction, utc_now
from backend.errors import Conflict, InvalidRequest, NotFound
from backend.repositories.faqs import FaqFilter, GroupSize
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.sync import CollectionSync
from backend.tracing.track import track
from contracts import faqs as wire
from contracts.documents import SourceText
from contracts.faqs import FaqStatus
from contracts.page import Page

ExportFormat = Literal["json", "csv", "markdown"]
EXPORT_PAGE = 200
NO_GROUP = GroupSize(0, 0)


class FaqService:
    def __init__(self, uow: UnitOfWork, sync: CollectionSync) -> None:
        self._uow = uow
        self._sync = sync

    async def page(
        self, principal: Principal, where: FaqFilter, *, sort: wire.FaqSort, slice_: Slice
    ) -> Page[wire.Faq]:
        async with self._uow.read(principal.workspace_id) as tx:
            await _check(tx, where)
            rows, cursor = await tx.faqs.page(where, sort, slice_)
            return Page(items=await _to_wire(tx, rows), next_cursor=cursor)

    async def counts(self, principal: Principal, where: FaqFilter) -> wire.FaqCounts:
        async with self._uow.read(principal.workspace_id) as tx:
            await _check(tx, where)
            found = await tx.faqs.counts(where)
        return wire.FaqCounts(**{status.value: found.get(status.value, 0) for status in FaqStatus})

    async def get(self, principal: Principal, faq_id: UUID) -> wire.Faq:
        async with self._uow.read(principal.workspace_id) as tx:
            return (await _to_wire(tx, [await tx.faqs.get(faq_id)]))[0]

    async def revisions(self, principal: Principal, faq_id: UUID) -> list[wire.FaqRevision]:
        async with self._uow.read(principal.workspace_id) as tx:
            await tx.faqs.get(faq_id)
            return [
                wire.FaqRevision.model_validate(row, from_attributes=True) for row in await tx.faqs.revisions(faq_id)
            ]

    async def source(self, principal: Principal, faq_id: UUID) -> SourceText:
        """The section that the answer came from, or the quote alone when its document is gone."""
        async with self._uow.read(principal.workspace_id) as tx:
            faq = await tx.faqs.get(faq_id)
            section = await tx.documents.section(faq.section_id) if faq.section_id else None
            document = await tx.documents.find(faq.document_id) if faq.document_id else None
        if section is not None and faq.start is not None and faq.end is not None:
            text, start, end = section.text, faq.start, faq.end
        else:
            text = faq.quote or faq.answer
            start, end = 0, len(text)
        return SourceText(
            document_id=faq.document_id,
            document_name=document.name if document else "",
            section=faq.section_title or "",
            page=faq.page,
            anchor=faq.anchor,
            text=text,
            start=start,
            end=end,
        )

    @track("faqs.create")
    async def create(self, principal: Principal, new: wire.NewFaq) -> wire.Faq:
        """A FAQ written by a person: approved at once."""
        faq = approved_faq(principal.workspace_id, new, kind="manual")
        async with self._uow(principal.workspace_id) as tx:
            if new.external_id and await tx.faqs.find_by_external_ids([new.external_id]):
                raise Conflict(f"a FAQ with the external_id {new.external_id!r} exists; edit that one")
            await tx.faqs.add(faq, author=principal.name)
            await self._sync.note(tx, [faq.id])
            return (await _to_wire(tx, [faq]))[0]

    @track("faqs.edit")
    async def edit(self, principal: Principal, faq_id: UUID, edit: wire.FaqEdit) -> wire.Faq:
        """Raises `StaleRevision` when somebody else edited it since revision `edit.revision`."""
        changes = edit.model_dump(exclude={"revision"}, exclude_none=True)
        if not changes:
            raise InvalidRequest("nothing to change; give question, answer or tags")
        async with self._uow(principal.workspace_id) as tx:
            faq = await tx.faqs.get(faq_id)
            await tx.faqs.edit(faq, expected=edit.revision, author=principal.name, changes=changes)
            await self._sync.note(tx, _refs([faq]))
            return (await _to_wire(tx, [faq]))[0]

    @track("faqs.decide")
    async def decide(self, principal: Principal, faq_ids: Sequence[UUID], status: FaqStatus) -> wire.FaqAction:
        """Approves or rejects; FAQs that already have the status stay as they are."""
        return await self._move(principal, dict.fromkeys(faq_ids, status), kind=status.value)

    @track("faqs.merge")
    async def merge(self, principal: Principal, merge: wire.FaqMerge) -> wire.FaqAction:
        """Approves `keep` and rejects the others, as one action."""
        if merge.keep not in merge.ids or len(set(merge.ids)) < 2:
            raise InvalidRequest("ids must name at least two FAQs, and keep must be one of them")
        decisions = dict.fromkeys(merge.ids, FaqStatus.REJECTED) | {merge.keep: FaqStatus.APPROVED}
        return await self._move(principal, decisions, kind="merged")

    async def _move(self, principal: Principal, decisions: dict[UUID, FaqStatus], *, kind: str) -> wire.FaqAction:
        action = FaqAction(id=uuid4(), workspace_id=principal.workspace_id, kind=kind, author=principal.name)
        async with self._uow(principal.workspace_id) as tx:
            faqs = await tx.faqs.get_all(list(decisions))
            moves = [(f.id, FaqStatus(f.status), decisions[f.id]) for f in faqs if f.status != decisions[f.id]]
            changed = await tx.faqs.move(moves, action)
            if changed:
                await self._sync.note(tx, _refs(faqs))
        return wire.FaqAction(action_id=action.id, changed=changed)

    async def decisions(self, principal: Principal, *, limit: int, mine: bool) -> list[wire.FaqDecision]:
        """Newest first. `mine`: only those of this person."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows = await tx.faqs.decisions(limit=limit, author=principal.name if mine else None)
        return [
            wire.FaqDecision.model_validate(
                {
                    "id": action.id,
                    "kind": action.kind,
                    "count": count,
                    "author": action.author,
                    "created_at": action.created_at,
                    "undone_at": action.undone_at,
                }
            )
            for action, count in rows
        ]

    @track("faqs.undo")
    async def undo(self, principal: Principal, action_id: UUID) -> wire.FaqAction:
        """Raises `Conflict` when the action was undone before. FAQs decided again since keep the newer decision."""
        async with self._uow(principal.workspace_id) as tx:
            action, items = await tx.faqs.action(action_id)
            if action.undone_at is not None:
                raise Conflict("this action has already been undone")
            action.undone_at = utc_now()
            changed = await tx.faqs.undo(action, items)
            if changed:
                await self._sync.note(tx, _refs(await tx.faqs.find_all([item.faq_id for item in items])))
        return wire.FaqAction(action_id=action_id, changed=changed)

    async def export(self, principal: Principal, where: FaqFilter, form: ExportFormat) -> AsyncIterator[str]:
        """The FAQs in review order as text, a page at a time."""
        async with self._uow.read(principal.workspace_id) as tx:
            await _check(tx, where)
        return self._exported(principal, where, form)

    async def _exported(self, principal: Principal, where: FaqFilter, form: ExportFormat) -> AsyncIterator[str]:
        write = {"json": _json_lines, "csv": _csv, "markdown": _markdown}[form]
        slice_, first = Slice(EXPORT_PAGE), True
        while True:
            page = await self.page(principal, where, sort="document", slice_=slice_)
            yield write(page.items, first)
            if page.next_cursor is None:
                break
            slice_, first = Slice(EXPORT_PAGE, page.next_cursor), False


async def _check(tx: Tx, where: FaqFilter) -> None:
    """Raises `NotFound` for a document, group or collection that does not exist here."""
    if where.document_id is not None:
        await tx.documents.get(where.document_id)
    if where.group_id is not None and not await tx.faqs.group_members([where.group_id]):
        raise NotFound(f"no group {str(where.group_id)!r}")
    for collection_id in where.collection_ids:
        await tx.collections.get(collection_id)


def approved_faq(workspace_id: UUID, new: wire.NewFaq, *, kind: wire.FaqKind) -> Faq:
    """A row for a FAQ that came from a person or another program, not from a document."""
    now = utc_now()
    return Faq(
        id=uuid4(),
        workspace_id=workspace_id,
        ordinal=int(now.timestamp() * 1000) << 20,
        question=new.question,
        answer=new.answer,
        status=FaqStatus.APPROVED.value,
        kind=kind,
        confidence=1.0,
        tags=new.tags,
        external_id=new.external_id,
        revision=1,
        created_at=now,
        updated_at=now,
    )


def _refs(faqs: Sequence[Faq]) -> list[UUID]:
    return [faq.id for faq in faqs] + [faq.document_id for faq in faqs if faq.document_id is not None]


async def _to_wire(tx: Tx, rows: Sequence[Faq]) -> list[wire.Faq]:
    ids = {row.document_id for row in rows if row.document_id is not None}
    documents = {document.id: document for document in await tx.documents.get_all(list(ids))}
    sizes = await tx.faqs.group_sizes(list({row.group_id for row in rows if row.group_id is not None}))
    return [
        _faq(
            row,
            documents.get(row.document_id) if row.document_id else None,
            sizes.get(row.group_id, NO_GROUP) if row.group_id else NO_GROUP,
        )
        for row in rows
    ]


def _faq(row: Faq, document: Document | None, group: GroupSize) -> wire.Faq:
    source = None
    if row.quote is not None and row.start is not None and row.end is not None:
        source = wire.FaqSource(
            section=row.section_title or "",
            page=row.page,
            anchor=row.anchor,
            quote=row.quote,
            start=row.start,
            end=row.end,
        )
    fields = wire.Faq.model_fields.keys() - {"source", "document_name", "group_size", "group_approved"}
    values = {name: getattr(row, name) for name in fields}
    name = document.name if document else None
    sizes = {"group_size": group.alive, "group_approved": group.approved}
    return wire.Faq(**values, source=source, document_name=name, **sizes)


def _json_lines(faqs: Sequence[wire.Faq], _first: bool) -> str:
    return "".join(json.dumps(faq.model_dump(mode="json"), ensure_ascii=False) + "\n" for faq in faqs)


def _csv(faqs: Sequence[wire.Faq], first: bool) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    if first:
        writer.writerow(["question", "answer", "status", "confidence", "document", "section", "page", "tags"])
    for faq in faqs:
        source = faq.source
        place = (source.section, source.page) if source else ("", None)
        cells = [faq.question, faq.answer, faq.status.value, faq.confidence, faq.document_name or "", *place]
        writer.writerow([_inert(cell) for cell in [*cells, ", ".join(faq.tags)]])
    return out.getvalue()


def _inert(cell: object) -> object:
    """A spreadsheet must not run a cell as a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell


def _markdown(faqs: Sequence[wire.Faq], first: bool) -> str:
    head = "# Frequently asked questions\n" if first else ""
    return head + "".join(f"\n## {faq.question}\n\n{faq.answer}\n" for faq in faqs)
