"""The allow-list of span attributes. What is not named here never enters a span.

A name belongs here when its value is an id, a count, a duration or a closed set. Text that a person wrote
(names, questions, answers, messages, file names) does not. Names without a dot are ours and travel as `nexus.<name>`;
dotted names are those of the OpenTelemetry GenAI and OpenInference conventions and travel as they are.
"""

import math
from typing import Final, TypeAlias
from uuid import UUID

from backend.tracing.redaction import escape_controls, redact

AttributeValue: TypeAlias = str | int | float | bool | UUID | None

MAX_TEXT: Final = 200
_INT64: Final = 2**63

ATTRIBUTES: Final = frozenset(
    {
        # ids
        "action_id",
        "agent_id",
        "collection_id",
        "comparison_id",
        "conversation_id",
        "credential_id",
        "dataset_id",
        "document_id",
        "faq_id",
        "job_id",
        "message_id",
        "model_id",
        "request_id",
        "workspace_id",
        # closed sets
        "answered",
        "cancelled",
        "duplicate",
        "error_code",
        "extractor",
        "failed_steps",
        "fallback_used",
        "job_kind",
        "lane",
        "media_type",
        "mode",
        "stage",
        "status",
        "store",
        "stream",
        # counts, sizes, times
        "attempt",
        "bytes",
        "candidates",
        "chunks",
        "citations",
        "documents",
        "drafts",
        "faqs",
        "first_token_ms",
        "groups",
        "hits",
        "lanes",
        "latency_ms",
        "limit",
        "pages",
        "passages",
        "removed",
        "retrieved",
        "sections",
        "texts",
        "top_k",
        "vectors",
        # conventions
        "error.type",
        "gen_ai.agent.id",
        "gen_ai.conversation.id",
        "gen_ai.operation.name",
        "gen_ai.provider.name",
        "gen_ai.request.max_tokens",
        "gen_ai.request.model",
        "gen_ai.request.temperature",
        "gen_ai.response.model",
        "gen_ai.usage.cost",
        "gen_ai.usage.input_tokens",
        "gen_ai.usage.output_tokens",
        "openinference.span.kind",
        "retrieval.top_score",
    }
)


def wire_name(name: str) -> str:
    """The attribute's name in the span. Raises `ValueError` for a name that is not in the allow-list."""
    if name not in ATTRIBUTES:
        raise ValueError(
            f"span attribute {name!r} is not allowed; if it can never hold personal text, "
            "add it to ATTRIBUTES in backend/tracing/attributes.py"
        )
    return name if "." in name else f"nexus.{name}"


def wire_value(value: object) -> str | int | float | bool | None:
    """The value as it may be exported, or None when it may not be.

    One value that the encoder refuses would lose its whole batch, so integers outside int64 and
    lone surrogates never get that far.
    """
    if isinstance(value, bool):
        return value
    if isinstance(value, int):
        return int(value) if -_INT64 <= value < _INT64 else None
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        # Masked before it is cut: half a key would no longer be recognised.
        return escape_controls(redact(str(value)[: 8 * MAX_TEXT]))[:MAX_TEXT]
    return None
