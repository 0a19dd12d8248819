from decimal import Decimal
from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, model_validator

from contracts.base import Answer, ExternalId, Message, Name, Request, Text, UtcTime, WholeNumber
from contracts.problem import Problem

CONVERSATION_HEADER: Final = "X-Conversation-ID"
"""Which conversation an answer belongs to, on the answer's response before any of it is there."""


CLIENT_HEADER: Final = "X-Nexus-Client"
PAGES: Final = "pages"
"""What the pages say in that header. Whoever does not is a program."""
ConversationSource = Literal["pages", "program", "unknown"]
"""Where it was begun; unknown of those from before that was kept."""

FinishReason = Literal["stop", "length", "tool_calls", "content_filter"]


class Turn(Request):
    role: Literal["user", "assistant"]
    content: Message


class RagChat(Request):
    """A question to a collection. `history` is used only without `conversation_id`, which goes on in its collection.

    `top_k` is the most passages that are read; without it there are five, and more for a list or a comparison.
    """

    message: Message
    collection_id: UUID
    top_k: WholeNumber | None = Field(None, ge=1, le=20)
    history: list[Turn] = Field(default=[], max_length=50)
    conversation_id: UUID | None = None
    stream: bool = False


class Chat(Request):
    """A message to an agent: by its id, by `bot_id` (its id or external id), or by the name of a tuned model or an
    alias. Without `documents` a model answers from what it learnt alone.

    `user_id` is the caller's name for the person who asks: a conversation is continued only for the same one.
    """

    message: Message
    agent_id: UUID | None = None
    bot_id: ExternalId | None = None
    model: Name | None = None
    documents: bool = True
    conversation_id: UUID | None = None
    user_id: ExternalId | None = None
    history: list[Turn] = Field(default=[], max_length=50)
    stream: bool = False

    @model_validator(mode="after")
    def _one_target(self) -> "Chat":
        if sum(target is not None for target in (self.agent_id, self.bot_id, self.model)) != 1:
            raise ValueError("give exactly one of agent_id, bot_id, model")
        if self.model is None and not self.documents:
            raise ValueError("an agent reads its documents; ask a model without them")
        return self


class ApiChat(Request):
    """A message with the conversation so far, to the default agent."""

    message: Message
    history: list[Turn] = Field(default=[], max_length=50)
    stream: bool = False


class EmbedAndStore(Request):
    """Chunks of a document of another program; they replace the document's earlier ones.

    Without a target they go to the collection of the default agent.
    """

    document_id: ExternalId
    chunks: list[Text] = Field(min_length=1)
    collection_id: UUID | None = None
    bot_id: ExternalId | None = None

    @model_validator(mode="after")
    def _one_target(self) -> "EmbedAndStore":
        if self.collection_id is not None and self.bot_id is not None:
            raise ValueError("give collection_id or bot_id, not both")
        return self


class Stored(Answer):
    status: Literal["stored"] = "stored"
    document_id: str
    stored_vector_count: int
    error_message: str | None = None


class Citation(Answer):
    """`n` is the mark in the answer; the title of a FAQ is its question. `source_id` opens `/faqs` or `/passages`.

    `collection` is the name of the one that it was found in, where several could be searched.
    """

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
    collection: str | None = None


class TokenUsage(Answer):
    """`cost_usd` is null where the price is not known, never 0."""

    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: Decimal | None = None


class AnswerStep(Answer):
    """One step of an answer. `strategy` is the form that ran (`rules`, `model`), `outcome` what it decided, and
    `failure` why the model that was to take it did not, and a fallback or the rules did; empty where it did."""

    name: Literal["rewrite", "plan", "search", "rerank", "answer", "verify"]
    strategy: str
    ms: float
    outcome: str
    failure: str = ""


class CitationCheck(Answer):
    """Whether source `n` supports a sentence that cites it (`score` 0..1). The mark of one that does not is removed, as
    is that of a source that was not given."""

    n: int
    sentence: str
    score: float
    supported: bool


class ProviderFailure(Answer):
    """A provider that was asked before the one that answered, and what kept it from answering."""

    provider: str
    title: str
    detail: str


class Answered(Answer):
    """`citations` are what [n] in `response` refers to, `retrieved` the ranked top_k.

    `question` is what was looked up: the message, or what it means after the conversation before it. `asks_back`: the
    response is a question of ours. `confidence` is by how much the best source passes the collection's threshold.
    """

    response: str
    answered: bool
    citations: list[Citation]
    retrieved: list[Citation]
    model: str
    provider: str
    fallback_used: bool
    usage: TokenUsage
    latency_ms: float
    error_message: str | None = None
    agent_id: UUID | None = None
    question: str = ""
    asks_back: bool = False
    finish_reason: FinishReason = "stop"
    confidence: float | None = None
    steps: list[AnswerStep] = Field(default_factory=list)
    checks: list[CitationCheck] = Field(default_factory=list)
    failures: list[ProviderFailure] = Field(default_factory=list)


class ChatAnswer(Answered):
    """An answer that is kept in a conversation."""

    conversation_id: UUID
    message_id: UUID


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
    source: ConversationSource = "unknown"


class ConversationSummary(Answer):
    """Without `is_mine`, which only an admin sees, it can be read and deleted, not gone on with.

    `model` is the name of the tuned model or the alias that it was begun with: an alias means at each question what it
    means then.
    """

    id: UUID
    title: str
    is_mine: bool = True
    source: ConversationSource = "unknown"
    collection_id: UUID
    agent_id: UUID | None = None
    model: str | None = None
    messages: int
    created_at: UtcTime
    updated_at: UtcTime


class Conversation(ConversationSummary):
    turns: list[ConversationMessage]
