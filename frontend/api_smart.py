"""The part of the typed client about agents that talk with visitors, and what they keep of them."""

from collections.abc import Generator
from contextlib import contextmanager
from uuid import UUID

from contracts.agents import Agent, AgentDuplicate, AgentRollback, AgentTemplate, AgentVersion
from contracts.lead_records import Consent, ConsentAnswer
from contracts.page import Page
from contracts.personas import Persona
from contracts.smart import SmartChat
from frontend.api_calls import Calls
from frontend.chat_stream import SmartStream


class SmartApi(Calls):
    def agent(self, agent_id: UUID) -> Agent:
        return self._get(Agent, f"/agents/{agent_id}")

    def archived_agents(self) -> Page[Agent]:
        return self._get(Page[Agent], "/agents", {"archived": "true"})

    def agent_templates(self) -> Page[AgentTemplate]:
        return self._get(Page[AgentTemplate], "/agents/templates")

    def default_persona(self) -> Persona:
        return self._get(Persona, "/agents/persona")

    def agent_versions(self, agent_id: UUID) -> Page[AgentVersion]:
        """Newest first."""
        return self._get(Page[AgentVersion], f"/agents/{agent_id}/versions")

    def roll_back_agent(self, agent_id: UUID, number: int) -> Agent:
        return self._write("POST", Agent, f"/agents/{agent_id}/rollback", AgentRollback(version=number))

    def duplicate_agent(self, agent_id: UUID, name: str) -> Agent:
        return self._write("POST", Agent, f"/agents/{agent_id}/duplicate", AgentDuplicate(name=name))

    def retry_agent(self, agent_id: UUID) -> Agent:
        return self._write("POST", Agent, f"/agents/{agent_id}/retry")

    def archive_agent(self, agent_id: UUID) -> Agent:
        return self._write("POST", Agent, f"/agents/{agent_id}/archive")

    def restore_agent(self, agent_id: UUID) -> Agent:
        return self._write("POST", Agent, f"/agents/{agent_id}/restore")

    # --- talks -----------------------------------------------------------------
    @contextmanager
    def smart_chat(self, message: SmartChat) -> Generator[SmartStream]:
        """A visitor's message to an agent."""
        with self._events("/smart_chat/chat", message.model_copy(update={"stream": True})) as source:
            yield SmartStream(source)

    def consent(self, conversation_id: UUID) -> Consent:
        """What the visitor was asked and said, and what is known of them."""
        return self._get(Consent, f"/conversations/{conversation_id}/consent")

    def give_consent(self, conversation_id: UUID, *, given: bool) -> Consent:
        return self._write("POST", Consent, f"/conversations/{conversation_id}/consent", ConsentAnswer(given=given))
