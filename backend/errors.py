"""The error tree. Raise the claim; `backend/problems.py` alone turns it into problem+json."""

from typing import ClassVar


class NexusError(Exception):
    """A failure with a stable code. The message says what failed, with what value, and what to do."""

    code: ClassVar[str] = "internal_error"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong"
    retryable: ClassVar[bool] = False
    param: str | None = None
    """The argument that it is about, where the API of OpenAI names one."""

    @property
    def retry_after(self) -> float | None:
        """Seconds the caller should wait, when that is known."""
        return None


# --- requests ---------------------------------------------------------------
class InvalidRequest(NexusError):
    code, status, title = "invalid_request", 422, "The request is not valid"


class InvalidParameter(InvalidRequest):
    """One argument of a request is not usable, or not together with the others."""

    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class Unauthenticated(NexusError):
    code, status, title = "unauthenticated", 401, "Sign in first"


class Forbidden(NexusError):
    code, status, title = "forbidden", 403, "Your role does not allow this"


class NotFound(NexusError):
    code, status, title = "not_found", 404, "Not found"


class AgentNotFound(NotFound):
    """No agent of this id, external id or name in the workspace."""


class TunedModelNotFound(NotFound):
    """No model of this name was trained in the workspace."""


class ModelNotFound(NotFound):
    """What a program of OpenAI's API named as the model is neither an agent nor an embedding model."""

    code, title, param = "model_not_found", "No such model", "model"


class Conflict(NexusError):
    code, status, title = "conflict", 409, "This no longer fits the current state"


class ProviderInUse(Conflict):
    """A collection is embedded by it."""

    code, title = "provider_in_use", "A collection needs this provider"


class StaleRevision(Conflict):
    code, title = "stale_revision", "Somebody edited this in the meantime"


class IdempotencyMismatch(InvalidRequest):
    code, title = "idempotency_mismatch", "This Idempotency-Key was used for another request"


class IdempotencyRunning(Conflict):
    code, title, retryable = "idempotency_running", "The first request with this Idempotency-Key still runs", True


class UnknownStrategy(InvalidRequest):
    code, title = "unknown_strategy", "No such implementation"


class MissingExtra(NexusError):
    code, status, title = "missing_extra", 501, "An optional package is not installed"


# --- documents --------------------------------------------------------------
class DocumentError(InvalidRequest):
    code, title = "document_error", "This file cannot be used"


class EmptyFile(DocumentError):
    code, title = "empty_file", "The file is empty"


class FileTooLarge(DocumentError):
    code, status, title = "file_too_large", 413, "The file is too large"


class UnsupportedType(DocumentError):
    code, status, title = "unsupported_type", 415, "This kind of file is not supported"


class TypeMismatch(UnsupportedType):
    code, title = "type_mismatch", "The content is not what the name says"


class ArchiveTooLarge(DocumentError):
    code, title = "archive_too_large", "The file unpacks to more than is allowed"


class EncryptedPdf(DocumentError):
    code, title = "encrypted_pdf", "The PDF is protected by a password"


class NoText(DocumentError):
    code, title = "no_text", "The document has no text"


class Unparsable(DocumentError):
    code, title = "unparsable", "The document could not be read"


# --- datasets ---------------------------------------------------------------
class UnreadableDataset(InvalidRequest):
    """The message names the file, and the row and the field where there is one."""

    code, title = "unreadable_dataset", "The file cannot be read as a dataset"


# --- storage ----------------------------------------------------------------
class StorageFull(NexusError):
    code, status, title, retryable = "storage_full", 507, "The disk is full", True


class DatabaseBusy(NexusError):
    code, status, title, retryable = "db_busy", 503, "The database is busy", True


class DatabaseUnavailable(NexusError):
    code, status, title, retryable = "db_unavailable", 503, "The database cannot be used", True


class StartRefused(NexusError):
    """The process must not start; the message is the one line that says what to set."""

    code, title = "start_refused", "AI Nexus does not start like this"


# --- jobs -------------------------------------------------------------------
class JobCancelled(NexusError):
    code, status, title = "cancelled", 409, "The job was cancelled"


class GoesOnElsewhere(JobCancelled):
    """Cancelled here, while another server goes on with it; the message says which and what to do."""

    code, title = "goes_on_elsewhere", "It was cancelled here only"


class RowsStayElsewhere(GoesOnElsewhere):
    """Cancelled, while another server may have copies of rows, on which it trains nothing."""

    code, title = "rows_stay_elsewhere", "It was cancelled, and rows may be at the provider"


class PoisonItem(NexusError):
    """A child process died or timed out three times on the same item."""

    code, status, title = "poison", 422, "This item breaks its reader every time"


class ChildFailed(NexusError):
    """A limited child process died without an answer (killed, out of memory, over its time)."""

    code, title, retryable = "child_failed", "A worker process died", True


class ShuttingDown(NexusError):
    code, status, title, retryable = "shutting_down", 503, "The server is stopping", True


# --- vectors ----------------------------------------------------------------
class VectorError(NexusError):
    code, title = "vector_error", "The vector store refused"


class InvalidVector(VectorError):
    code, status, title = "invalid_vector", 422, "A vector is not usable"


class SpecMismatch(VectorError):
    code, status, title = "embedding_mismatch", 409, "The collection was made with another embedding model"


class CollectionNotFound(VectorError):
    code, status, title = "collection_not_found", 404, "No such collection in the vector store"


class StoreUnavailable(VectorError):
    code, status, title, retryable = "retrieval_unavailable", 503, "The vector store does not answer", True


class StoreCorrupt(VectorError):
    code, status, title = "store_corrupt", 500, "The vector store is damaged"


class ModelSwitched(VectorError):
    code, status, title, retryable = "embedding_model_switched", 409, "The embedding model was just switched", True


class ModelUnavailable(VectorError):
    code, status, title = "embedding_model_unavailable", 503, "The embedding model cannot be used"


class UnusableModel(NexusError):
    """A file of a trained model that is damaged, of another kind, or of a kind that could run code."""

    code, status, title = "unusable_model", 422, "This model file cannot be used"


class TrainingDiverged(NexusError):
    """The loss is no number any more; the same parameters will do it again."""

    code, status, title = "training_diverged", 422, "The training diverged"


class TrainingOutOfMemory(NexusError):
    code, status, title = "training_out_of_memory", 422, "The training needs more memory"


class TrainingMustWait(NexusError):
    """This machine has the memory, and other trainings were promised it."""

    code, status, title = "training_must_wait", 503, "Another training has the memory"


class RemoteTrainingFailed(NexusError):
    """The server of a provider that trains ended it, lost it, or did not answer for very long."""

    code, status, title = "remote_training_failed", 502, "The training at the provider failed"


class ProviderNotSetUp(NexusError):
    """The provider of a training that has begun is not set up any more, or elsewhere; once it is, a retry goes on."""

    code, status, title = "provider_not_set_up", 503, "The provider is not set up as it was"


class PreparedDamaged(NexusError):
    """What was prepared for a training cannot be read; another attempt prepares it anew."""

    code, title = "prepared_damaged", "A file of the training is damaged"


class Unsupported(VectorError):
    code, status, title = "unsupported", 422, "The vector store cannot do this"


class FetchFailed(NexusError):
    """What was fetched so far is kept; a new attempt goes on from there."""

    code, status, title, retryable = "fetch_failed", 502, "The model could not be fetched", True


# --- providers --------------------------------------------------------------
class ProviderError(NexusError):
    code, status, title = "provider_error", 502, "The model provider failed"


class ProviderUnavailable(ProviderError):
    """`retry_after` is when it says that it can be asked again, in seconds."""

    code, status, title, retryable = "provider_unavailable", 503, "The model provider does not answer", True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self._retry_after = retry_after

    @property
    def retry_after(self) -> float | None:
        return self._retry_after


class ProviderUnreachable(ProviderUnavailable):
    """No connection to the server: none of its models can be asked."""


class ProviderPaused(ProviderUnavailable):
    """It failed several times in a row and is left alone for `retry_after` seconds."""

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message, retry_after)


class ProviderTimeout(ProviderError):
    code, status, title, retryable = "provider_timeout", 504, "The model provider took too long", True


class ProviderRateLimited(ProviderError):
    code, status, title, retryable = "provider_rate_limited", 429, "The model provider asks to slow down", True

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self._retry_after = retry_after

    @property
    def retry_after(self) -> float | None:
        return self._retry_after


class TooManyRequests(NexusError):
    """The caller asks more than it may; `retry_after` is when it may again, in seconds."""

    code, status, title, retryable = "too_many_requests", 429, "Too many questions at once", True

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self._retry_after = retry_after

    @property
    def retry_after(self) -> float:
        return self._retry_after


class BudgetExhausted(TooManyRequests):
    """An agent has used its tokens of the day; `retry_after` is when the next one begins."""

    code, title = "budget_exhausted", "The agent's budget of today is used up"


class ProviderRejected(ProviderError):
    """The provider refused the request (400, 404, 422): asking again does not help."""

    code, title = "provider_rejected", "The model provider refused the request"


class ProviderContextExceeded(ProviderRejected):
    """Named and numbered as OpenAI does, whose clients shorten the conversation then."""

    code, status, title = "context_length_exceeded", 400, "The model cannot read that much"


class ProviderAuthFailed(ProviderError):
    code, title = "provider_auth_failed", "The model provider refused the key"


class ProviderBadAnswer(ProviderError):
    """`tokens` are what the answers that cannot be used took, in and out, as far as that is known."""

    code, title, retryable = "provider_bad_answer", "The model provider's answer cannot be read", True

    def __init__(self, message: str, tokens: tuple[int, int] = (0, 0)) -> None:
        super().__init__(message)
        self.tokens = tokens


class OutboundRefused(NexusError):
    code, status, title = "outbound_refused", 422, "This address must not be called"
