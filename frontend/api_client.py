"""The typed client: with its `api_*` parts, the only one that knows HTTP. Failures leave it as `ApiError`."""

from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import BinaryIO, cast
from uuid import UUID, uuid4

import httpx
from pydantic import ValidationError

from contracts.access import ApiKey, CreatedApiKey, Me, NewApiKey
from contracts.agents import Agent, AgentEdit, AgentNew
from contracts.chat import (
    Chat,
    Conversation,
    ConversationSource,
    ConversationSummary,
    RagChat,
    UnansweredQuestion,
)
from contracts.collections import Collection
from contracts.documents import Document, DocumentSort, FaqsOnDelete, SourceText, Upload
from contracts.drafting import DraftingEstimate, NewDrafting
from contracts.embedding_models import EmbeddingModel, ModelChoice
from contracts.faqs import (
    Faq,
    FaqAction,
    FaqCounts,
    FaqDecision,
    FaqEdit,
    FaqIds,
    FaqMerge,
    FaqRevision,
    FaqSort,
    FaqStatus,
    NewFaq,
)
from contracts.jobs import Job, JobCounts, JobKind, JobOrder, JobStatus
from contracts.page import Page
from contracts.problem import UploadProblem
from contracts.providers import Provider, ProviderCheck, ProviderSettings
from contracts.system import Overview, Readiness
from frontend.api_batches import BatchApi
from frontend.api_calls import UploadFile, clean, parse
from frontend.api_comparing import ComparingApi
from frontend.api_problems import ApiError, Translated, problem_of
from frontend.api_smart import SmartApi
from frontend.api_training import TrainingApi
from frontend.chat_stream import ChatStream

__all__ = ["Api", "ApiError", "UploadFile", "http_client"]

Bounds = tuple[float | None, float | None]


def http_client(base_url: str, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """One connection pool for all sessions. `transport` is for tests that run the API in the same process."""
    return httpx.Client(
        base_url=base_url,
        transport=transport,
        timeout=httpx.Timeout(30, connect=3),
        limits=httpx.Limits(max_connections=200, max_keepalive_connections=20),
    )


class Api(TrainingApi, ComparingApi, BatchApi, SmartApi):
    """What the pages may ask, as one person (`token`)."""

    # --- the system ----------------------------------------------------------
    def ready(self) -> Readiness:
        """How each part is. A 503 carries the same body and is an answer here, not an error."""
        with Translated():
            response = self._http.get("/ready", headers=self._headers, timeout=5)
        try:
            return Readiness.model_validate_json(response.content)
        except ValidationError:
            raise ApiError(problem_of(response)) from None

    def me(self) -> Me:
        return self._get(Me, "/me")

    def overview(self) -> Overview:
        return self._get(Overview, "/overview")

    # --- documents -----------------------------------------------------------
    def upload(self, files: Sequence[UploadFile]) -> Upload:
        """Sends the files in pieces. Refused ones come back as problems in their place, also when all were."""
        parts = [("files", (file.name, cast(BinaryIO, file), file.type)) for file in files]
        try:
            response = self._send(
                "POST",
                "/faq/upload",
                files=parts,
                headers={"Idempotency-Key": str(uuid4())},
                timeout=httpx.Timeout(600, connect=3),
            )
        except ApiError as error:
            if isinstance(error.problem, UploadProblem) and len(error.problem.errors) == len(files):
                return Upload(jobs=list(error.problem.errors))
            raise
        return parse(Upload, response)

    def load_samples(self) -> Upload:
        return self._start(Upload, "/samples")

    def documents(
        self, *, q: str = "", sort: DocumentSort = "newest", limit: int = 50, cursor: str | None = None
    ) -> Page[Document]:
        return self._get(Page[Document], "/documents", {"q": q, "sort": sort, "limit": limit, "cursor": cursor})

    def all_documents(self, *, q: str = "", sort: DocumentSort = "newest") -> list[Document]:
        """Every document with `q` in its name or title, in pages of 200."""
        found: list[Document] = []
        cursor: str | None = None
        while True:
            page = self.documents(q=q, sort=sort, limit=200, cursor=cursor)
            found += page.items
            cursor = page.next_cursor
            if cursor is None:
                return found

    def delete_document(self, document_id: UUID, *, faqs: FaqsOnDelete) -> None:
        self._send("DELETE", f"/documents/{document_id}", params={"faqs": faqs})

    def drafting_estimate(
        self, document_id: UUID, provider: str, model: str = "", *, again: bool = False
    ) -> DraftingEstimate:
        params = {"provider": provider, "model": model, "again": "true" if again else None}
        return self._get(DraftingEstimate, f"/documents/{document_id}/drafting", params)

    def draft(self, document_id: UUID, new: NewDrafting) -> Job:
        """Lets a model draft from the document; 409 while one does."""
        return self._start(Job, f"/documents/{document_id}/drafting", new)

    def passage(self, passage_id: UUID) -> SourceText:
        return self._get(SourceText, f"/passages/{passage_id}")

    # --- FAQs ----------------------------------------------------------------
    def faqs(
        self,
        *,
        status: FaqStatus | None = None,
        document_id: UUID | None = None,
        q: str = "",
        group_id: UUID | None = None,
        collection_ids: Sequence[UUID] = (),
        confidence: Bounds = (None, None),
        sort: FaqSort = "document",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Faq]:
        """`confidence`: from the first on, below the second. Of no `collection_ids`: of all."""
        return self._get(
            Page[Faq],
            "/faqs",
            {
                "status": status,
                "document_id": document_id,
                "q": q,
                "group_id": group_id,
                "collection_id": tuple(str(one) for one in collection_ids),
                "min_confidence": confidence[0],
                "max_confidence": confidence[1],
                "sort": sort,
                "limit": limit,
                "cursor": cursor,
            },
        )

    def faq_counts(
        self, *, document_id: UUID | None = None, q: str = "", confidence: Bounds = (None, None)
    ) -> FaqCounts:
        bounds = {"min_confidence": confidence[0], "max_confidence": confidence[1]}
        return self._get(FaqCounts, "/faqs/counts", {"document_id": document_id, "q": q, **bounds})

    def faq(self, faq_id: UUID) -> Faq:
        return self._get(Faq, f"/faqs/{faq_id}")

    def faq_source(self, faq_id: UUID) -> SourceText:
        return self._get(SourceText, f"/faqs/{faq_id}/source")

    def faq_revisions(self, faq_id: UUID) -> list[FaqRevision]:
        return self._get(list[FaqRevision], f"/faqs/{faq_id}/revisions")

    def create_faq(self, faq: NewFaq) -> Faq:
        return self._write("POST", Faq, "/faqs", faq)

    def edit_faq(self, faq_id: UUID, edit: FaqEdit) -> Faq:
        """409 `stale_revision` when somebody saved in between."""
        return self._write("PATCH", Faq, f"/faqs/{faq_id}", edit)

    def approve(self, ids: Sequence[UUID]) -> FaqAction:
        return self._write("POST", FaqAction, "/faqs/approve", FaqIds(ids=list(ids)))

    def reject(self, ids: Sequence[UUID]) -> FaqAction:
        return self._write("POST", FaqAction, "/faqs/reject", FaqIds(ids=list(ids)))

    def merge(self, ids: Sequence[UUID], *, keep: UUID) -> FaqAction:
        return self._write("POST", FaqAction, "/faqs/merge", FaqMerge(ids=list(ids), keep=keep))

    def undo(self, action_id: UUID) -> FaqAction:
        return self._write("POST", FaqAction, f"/faqs/actions/{action_id}/undo")

    def decisions(self, *, limit: int = 20) -> list[FaqDecision]:
        """The person's own, newest first."""
        return self._get(list[FaqDecision], "/faqs/actions", {"limit": limit, "mine": "true"})

    def export_faqs(self, file_format: str, *, status: FaqStatus | None) -> bytes:
        response = self._send("GET", "/faqs/export", params=clean({"format": file_format, "status": status}))
        return response.content

    # --- chat ----------------------------------------------------------------
    def collections(self) -> Page[Collection]:
        return self._get(Page[Collection], "/collections")

    @contextmanager
    def chat(self, question: RagChat | Chat) -> Generator[ChatStream]:
        """A question to a collection or an agent."""
        body = question.model_copy(update={"stream": True})
        with self._events("/chat" if isinstance(question, Chat) else "/rag-chat", body) as source:
            yield ChatStream(source)

    def conversations(
        self,
        *,
        q: str = "",
        everybody: bool = False,
        sources: tuple[ConversationSource, ...] = (),
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[ConversationSummary]:
        """One's own, the last used first; an admin may ask for everybody's. Of no `sources`: of all."""
        params = {"q": q, "all": "true" if everybody else None, "limit": limit, "cursor": cursor, "source": sources}
        return self._get(Page[ConversationSummary], "/conversations", params)

    def conversation(self, conversation_id: UUID) -> Conversation:
        return self._get(Conversation, f"/conversations/{conversation_id}")

    def delete_conversation(self, conversation_id: UUID) -> None:
        self._send("DELETE", f"/conversations/{conversation_id}")

    def unanswered(
        self, *, sources: tuple[ConversationSource, ...] = (), limit: int = 50, cursor: str | None = None
    ) -> Page[UnansweredQuestion]:
        """The questions that had no answer, newest first. Of no `sources`: of all."""
        params = {"limit": limit, "cursor": cursor, "source": sources}
        return self._get(Page[UnansweredQuestion], "/conversations/unanswered", params)

    # --- jobs ----------------------------------------------------------------
    def jobs(
        self,
        *,
        status: JobStatus | None = None,
        kind: JobKind | None = None,
        order: JobOrder = "newest",
        limit: int = 50,
    ) -> Page[Job]:
        return self._get(Page[Job], "/jobs", {"status": status, "kind": kind, "order": order, "limit": limit})

    def job(self, job_id: UUID) -> Job:
        return self._get(Job, f"/jobs/{job_id}")

    def cancel_job(self, job_id: UUID) -> Job:
        return self._start(Job, f"/jobs/{job_id}/cancel")

    def retry_job(self, job_id: UUID) -> Job:
        return self._start(Job, f"/jobs/{job_id}/retry")

    def job_counts(self, *, kind: JobKind | None = None, since: datetime | None = None) -> JobCounts:
        """What goes on, and what ended at `since` or later; without `since`, what ended beside what goes on."""
        return self._get(JobCounts, "/jobs/counts", {"kind": kind, "since": since.isoformat() if since else None})

    # --- settings ------------------------------------------------------------
    def providers(self) -> list[Provider]:
        return self._get(list[Provider], "/providers")

    def save_provider(self, name: str, settings: ProviderSettings) -> Provider:
        body = settings.model_dump(mode="json", exclude_none=True)
        if settings.api_key is not None:
            body["api_key"] = settings.api_key.get_secret_value()
        return parse(Provider, self._send("PUT", f"/providers/{name}", json=body))

    def remove_provider(self, name: str) -> None:
        self._send("DELETE", f"/providers/{name}")

    def check_provider(self, name: str) -> ProviderCheck:
        answer = self._send("POST", f"/providers/{name}/check", timeout=httpx.Timeout(60, connect=3))
        return parse(ProviderCheck, answer)

    def embedding_models(self) -> list[EmbeddingModel]:
        return self._get(list[EmbeddingModel], "/embedding-models")

    def fetch_embedding_model(self, name: str) -> Job:
        return self._start(Job, "/embedding-models/fetch", ModelChoice(model=name))

    def switch_model(self, collection_id: UUID, name: str) -> Job:
        return self._start(Job, f"/collections/{collection_id}/model", ModelChoice(model=name))

    def agents(self) -> Page[Agent]:
        return self._get(Page[Agent], "/agents")

    def create_agent(self, new: AgentNew) -> Agent:
        return self._write("POST", Agent, "/agents", new)

    def delete_agent(self, agent_id: UUID) -> None:
        self._send("DELETE", f"/agents/{agent_id}")

    def edit_agent(self, agent_id: UUID, edit: AgentEdit) -> Agent:
        return self._write("PATCH", Agent, f"/agents/{agent_id}", edit)

    def keys(self) -> list[ApiKey]:
        return self._get(list[ApiKey], "/keys")

    def create_key(self, key: NewApiKey) -> CreatedApiKey:
        return self._write("POST", CreatedApiKey, "/keys", key)

    def revoke_key(self, key_id: UUID) -> None:
        self._send("DELETE", f"/keys/{key_id}")
