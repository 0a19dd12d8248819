from decimal import Decimal
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field

from contracts.base import Answer, Message, Request, UtcTime, WholeNumber
from contracts.problem import Problem

CONVERSATION_HEADER: Final = "X-Conversation-ID"
"""Which conversation an answer belongs to, on the answer's response before any of it is there."""


class Turn(Request):
    role: Literal["user", "assistant"]
    content: Message


class RagChat(Request):
    """A question to a collection. `history` is used only without `conversation_id`."""

    message: Message
    collection_id: UUID
    top_k: WholeNumber = Field(5, ge=1, le=20)
    history: list[Turn] = Field(default=[], max_length=50)
    conversation_id: UUID | None = None
    stream: bool = False


class Citation(Answer):
    """`n` is the mark in the answer; the title of a FAQ is its question. `source_id` opens `/faqs` or `/passages`."""

    n: int
    document_id: UUID | None
    faq_id: UUID | None
    passage_id: UUID | None = None
    document_name: str | None = None
    title: str
    section: str | None
    page: int | None
    quote: str
    score: float


class TokenUsage(Answer):
    """`cost_usd` is null where the price is not known, never 0."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None


class ChatAnswer(Answer):
    """`citations` are what [n] in `response` refers to, `retrieved` the ranked top_k."""

    response: str
    answered: bool
    citations: list[Citation]
    retrieved: list[Citation]
    conversation_id: UUID
    message_id: UUID
    model: str
    provider: str
    fallback_used: bool
    usage: TokenUsage
    latency_ms: float
    error_message: str | None = None


class TokenEvent(Answer):
    event: Literal["token"] = "token"
    text: str


class CitationEvent(Answer):
    event: Literal["citation"] = "citation"
    citation: Citation


class DoneEvent(Answer):
    event: Literal["done"] = "done"
    answer: ChatAnswer


class ErrorEvent(Answer):
    event: Literal["error"] = "error"
    problem: Problem


ChatEvent = Annotated[TokenEvent | CitationEvent | DoneEvent | ErrorEvent, Field(discriminator="event")]


class ConversationMessage(Answer):
    id: UUID
    role: Literal["user", "assistant"]
    content: str
    answer: ChatAnswer | None
    error: Problem | None
    created_at: UtcTime


class UnansweredQuestion(Answer):
    """`message_id` is the answer's. `faq_id` is an approved FAQ that asks the same since, in the same words.

    `conversation_id` is null for a conversation that the caller may not read.
    """

    message_id: UUID
    conversation_id: UUID | None
    question: str
    asked_at: UtcTime
    faq_id: UUID | None


class ConversationSummary(Answer):
    """Without `is_mine`, which only an admin sees, it can be read and deleted, not gone on with."""

    id: UUID
    title: str
    is_mine: bool = True
    collection_id: UUID
    messages: int
    created_at: UtcTime
    updated_at: UtcTime


class Conversation(ConversationSummary):
    turns: list[ConversationMessage]
