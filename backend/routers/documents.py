from typing import Annotated
from uuid import UUID

from fastapi import Query

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.base import Storable
from contracts.documents import Document, DocumentSort, FaqsOnDelete, SourceText
from contracts.page import Page

router = guarded_router("documents")


@router.get("/documents")
async def list_documents(
    services: Services,
    principal: CurrentPrincipal,
    slice_: PageSlice,
    q: Annotated[str | None, Query(max_length=200), Storable] = None,
    sort: DocumentSort = "newest",
) -> Page[Document]:
    """`q` is searched for as written, in names and titles."""
    return await services.documents.page(principal, slice_, text=q, sort=sort)


@router.get("/documents/{document_id}")
async def get_document(document_id: UUID, services: Services, principal: CurrentPrincipal) -> Document:
    return await services.documents.get(principal, document_id)


@router.delete("/documents/{document_id}", status_code=204)
async def delete_document(
    document_id: UUID, services: Services, principal: CurrentPrincipal, faqs: FaqsOnDelete = "keep"
) -> None:
    """Drafts always go with their document; `faqs=keep` keeps the approved ones."""
    await services.documents.delete(principal, document_id, faqs=faqs)


@router.get("/passages/{passage_id}")
async def get_passage(passage_id: UUID, services: Services, principal: CurrentPrincipal) -> SourceText:
    """What a citation opens."""
    return await services.documents.passage(principal, passage_id)
