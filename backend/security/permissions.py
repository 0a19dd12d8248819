"""Who may call what: one permission a route, one set of permissions a role. A route that is not here answers nobody."""

from enum import StrEnum
from typing import Final

from backend.security.principal import Role


class Permission(StrEnum):
    PUBLIC = "public"
    """Liveness only: no token."""
    SIGNED_IN = "signed_in"
    DOCUMENTS_READ = "documents.read"
    DOCUMENTS_WRITE = "documents.write"
    FAQS_READ = "faqs.read"
    FAQS_REVIEW = "faqs.review"
    COLLECTIONS_READ = "collections.read"
    COLLECTIONS_WRITE = "collections.write"
    CHAT = "chat"
    JOBS_READ = "jobs.read"
    JOBS_CONTROL = "jobs.control"
    SETTINGS_READ = "settings.read"
    SETTINGS_WRITE = "settings.write"
    AGENTS_WRITE = "agents.write"
    """To create and change agents; the default one, which answers for all, is of the settings."""
    KEYS = "keys"
    METRICS = "metrics"
    DATASETS_READ = "datasets.read"
    DATASETS_WRITE = "datasets.write"
    MODELS_READ = "models.read"
    MODELS_WRITE = "models.write"
    COMPARISONS_READ = "comparisons.read"
    COMPARISONS_WRITE = "comparisons.write"
    VOTE = "vote"
    AUDIT_READ = "audit.read"
    LEADS_READ = "leads.read"
    LEADS_WRITE = "leads.write"


_READ: Final = frozenset(
    {
        Permission.SIGNED_IN,
        Permission.DOCUMENTS_READ,
        Permission.FAQS_READ,
        Permission.COLLECTIONS_READ,
        Permission.JOBS_READ,
        Permission.SETTINGS_READ,
    }
)

ROLES: Final[dict[Role, frozenset[Permission]]] = {
    Role.ANALYST: _READ
    | {Permission.DOCUMENTS_WRITE, Permission.FAQS_REVIEW, Permission.COLLECTIONS_WRITE, Permission.CHAT}
    | {Permission.JOBS_CONTROL, Permission.COMPARISONS_READ, Permission.VOTE},
    Role.ML_ENGINEER: _READ
    | {Permission.DOCUMENTS_WRITE, Permission.FAQS_REVIEW, Permission.COLLECTIONS_WRITE, Permission.CHAT}
    | {Permission.JOBS_CONTROL, Permission.DATASETS_READ, Permission.DATASETS_WRITE}
    | {Permission.MODELS_READ, Permission.MODELS_WRITE}
    | {Permission.COMPARISONS_READ, Permission.COMPARISONS_WRITE, Permission.VOTE, Permission.AUDIT_READ},
    Role.SALES: _READ
    | {Permission.CHAT, Permission.AGENTS_WRITE, Permission.COMPARISONS_READ, Permission.VOTE}
    | {Permission.LEADS_READ, Permission.LEADS_WRITE},
    Role.DEVOPS: frozenset(
        {
            Permission.SIGNED_IN,
            Permission.JOBS_READ,
            Permission.JOBS_CONTROL,
            Permission.SETTINGS_READ,
            Permission.METRICS,
        }
    ),
    Role.ADMIN: frozenset(Permission) - {Permission.PUBLIC},
}

ROUTES: Final[dict[tuple[str, str], Permission]] = {
    ("GET", "/health"): Permission.PUBLIC,
    ("GET", "/ready"): Permission.SIGNED_IN,
    ("GET", "/metrics"): Permission.METRICS,
    ("GET", "/openapi.json"): Permission.SIGNED_IN,
    ("GET", "/me"): Permission.SIGNED_IN,
    ("GET", "/overview"): Permission.SIGNED_IN,
    ("POST", "/faq/upload"): Permission.DOCUMENTS_WRITE,
    ("POST", "/samples"): Permission.DOCUMENTS_WRITE,
    ("GET", "/documents"): Permission.DOCUMENTS_READ,
    ("GET", "/documents/{document_id}"): Permission.DOCUMENTS_READ,
    ("DELETE", "/documents/{document_id}"): Permission.DOCUMENTS_WRITE,
    ("GET", "/documents/{document_id}/drafting"): Permission.DOCUMENTS_READ,
    ("POST", "/documents/{document_id}/drafting"): Permission.DOCUMENTS_WRITE,
    ("GET", "/passages/{passage_id}"): Permission.DOCUMENTS_READ,
    ("GET", "/faqs"): Permission.FAQS_READ,
    ("POST", "/faqs"): Permission.FAQS_REVIEW,
    ("GET", "/faqs/counts"): Permission.FAQS_READ,
    ("GET", "/faqs/export"): Permission.FAQS_READ,
    ("POST", "/faqs/approve"): Permission.FAQS_REVIEW,
    ("POST", "/faqs/reject"): Permission.FAQS_REVIEW,
    ("POST", "/faqs/merge"): Permission.FAQS_REVIEW,
    ("GET", "/faqs/actions"): Permission.FAQS_READ,
    ("POST", "/faqs/actions/{action_id}/undo"): Permission.FAQS_REVIEW,
    ("GET", "/faqs/{faq_id}"): Permission.FAQS_READ,
    ("PATCH", "/faqs/{faq_id}"): Permission.FAQS_REVIEW,
    ("GET", "/faqs/{faq_id}/source"): Permission.FAQS_READ,
    ("GET", "/faqs/{faq_id}/revisions"): Permission.FAQS_READ,
    ("GET", "/collections"): Permission.COLLECTIONS_READ,
    ("POST", "/collections"): Permission.COLLECTIONS_WRITE,
    ("GET", "/collections/{collection_id}"): Permission.COLLECTIONS_READ,
    ("DELETE", "/collections/{collection_id}"): Permission.COLLECTIONS_WRITE,
    ("POST", "/collections/{collection_id}/sync"): Permission.COLLECTIONS_WRITE,
    ("POST", "/collections/{collection_id}/model"): Permission.COLLECTIONS_WRITE,
    ("POST", "/ingest"): Permission.COLLECTIONS_WRITE,
    ("POST", "/embed_and_store"): Permission.COLLECTIONS_WRITE,
    ("POST", "/rag-chat"): Permission.CHAT,
    ("POST", "/chat"): Permission.CHAT,
    ("POST", "/api/chat"): Permission.CHAT,
    ("GET", "/conversations"): Permission.CHAT,
    ("GET", "/conversations/unanswered"): Permission.FAQS_REVIEW,
    ("GET", "/conversations/{conversation_id}"): Permission.CHAT,
    ("DELETE", "/conversations/{conversation_id}"): Permission.CHAT,
    ("GET", "/conversations/{conversation_id}/consent"): Permission.CHAT,
    ("POST", "/conversations/{conversation_id}/consent"): Permission.CHAT,
    ("POST", "/smart_chat/chat"): Permission.CHAT,
    ("GET", "/leads"): Permission.LEADS_READ,
    ("GET", "/leads/export"): Permission.LEADS_READ,
    ("GET", "/leads/{lead_id}"): Permission.LEADS_READ,
    ("PATCH", "/leads/{lead_id}"): Permission.LEADS_WRITE,
    ("DELETE", "/leads/{lead_id}"): Permission.LEADS_WRITE,
    ("GET", "/leads/{lead_id}/export"): Permission.LEADS_READ,
    ("POST", "/leads/{lead_id}/merge"): Permission.LEADS_WRITE,
    ("DELETE", "/leads/{lead_id}/merge/{part_id}"): Permission.LEADS_WRITE,
    ("GET", "/lead_views"): Permission.LEADS_READ,
    ("GET", "/lead_views/{name}"): Permission.LEADS_READ,
    ("PUT", "/lead_views/{name}"): Permission.LEADS_WRITE,
    ("DELETE", "/lead_views/{name}"): Permission.LEADS_WRITE,
    ("GET", "/jobs"): Permission.JOBS_READ,
    ("GET", "/jobs/counts"): Permission.JOBS_READ,
    ("GET", "/jobs/{job_id}"): Permission.JOBS_READ,
    ("GET", "/jobs/{job_id}/events"): Permission.JOBS_READ,
    ("POST", "/jobs/{job_id}/cancel"): Permission.JOBS_CONTROL,
    ("POST", "/jobs/{job_id}/retry"): Permission.JOBS_CONTROL,
    ("GET", "/providers"): Permission.SETTINGS_READ,
    ("PUT", "/providers/{name}"): Permission.SETTINGS_WRITE,
    ("DELETE", "/providers/{name}"): Permission.SETTINGS_WRITE,
    ("POST", "/providers/{name}/check"): Permission.SETTINGS_WRITE,
    ("GET", "/embedding-models"): Permission.SETTINGS_READ,
    ("POST", "/embedding-models/fetch"): Permission.SETTINGS_WRITE,
    ("GET", "/agents"): Permission.SETTINGS_READ,
    ("POST", "/agents"): Permission.AGENTS_WRITE,
    ("GET", "/agents/templates"): Permission.SETTINGS_READ,
    ("GET", "/agents/persona"): Permission.SETTINGS_READ,
    ("PUT", "/agents/persona"): Permission.SETTINGS_WRITE,
    ("POST", "/agents/{agent_id}/persona/proposal"): Permission.AGENTS_WRITE,
    ("GET", "/conversations/{conversation_id}/persona"): Permission.CHAT,
    ("PUT", "/conversations/{conversation_id}/persona"): Permission.AGENTS_WRITE,
    ("GET", "/agents/{agent_id}"): Permission.SETTINGS_READ,
    ("PATCH", "/agents/{agent_id}"): Permission.AGENTS_WRITE,
    ("DELETE", "/agents/{agent_id}"): Permission.AGENTS_WRITE,
    ("GET", "/agents/{agent_id}/versions"): Permission.SETTINGS_READ,
    ("POST", "/agents/{agent_id}/rollback"): Permission.AGENTS_WRITE,
    ("POST", "/agents/{agent_id}/duplicate"): Permission.AGENTS_WRITE,
    ("POST", "/agents/{agent_id}/retry"): Permission.AGENTS_WRITE,
    ("POST", "/agents/{agent_id}/archive"): Permission.AGENTS_WRITE,
    ("POST", "/agents/{agent_id}/restore"): Permission.AGENTS_WRITE,
    ("POST", "/datasets"): Permission.DATASETS_WRITE,
    ("GET", "/datasets"): Permission.DATASETS_READ,
    ("POST", "/datasets/import"): Permission.DATASETS_WRITE,
    ("GET", "/datasets/{dataset_id}"): Permission.DATASETS_READ,
    ("GET", "/datasets/{dataset_id}/export"): Permission.DATASETS_READ,
    ("GET", "/datasets/{dataset_id}/rows"): Permission.DATASETS_READ,
    ("DELETE", "/datasets/{dataset_id}"): Permission.DATASETS_WRITE,
    ("POST", "/finetune"): Permission.MODELS_WRITE,
    ("POST", "/finetune/estimate"): Permission.MODELS_WRITE,
    ("GET", "/finetune"): Permission.MODELS_READ,
    ("GET", "/finetune/methods"): Permission.MODELS_READ,
    ("GET", "/finetune/{training_id}"): Permission.MODELS_READ,
    ("GET", "/finetune/{training_id}/points"): Permission.MODELS_READ,
    ("POST", "/finetune/{training_id}/cancel"): Permission.MODELS_WRITE,
    ("GET", "/models"): Permission.MODELS_READ,
    ("GET", "/models/{model_id}"): Permission.MODELS_READ,
    ("GET", "/models/{model_id}/learnt-from"): Permission.MODELS_READ,
    ("DELETE", "/models/{model_id}"): Permission.MODELS_WRITE,
    ("POST", "/compare"): Permission.COMPARISONS_WRITE,
    ("GET", "/comparisons"): Permission.COMPARISONS_READ,
    ("POST", "/comparisons/batch"): Permission.COMPARISONS_WRITE,
    ("GET", "/comparisons/batch"): Permission.COMPARISONS_READ,
    ("GET", "/comparisons/batch/{batch_id}"): Permission.COMPARISONS_READ,
    ("GET", "/comparisons/batch/{batch_id}/export"): Permission.COMPARISONS_WRITE,
    ("GET", "/comparisons/metrics"): Permission.COMPARISONS_READ,
    ("GET", "/comparisons/{comparison_id}"): Permission.COMPARISONS_READ,
    ("POST", "/comparisons/{comparison_id}/vote"): Permission.VOTE,
    ("GET", "/contests"): Permission.COMPARISONS_READ,
    ("GET", "/contests/{contest_id}"): Permission.COMPARISONS_READ,
    ("PATCH", "/contests/{contest_id}"): Permission.COMPARISONS_WRITE,
    ("DELETE", "/contests/{contest_id}"): Permission.COMPARISONS_WRITE,
    ("GET", "/aliases"): Permission.SETTINGS_READ,
    ("GET", "/aliases/{name}"): Permission.SETTINGS_READ,
    ("POST", "/aliases/{name}/promote"): Permission.MODELS_WRITE,
    ("POST", "/aliases/{name}/rollback"): Permission.MODELS_WRITE,
    ("DELETE", "/aliases/{name}"): Permission.MODELS_WRITE,
    ("GET", "/audit"): Permission.AUDIT_READ,
    ("GET", "/v1/models"): Permission.CHAT,
    ("GET", "/v1/models/{model}"): Permission.CHAT,
    ("POST", "/v1/chat/completions"): Permission.CHAT,
    ("POST", "/v1/embeddings"): Permission.CHAT,
    ("GET", "/keys"): Permission.KEYS,
    ("POST", "/keys"): Permission.KEYS,
    ("DELETE", "/keys/{key_id}"): Permission.KEYS,
}


def may(role: Role | None, permission: Permission) -> bool:
    """A visitor, who has no role, may do what is public."""
    return permission in ROLES[role] if role is not None else permission is Permission.PUBLIC
