"""What lead extraction takes and gives: a conversation, and values that point at the visitor's own words."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal, Protocol, get_args

from contracts.lead_fields import FieldKind, StandardField
from contracts.leads import Money, Size, When

Role = Literal["user", "assistant"]
Standing = Literal["holds", "replaced", "withdrawn"]
Value = str | bool | int | float | Money | When | Size

STANDARD: Final[tuple[StandardField, ...]] = get_args(StandardField)


@dataclass(frozen=True, slots=True)
class Turn:
    role: Role
    text: str
    message_id: str


@dataclass(frozen=True, slots=True)
class FieldSpec:
    """A field that the agent adds to the standard ones, with the question whose answer it is.

    `choices` are those of kind "choice", as they are to be spelt.
    """

    name: str
    kind: FieldKind
    question: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Setting:
    """What a message leaves unsaid. `region`: ISO 3166 country of a phone number or a dollar, if the agent has one."""

    today: date
    region: str | None = None


@dataclass(frozen=True, slots=True)
class LeadValue:
    """A value and the words it came from: `raw` is `text[start:end]` of the user's message `message_id` (code points).

    `confidence` is 0..1. One that the visitor replaced or withdrew stays, with its own words, and no longer `holds`.
    Of kind: str (name, company, role, need, own text or choice; e-mail in lower case; phone E.164, with `;ext=`, or the
    digits as written where no country is known; an own date in ISO 8601), `Money`, `When`, `Size`, a number or a bool.
    """

    field: str
    value: Value
    raw: str
    start: int
    end: int
    message_id: str
    extractor: str
    confidence: float
    standing: Standing = "holds"


class LeadExtractor(Protocol):
    """Values in the order in which they were said, at most one of a field that holds.

    Only user turns give values; an assistant's turn says what a bare answer answers. No text raises.
    """

    async def extract(
        self, turns: Sequence[Turn], fields: Sequence[FieldSpec], setting: Setting
    ) -> list[LeadValue]: ...
