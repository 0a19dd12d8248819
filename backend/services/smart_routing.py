"""Which rule a visitor's message falls under, by what it says of the visitor and what is left of it then."""

import re
from collections.abc import Sequence
from typing import Final

from backend.agents.routing import LOOK_UP, Route, handed_over, noted, wants_person, words_of
from backend.db.models import Agent, Message
from backend.leads.folding import fold
from backend.leads.languages import language_of
from backend.leads.languages.base import Language
from backend.retrieval.answerability import content_words
from backend.retrieval.small_talk import small_talk
from backend.services.lead_wholes import Said
from contracts.lead_fields import LeadFields
from contracts.personas import OWN_LANGUAGE, Persona

MOST_LEFT: Final = 1
"""Words that may be left of a message that only tells something."""
_ASKS: Final = re.compile(r"[?？؟]")


def route_of(agent: Agent, persona: Persona, messages: Sequence[Message], said: Said) -> Route:
    """Of the last of the messages, to an agent that speaks in this persona. A need is looked up: what is wanted may be
    in the documents."""
    message = messages[-1]
    if len(messages) == 1 and persona.greeting is not None and small_talk(message.content) is not None:
        return Route("somebody greets", persona.greeting)
    before = [fold(one.content) for one in reversed(messages[:-1]) if one.role == "user"]
    language = language_of(fold(message.content), before, None)
    code = language.code if persona.language in (None, OWN_LANGUAGE) else str(persona.language)
    if wants_person(message.content):
        return handed_over(code)
    told = {field: one for field, one in said.values.items() if one.message_id == message.id}
    if not told or "need" in told or _ASKS.search(message.content):
        return LOOK_UP
    rest = message.content
    for start, end in sorted(((one.start, one.end) for one in told.values()), reverse=True):
        rest = rest[:start] + " " + rest[end:]
    if len(_left(rest, language)) > MOST_LEFT:
        return LOOK_UP
    fields = LeadFields.model_validate(agent.lead_fields) if agent.lead_fields else LeadFields(standard=[])
    answers = [one.content for one in messages if one.role == "assistant"]
    return noted(code, said.values.keys(), fields.standard, answers)


def _left(rest: str, language: Language) -> set[str]:
    """Words that carry meaning, without those around what is told, as in "my budget is"."""
    return set(content_words(rest)) - words_of(language.code).telling
