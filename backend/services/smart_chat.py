"""A visitor's talk with an agent: what is said about the visitor is read before the question is answered, and kept."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from datetime import timedelta
from typing import Final
from uuid import UUID

from backend.agents.routing import Route
from backend.db.leads import Consent, Lead
from backend.db.models import Agent, Message, utc_now
from backend.errors import Conflict, NexusError
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.base import Plan
from backend.security.principal import Principal
from backend.services.asking import Question
from backend.services.chat import ChatService, Exchange
from backend.services.conversations import readable_by
from backend.services.lead_capture import LeadCapture
from backend.services.lead_redaction import redact
from backend.services.lead_wholes import Said
from backend.services.smart_routing import route_of
from backend.tracing.track import track
from backend.whole import to_its_end
from contracts import chat as chat_wire
from contracts import lead_records as leads_wire
from contracts import smart as wire
from contracts.lead_records import ConsentState

UNDECIDED: Final = timedelta(hours=24)
"""How long what a visitor said lives, from their last message on, before they agreed to its being kept."""


class NothingAsked(Conflict):
    """Consent to an agent that asks for none."""

    code, title = "nothing_asked", "The agent asks for no consent"


@dataclass(slots=True)
class Talk:
    """A visitor's message on its way to its answer. `kept` is the lead's row, as it was written."""

    exchange: Exchange
    consent: ConsentState
    said: Said
    route: Route
    kept: Lead | None = None
    is_handed_over: bool = False

    @property
    def agent(self) -> Agent:
        return self.exchange.answerer.agent


class SmartChatService:
    def __init__(self, uow: UnitOfWork, chat: ChatService, capture: LeadCapture) -> None:
        self._uow = uow
        self._chat = chat
        self._capture = capture

    async def begin(self, principal: Principal, request: wire.SmartChat, *, is_on_pages: bool = False) -> Talk:
        """Saves the message, and what it says of the visitor as far as that may be kept. Raises as `ChatService.begin`,
        before any answer starts."""
        question = Question(
            request.message,
            agent_id=request.agent_id,
            conversation_id=request.conversation_id,
            user_id=request.user_id,
            is_smart=True,
            is_on_pages=is_on_pages,
        )
        exchange = await self._chat.begin(principal, question)
        try:
            return await self._read(principal, exchange)
        except BaseException:
            await self._chat.give_up(principal, exchange)
            raise

    async def _read(self, principal: Principal, exchange: Exchange) -> Talk:
        agent, conversation_id = exchange.answerer.agent, exchange.conversation_id

        async def known(tx: Tx) -> tuple[ConsentState, list[Message]]:
            return await consent_of(tx, agent, conversation_id), await tx.conversations.messages(conversation_id)

        consent, messages = await self._uow.reading(principal.workspace_id, known)
        said = await self._capture.said(agent, messages)
        talk = Talk(exchange, consent, said, route_of(agent, exchange.answerer.config.persona, messages, said))
        exchange.decided = _plan(talk.route)
        await self._uow.writing(principal.workspace_id, lambda tx: self._keep(tx, talk))
        return talk

    async def _keep(self, tx: Tx, talk: Talk) -> None:
        conversation = await tx.conversations.get(talk.exchange.conversation_id)
        conversation.expires_at = utc_now() + UNDECIDED if talk.consent == "required" else None
        if talk.route.hands_over and conversation.handed_over_at is None:
            conversation.handed_over_at = utc_now()
        talk.is_handed_over = conversation.handed_over_at is not None
        if may_keep(talk.consent):
            talk.kept = await self._capture.keep(tx, talk.agent, conversation.id, talk.said)

    async def whole(self, principal: Principal, talk: Talk) -> wire.SmartAnswer:
        """The answer at once. Raises what retrieval or the provider raised; what was said of the visitor is kept."""
        async with aclosing(self.answer(principal, talk)) as events:
            async for event in events:
                if isinstance(event, wire.SmartDoneEvent):
                    return event.answer
        raise NexusError("the answer ended without a result")

    @track("smart_chat.answer")
    async def answer(self, principal: Principal, talk: Talk) -> AsyncGenerator[wire.SmartEvent]:
        """What is known of the visitor, then the answer as it is given."""
        lead = self._shown(talk)
        try:
            async with aclosing(self._chat.answer(principal, talk.exchange)) as events:
                yield wire.LeadEvent(lead=lead, consent=talk.consent)
                async for event in events:
                    if isinstance(event, chat_wire.DoneEvent):
                        yield wire.SmartDoneEvent(answer=_answer(event.answer, talk, lead))
                    else:
                        yield event
        finally:
            if talk.consent == "refused":
                await to_its_end(self._redact(principal, talk))

    def _shown(self, talk: Talk) -> leads_wire.CapturedLead | None:
        return self._capture.shown(talk.said, talk.kept) if talk.consent != "refused" else None

    async def _redact(self, principal: Principal, talk: Talk) -> None:
        conversation_id = talk.exchange.conversation_id
        await self._uow.writing(principal.workspace_id, lambda tx: redact(tx, conversation_id, talk.said))

    # --- consent ----------------------------------------------------------------------
    async def consent(self, principal: Principal, conversation_id: UUID) -> leads_wire.Consent:
        """With what is known of the visitor, which is read from the messages anew."""
        async with self._uow.read(principal.workspace_id) as tx:
            agent = await _agent_of(tx, principal, conversation_id)
            shown = await _consent_shown(tx, agent, conversation_id, None)
            kept = await tx.leads.of_conversation(conversation_id)
            messages = await tx.conversations.messages(conversation_id)
        if shown.state == "refused":
            return shown
        return shown.model_copy(update={"lead": self._capture.shown(await self._capture.said(agent, messages), kept)})

    @track("smart_chat.consent")
    async def decide(self, principal: Principal, conversation_id: UUID, *, given: bool) -> leads_wire.Consent:
        """What the visitor says to the agent's text. With consent, what was said so far becomes a lead; without, what
        says who the visitor is is taken out of it. Both can be changed later.

        Raises `NothingAsked`, and `NotFound` for a conversation that is not there any more.
        """
        async with self._uow.read(principal.workspace_id) as tx:
            agent = await _agent_of(tx, principal, conversation_id)
            said = await self._capture.said(agent, await tx.conversations.messages(conversation_id))
        async with self._uow(principal.workspace_id) as tx:
            agent = await _agent_of(tx, principal, conversation_id)
            if agent.consent_text is None:
                raise NothingAsked(f"the agent {agent.name!r} has no consent text; what it is told is kept without")
            await tx.leads.put_consent(
                Consent(
                    workspace_id=tx.workspace_id,
                    conversation_id=conversation_id,
                    agent_id=agent.id,
                    text=agent.consent_text,
                    version=agent.version,
                    given=given,
                    at=utc_now(),
                )
            )
            (await tx.conversations.get(conversation_id)).expires_at = None
            lead = None
            if given:
                lead = self._capture.shown(said, await self._capture.keep(tx, agent, conversation_id, said))
            else:
                await self._capture.forget(tx, conversation_id)
                await redact(tx, conversation_id, said)
            return await _consent_shown(tx, agent, conversation_id, lead)


async def consent_of(tx: Tx, agent: Agent, conversation_id: UUID) -> ConsentState:
    if agent.consent_text is None:
        return "not_required"
    consent = await tx.leads.consent(conversation_id)
    return "required" if consent is None else "given" if consent.given else "refused"


def may_keep(consent: ConsentState) -> bool:
    return consent in ("not_required", "given")


async def _agent_of(tx: Tx, principal: Principal, conversation_id: UUID) -> Agent:
    """Raises `NotFound` for a conversation that this caller may not know of, and for one with no agent."""
    conversation = await tx.conversations.get(conversation_id, readable_by(principal))
    if conversation.agent_id is None:
        raise NothingAsked(
            f"the conversation {str(conversation_id)!r} is with no agent; nothing is kept of its visitor"
        )
    return await tx.agents.get(conversation.agent_id)


async def _consent_shown(
    tx: Tx, agent: Agent, conversation_id: UUID, lead: leads_wire.CapturedLead | None
) -> leads_wire.Consent:
    row = await tx.leads.consent(conversation_id)
    return leads_wire.Consent(
        conversation_id=conversation_id,
        state=await consent_of(tx, agent, conversation_id),
        text=row.text if row is not None else agent.consent_text,
        version=row.version if row is not None else None,
        at=row.at if row is not None else None,
        lead=lead,
    )


def _plan(route: Route) -> Plan | None:
    """What is said without a search; None where the planner decides."""
    if not route.reply:
        return None
    return Plan("ask_back" if route.asks else "converse", 0, reply=route.reply, note=f"rule: {route.rule}")


def _answer(answer: chat_wire.ChatAnswer, talk: Talk, lead: leads_wire.CapturedLead | None) -> wire.SmartAnswer:
    return wire.SmartAnswer(
        **dict(answer),
        lead=lead,
        consent=talk.consent,
        consent_text=talk.agent.consent_text if talk.consent == "required" else None,
        handover=talk.is_handed_over,
    )
