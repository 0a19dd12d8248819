"""What is wrong with an agent's form, in the words that the form has."""

from collections.abc import Mapping
from typing import Final

from pydantic import ValidationError

from contracts.problem import Problem
from frontend.components.words import sentence

_FIELDS: Final[Mapping[str, str]] = {
    "name": "Name",
    "provider": "Provider",
    "model": "Model",
    "fallbacks": "Steps in when it fails",
    "collection_id": "Answers from",
    "more_collection_ids": "Also search in",
    "daily_tokens": "Tokens a day",
    "consent_text": "Consent text",
    "retention_days": "Days that a lead is kept",
    "role": "Role",
    "tone": "Tone",
    "language": "Language",
    "do": "Do",
    "avoid": "Do not",
    "greeting": "Greeting",
    "handover": "When a person takes over",
}


def form_problem(detail: str) -> Problem:
    return Problem(title="This cannot be used as it is", status=422, detail=detail, code="invalid_request")


def invalid(error: ValidationError) -> Problem:
    """The first fault, with the field that it is in."""
    fault = error.errors()[0]
    said = fault["msg"].removeprefix("Value error, ").removeprefix("String ")
    match fault["loc"]:
        case ("name", *_):
            return form_problem("Give the agent a name." if fault["type"] == "string_too_short" else f"Name: {said}")
        case ("lead_fields", "own", int(at), *rest):
            part = f", {rest[0]}" if rest else ""
            return form_problem(sentence(f"Field {at + 1} of your own{part}: {said}"))
        case ("lead_fields", *_):
            return form_problem(sentence(f"What it keeps: {said}"))
        case ("persona", str(name), int(line)):
            return form_problem(sentence(f"{_FIELDS.get(name, name)}, line {line + 1}: {said}"))
        case ("persona", str(name), *_) | (str(name), *_):
            return form_problem(sentence(f"{_FIELDS.get(name, name)}: {said}"))
    return form_problem(sentence(said))
