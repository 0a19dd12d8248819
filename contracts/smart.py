"""A visitor's talk with an agent that keeps what is said about the visitor."""

from typing import Literal
from uuid import UUID

from contracts.base import Answer, ExternalId, Message, Request
from contracts.chat import ChatAnswer, CitationEvent, ErrorEvent, TokenEvent
from contracts.lead_records import CapturedLead, ConsentState


class SmartChat(Request):
    """A visitor's message. `user_id` is the caller's name for the visitor: a conversation is continued only for the
    same one."""

    agent_id: UUID
    message: Message
    conversation_id: UUID | None = None
    user_id: ExternalId | None = None
    stream: bool = False


class SmartAnswer(ChatAnswer):
    """While `consent` is required, the `lead` has no id, and `consent_text` is what the visitor is to be asked;
    `POST /conversations/{id}/consent` takes the answer. With `handover` a person should take over."""

    lead: CapturedLead | None
    consent: ConsentState
    consent_text: str | None
    handover: bool


class LeadEvent(Answer):
    """Comes before the first word of the answer."""

    event: Literal["lead"] = "lead"
    lead: CapturedLead | None
    consent: ConsentState


class SmartDoneEvent(Answer):
    event: Literal["done"] = "done"
    answer: SmartAnswer


SmartEvent = TokenEvent | CitationEvent | LeadEvent | SmartDoneEvent | ErrorEvent
