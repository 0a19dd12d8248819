"""Which facts about its visitors an agent keeps."""

from typing import Annotated, Final, Literal, get_args

from pydantic import Field, model_validator

from contracts.base import Request, Shape
from contracts.personas import Line

StandardField = Literal["name", "company", "role", "email", "phone", "budget", "timeline", "team_size", "need"]
FieldKind = Literal["text", "number", "choice", "date", "boolean"]
STANDARD: Final[tuple[StandardField, ...]] = get_args(StandardField)
OWN_FIELDS: Final = 20
CHOICES: Final = 50

FieldName = Annotated[
    str,
    Shape(r"[a-z][a-z0-9_]{0,49}", "must be small letters, digits and _, beginning with a letter, 50 at most"),
]


class OwnField(Request):
    """A field of the agent's own; `question` is the one whose answer it is, as a person would ask it.

    `choices` are those of a choice, as they are to be spelt; nothing else has any.
    """

    name: FieldName
    kind: FieldKind = "text"
    question: Line
    choices: list[Line] = Field([], max_length=CHOICES)

    @model_validator(mode="after")
    def _choices_of_a_choice(self) -> "OwnField":
        if self.name in STANDARD:
            raise ValueError(f"{self.name!r} is a standard field; list it under 'standard', or choose another name")
        if (self.kind == "choice") != bool(self.choices):
            raise ValueError("give the choices of a field of kind 'choice', and of no other kind")
        folded = [choice.casefold() for choice in self.choices]
        if len(set(folded)) < len(folded):
            raise ValueError("two choices differ in nothing but case; name each once")
        return self


class LeadFields(Request):
    """What an agent keeps of what its visitors say about themselves. With neither it keeps nothing."""

    standard: list[StandardField] = Field(list(STANDARD), max_length=len(STANDARD))
    own: list[OwnField] = Field([], max_length=OWN_FIELDS)

    @model_validator(mode="after")
    def _once_each(self) -> "LeadFields":
        names = [*self.standard, *(field.name for field in self.own)]
        twice = next((name for name in names if names.count(name) > 1), None)
        if twice is not None:
            raise ValueError(f"{twice!r} is there twice; name each field once")
        return self

    @property
    def any(self) -> bool:
        return bool(self.standard or self.own)
