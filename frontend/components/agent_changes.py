"""What differs between two versions of an agent, in words."""

from collections.abc import Mapping
from typing import Final

from contracts.agents import AgentParameters, AgentSettings
from contracts.personas import Persona

_SETTINGS: Final[Mapping[str, str]] = {
    "provider": "provider",
    "model": "model",
    "fallbacks": "who steps in",
    "daily_tokens": "tokens a day",
    "collection_id": "what it answers from",
    "more_collection_ids": "what it also searches",
    "lead_fields": "what it keeps",
    "consent_text": "consent text",
    "retention_days": "days that a lead is kept",
}
_PERSONA: Final[Mapping[str, str]] = {
    "role": "role",
    "tone": "tone",
    "language": "language",
    "do": "what it does",
    "avoid": "what it avoids",
    "greeting": "greeting",
    "handover": "when a person takes over",
}
_PARAMETERS: Final[Mapping[str, str]] = {
    "temperature": "temperature",
    "max_tokens": "longest answer",
    "instructions": "instructions",
    "steps": "steps that the model takes",
    "retrieval_model": "tuned retrieval",
}


def changed_text(before: AgentSettings, after: AgentSettings) -> str:
    """`Changed: tone, consent text`"""
    parts = [
        *_differing(before.persona, after.persona, _PERSONA),
        *_differing(before, after, _SETTINGS),
        *_differing(before.parameters, after.parameters, _PARAMETERS),
    ]
    return f"Changed: {', '.join(parts)}" if parts else "Nothing changed"


Settings = AgentSettings | AgentParameters | Persona


def _differing(before: Settings, after: Settings, words: Mapping[str, str]) -> list[str]:
    return [word for name, word in words.items() if getattr(before, name) != getattr(after, name)]
