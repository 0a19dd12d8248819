from uuid import UUID

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.documents import Document, FaqsOnDelete, SourceText
from contracts.page import Page

router = guarded_router("documents")


@router.get("/documents")
async def list_documents(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[Document]:
    """Newest first."""
    return await services.documents.page(principal, slice_)


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
