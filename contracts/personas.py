"""How an agent speaks: of a workspace, of one agent, of one conversation."""

from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.base import Answer, OneLine, Request, Shape, Storable, Visible

OWN_LANGUAGE: Final = "visitor"
"""The language of whoever asks."""
RULES: Final = 20

Line = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300), Storable, Visible, OneLine
]
Lines = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000), Storable, Visible]
Language = Annotated[
    str,
    Shape(
        r"[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}|visitor",
        "must be a language such as 'de' or 'pt-BR' (BCP 47), or 'visitor' for that of whoever asks",
    ),
]


class Persona(Request):
    """`role` is whom the agent speaks as, `handover` when a person is to take over, `greeting` what is said first.

    What is left out is as the layer below has it: a conversation stands on its agent, an agent on its workspace. An
    empty list is a list: it takes away what the layer below does or avoids.
    """

    role: Line | None = None
    tone: Line | None = None
    language: Language | None = None
    do: list[Line] | None = Field(None, max_length=RULES)
    avoid: list[Line] | None = Field(None, max_length=RULES)
    greeting: Lines | None = None
    handover: Lines | None = None


class PersonaSaid(Request):
    """What an operator says of how the agent is to speak, in one of its conversations or in all."""

    said: Lines
    conversation_id: UUID | None = None


class PersonaProposal(Answer):
    """Nothing is kept yet. `change` has the fields that differ between `before` and `after`: put it over the
    conversation's persona, or over the agent's."""

    before: Persona
    after: Persona
    change: Persona
