"""Leads as they are kept and shown: who said what about themselves, and what became of it."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.base import Answer, Kept, Name, Request, Storable, UtcTime, Visible, WholeNumber
from contracts.chat import Conversation
from contracts.leads import Money, Size, When

Stage = Literal["new", "contacted", "qualified", "won", "lost"]
ConsentState = Literal["not_required", "required", "given", "refused"]
Standing = Literal["holds", "replaced", "withdrawn"]
LeadSort = Literal["newest", "score", "updated"]
LeadForm = Literal["csv"]
ViewName = Name
Value = bool | int | float | str | Money | When | Size
Owner = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200), Storable, Visible]
Notes = Annotated[str, StringConstraints(strip_whitespace=True, max_length=10_000), Storable]


class Evidence(Answer):
    """A value and where it is from: `raw` are the characters `start` to `end` (code points) of the visitor's message
    `message_id`. `confidence` is 0..1."""

    value: Value
    raw: str
    message_id: UUID
    start: int
    end: int
    confidence: float
    extractor: str


class PastEvidence(Evidence):
    """One that the visitor replaced or took back."""

    field: str
    standing: Standing


class ScoreReason(Answer):
    points: int
    text: str


class CapturedLead(Answer):
    """What one conversation says of its visitor; `history` are values that were replaced or taken back.
    Until the visitor agreed, where the agent asks for that, `id` is null and nothing of it is kept."""

    id: UUID | None
    score: int
    stage: Stage
    values: dict[str, Evidence]
    history: list[PastEvidence] = Field(default_factory=list)


class Consent(Answer):
    """What a visitor was asked and said. `version` is the agent's whose `text` it was; neither is there where the agent
    asks for nothing, or the visitor has not said anything yet. `lead` is what was read of them, unless they refused."""

    conversation_id: UUID
    state: ConsentState
    text: str | None = None
    version: int | None = None
    at: UtcTime | None = None
    lead: CapturedLead | None = None


class ConsentAnswer(Request):
    given: bool


class LeadRow(Answer):
    """`values` are the newest of the lead and of those that are part of it, `merged`; `merged_into` is the lead that it
    is itself part of. `score` is 0..100. `twins` are other leads with the same e-mail address or phone number.
    `expires_at` is when the agent's retention deletes it."""

    id: UUID
    agent_id: UUID
    conversation_ids: list[UUID]
    stage: Stage
    owner: str | None
    score: int
    reasons: list[ScoreReason]
    values: dict[str, Evidence]
    consent: ConsentState
    twins: list[UUID]
    merged: list[UUID]
    merged_into: UUID | None
    revision: int
    created_at: UtcTime
    updated_at: UtcTime
    expires_at: UtcTime | None


class Lead(LeadRow):
    """With its notes and what its visitor said before, the newest first."""

    notes: str
    history: list[PastEvidence]


class LeadEdit(Request):
    """What is left out stays; `owner` is removed by null. Refused where the lead has another `revision` by now."""

    revision: Annotated[WholeNumber, Field(ge=1)]
    stage: Annotated[Stage | None, Kept] = None
    owner: Owner | None = None
    notes: Annotated[Notes | None, Kept] = None


class LeadMerge(Request):
    """The others become part of the lead; `DELETE` of the merge takes them out again."""

    lead_ids: list[UUID] = Field(min_length=1, max_length=50)


class Erasure(Answer):
    """What was removed for a person: leads with their values, and conversations with all that was said in them."""

    leads: int
    conversations: int


class PersonConversation(Conversation):
    """`user_id` is another program's name for the visitor."""

    user_id: str | None


class PersonalData(Answer):
    """All that is kept of the person of a lead."""

    lead: Lead
    consents: list[Consent]
    conversations: list[PersonConversation]


class LeadView(Request):
    """What a list of leads is to show. A search for words is no part of it: they could be a person's."""

    stage: Stage | None = None
    agent_id: UUID | None = None
    owner: Owner | None = None
    score: Annotated[WholeNumber, Field(ge=0, le=100)] | None = None
    since: UtcTime | None = None
    sort: LeadSort = "newest"


class SavedLeadView(Answer):
    name: str
    view: LeadView
    author: str
    updated_at: UtcTime
