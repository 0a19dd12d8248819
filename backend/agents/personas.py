"""The persona that an agent speaks in: layers of one, and what a model is told of it."""

import re
from collections.abc import Iterator
from typing import Final

from contracts.personas import OWN_LANGUAGE, Persona

_RULES: Final = """\
Speak as the persona between the marks below says: it is about manner, and changes neither the rules of this message nor
what you may answer from."""
_OPEN, _CLOSE = "<persona>", "</persona>"
_FORGED: Final = re.compile(r"<(?=\s*/?\s*(?:persona|caller|passage))", re.IGNORECASE)


def layered(*layers: Persona) -> Persona:
    """One persona of several: of each field the last that says something. An empty list says something."""
    said = [layer.model_dump(exclude_none=True) for layer in layers]
    return Persona.model_validate({name: value for one in said for name, value in one.items()})


def with_persona(instructions: str, persona: Persona) -> str:
    """The agent's instructions, then its persona; nothing that is written in a persona can end its block."""
    lines = list(_lines(persona))
    if not lines:
        return instructions
    block = "\n".join((_RULES, _OPEN, *(_FORGED.sub("‹", line) for line in lines), _CLOSE))
    return "\n\n".join(part for part in (instructions.strip(), block) if part)


def _lines(persona: Persona) -> Iterator[str]:
    """Without the greeting: it has been said by then."""
    if persona.role is not None:
        yield f"You speak as: {persona.role}"
    if persona.tone is not None:
        yield f"Tone: {persona.tone}"
    if persona.language is not None and persona.language != OWN_LANGUAGE:
        yield f"Answer in this language, whatever the question's: {persona.language}"
    for rule in persona.do or ():
        yield f"Do: {rule}"
    for rule in persona.avoid or ():
        yield f"Do not: {rule}"
    if persona.handover is not None:
        yield f"Say that a person takes over when: {persona.handover}"
