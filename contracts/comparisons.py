"""Comparisons: two to four targets answer one question; votes and measured values tell which is better."""

from typing import Annotated, Final, Literal
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from contracts.base import Answer, Message, Name, OneLine, Request, Shape, Storable, UtcTime
from contracts.chat import Answered, ErrorEvent
from contracts.problem import Problem
from contracts.providers import ProviderName

MOST_LANES: Final = 4

ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500), Storable, OneLine]
AliasName = Annotated[
    str,
    Shape(
        r"^[a-z0-9][a-z0-9._-]{0,59}$",
        "must be 1 to 60 small letters (a to z), digits, dots, dashes and underscores, a letter or digit first, such "
        "as 'support-default'",
    ),
]
Reason = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1_000), Storable]
Choice = Literal["left", "right", "a", "b", "c", "d", "all_good", "all_bad"]
TargetKind = Literal["agent", "tuned_retrieval", "tuned_model", "model"]


class Target(Request):
    """Who answers: an agent (with another `model` of its provider, or one that was trained here), a model that was
    trained here or an alias by its name, or a model of a provider (its usual one where none is named).

    A model is asked as the default agent is, with its instructions and the passages of its collection; without
    `documents` it answers from what it learnt alone.
    """

    agent_id: UUID | None = None
    provider: ProviderName | None = None
    model: ModelName | None = None
    documents: bool = True

    @model_validator(mode="after")
    def _one_target(self) -> "Target":
        if self.agent_id is not None and self.provider is not None:
            raise ValueError("give agent_id or provider, not both")
        if self.agent_id is None and self.provider is None and self.model is None:
            raise ValueError("give agent_id, provider or model")
        if self.agent_id is not None and not self.documents:
            raise ValueError("an agent reads its documents; compare its model without them: provider, model")
        return self


class NewComparison(Request):
    """One question to two to four targets; `left` and `right` may stand instead of two `lanes`.

    `blind`: who is who is told after the vote. With `stream` the events of each lane come as they are made; those of a
    blind one together, at its end.
    """

    question: Message
    lanes: list[Target] = Field(default=[], max_length=MOST_LANES)
    left: Target | None = None
    right: Target | None = None
    blind: bool = True
    stream: bool = False

    @model_validator(mode="after")
    def _two_to_four(self) -> "NewComparison":
        sides = [side for side in (self.left, self.right) if side is not None]
        if self.lanes and sides:
            raise ValueError("give lanes, or left and right, not both")
        if not self.lanes and len(sides) != 2:
            raise ValueError("give two to four lanes, or left and right")
        if len(self.targets) < 2:
            raise ValueError("give two to four lanes")
        if len(set(self.targets)) != len(self.targets):
            raise ValueError("two of the lanes have the same target; give each one of its own")
        return self

    @property
    def targets(self) -> list[Target]:
        return self.lanes or [side for side in (self.left, self.right) if side is not None]


class Contestant(Answer):
    """A target as it was when it was asked. `key` is its identity: an agent that is changed is another contestant, and
    votes for what it was do not count for what it is.

    `name` is what people call it, `about` what it is made of. `model` and `provider` are who was asked first; `target`
    asks it again, as it is then.
    """

    key: str
    kind: TargetKind
    name: str
    about: str
    target: Target
    provider: str
    model: str
    agent_id: UUID | None = None
    model_id: UUID | None = None
    collection_id: UUID | None = None


class Lane(Answer):
    """Before a vote on a blind comparison label and text only, without citation marks.

    Milliseconds are from the question on. `error` is why a lane has no answer; the others have theirs.
    """

    label: str
    text: str
    contestant: Contestant | None = None
    answer: Answered | None = None
    error: Problem | None = None
    latency_ms: float | None = None
    first_token_ms: float | None = None
    metrics: dict[str, float | None] = Field(default_factory=dict)


class Vote(Answer):
    """One person's. It counts in the verdict when it was cast, and last changed, before the names were shown."""

    choice: Choice
    counts: bool
    updated_at: UtcTime


class Comparison(Answer):
    """Two lanes are labelled `left` and `right`, more of them `a` to `d`; where each target stands is drawn.

    `blind` is whether the names are held back from the caller; `vote` is the caller's. `can_vote` is false with a
    `reason`: fewer than two lanes have an answer, or the contest is closed. `expected` is the answer of the dataset's
    row that a batch asked.
    """

    id: UUID
    contest_id: UUID
    batch_id: UUID | None
    question: str
    expected: str | None
    blind: bool
    lanes: list[Lane]
    vote: Vote | None
    can_vote: bool
    reason: str = ""
    author: str
    created_at: UtcTime


class NewVote(Request):
    """The label of the better lane, or that all are good, or bad. The last one of a person counts."""

    choice: Choice


# --- what votes say ------------------------------------------------------------------
class Duel(Answer):
    """A lane against a weaker one. `win_rate` is 0..1, ties counted half; null without votes. `expected` is that of the
    Bradley-Terry strengths, to which the votes of all pairs count; null in what was told before there was one.

    `low` and `high` hold at every look with 95 % confidence, together over all duels of the verdict.
    """

    lane: str
    rival: str
    wins: int
    ties: int
    losses: int
    win_rate: float | None
    expected: float | None = None
    low: float
    high: float
    is_won: bool
    votes_needed: int | None


class Verdict(Answer):
    """Lanes are named by their contestants' keys. `order` is by strength (Bradley-Terry), strongest first; `duels` are
    those of the first lane, `others` those between the others, both in that order.

    `decided`: `best` is better than every other. `votes_needed` is about how many more would decide at this margin,
    null when that is not in sight. `text` says it with the contestants' names.
    """

    decided: bool
    best: str | None
    order: list[str]
    duels: list[Duel]
    others: list[Duel] = Field(default_factory=list)
    votes_needed: int | None
    text: str


class CurvePoint(Answer):
    """The verdict's first lane against a rival after so many votes."""

    votes: int
    win_rate: float
    low: float
    high: float


class Curve(Answer):
    lane: str
    rival: str
    points: list[CurvePoint]


class Contest(Answer):
    """The same targets over all questions that they were compared on.

    `votes` are those that count in the verdict: one a person and question. `others` are earlier ones of the same person
    on the same question, and those that were cast, or changed, with the names in sight.
    """

    id: UUID
    contestants: list[Contestant]
    questions: int
    votes: int
    others: int
    verdict: Verdict
    closed: bool
    author: str
    created_at: UtcTime


class ContestDetail(Contest):
    curves: list[Curve]


class ContestEdit(Request):
    """A closed contest takes no vote and no question until it is opened again."""

    closed: bool


# --- aliases -------------------------------------------------------------------------
class Promotion(Request):
    """Moves an alias to a contestant of a contest. While the contest is undecided, or another one is ahead, a `reason`
    must be given."""

    contest_id: UUID
    key: Annotated[str, StringConstraints(min_length=1, max_length=200), Storable]
    reason: Reason = ""


class Rollback(Request):
    reason: Reason = ""


class AliasMove(Answer):
    """What an alias meant from then on, and the evidence: the verdict's text on that day, or the reason given."""

    contestant: Contestant
    contest_id: UUID | None
    verdict: str
    decided: bool
    reason: str
    author: str
    created_at: UtcTime


class Alias(Answer):
    """`current` is what the name means; `history` are the moves before it, newest first, which roll back one by one.

    `agents` are those that use it.
    """

    name: str
    current: AliasMove
    history: list[AliasMove]
    agents: list[Name]


class AuditEvent(Answer):
    """Who did what, when. `details` hold no text of customers."""

    id: UUID
    at: UtcTime
    actor: str
    action: str
    subject: str
    details: dict[str, str]


# --- what a stream sends -------------------------------------------------------------
class LaneToken(Answer):
    event: Literal["token"] = "token"
    lane: str
    text: str


class LaneDone(Answer):
    event: Literal["lane"] = "lane"
    lane: Lane


class Compared(Answer):
    event: Literal["done"] = "done"
    comparison: Comparison


ComparisonEvent = Annotated[LaneToken | LaneDone | Compared | ErrorEvent, Field(discriminator="event")]
