"""Uploading documents for extraction."""

from functools import partial
from typing import Any, Final

from fastapi import Request

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.documents import Upload
from contracts.problem import UploadProblem

router = guarded_router("documents")

FORM: Final = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["files"],
                    "properties": {
                        "files": {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1}
                    },
                }
            }
        },
    }
}
_REFUSED: Final[dict[int | str, dict[str, Any]]] = {status: {"model": UploadProblem} for status in (413, 415, 422, 507)}


@router.post("/faq/upload", status_code=202, openapi_extra=FORM, responses=_REFUSED)
async def upload(request: Request, services: Services, principal: CurrentPrincipal) -> Upload:
    """PDF, DOCX, HTML, Markdown or text; one durable job a file, in the order they were sent."""
    content_type = request.headers.get("content-type", "")
    note = partial(setattr, request.state, "fingerprint")
    return await services.uploads.receive(principal, request.stream(), content_type, note)


@router.post("/samples", status_code=202)
async def load_samples(services: Services, principal: CurrentPrincipal) -> Upload:
    """Loads the sample handbook."""
    return await services.uploads.load_samples(principal)
