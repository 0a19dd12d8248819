"""The steps between a question and its passages: what each is given and what it gives."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, Literal, Protocol
from uuid import UUID

from backend.embeddings.base import EmbeddingKind, Vectors
from backend.retrieval.shared import Shared
from backend.vectors.base import Source


@dataclass(frozen=True, slots=True)
class Turn:
    """Something said earlier in the conversation, oldest first where there are several."""

    role: Literal["user", "assistant"]
    text: str


@dataclass(frozen=True, slots=True)
class Span:
    """Where an item's words stand: `section.text[start:end]`."""

    section_id: UUID
    start: int
    end: int

    def covers(self, other: "Span") -> float:
        """The share of `other`, 0..1, that lies in this span."""
        if self.section_id != other.section_id or other.end <= other.start:
            return 0.0
        return max(0, min(self.end, other.end) - max(self.start, other.start)) / (other.end - other.start)


LEAST: Final = 0.02
"""Of a threshold above its background."""


@dataclass(frozen=True, slots=True)
class RetrievedItem:
    """`score` is the weighted cosine of the views, -1..1; `threshold` what its collection asks of an answer, and
    `background` what a question that has nothing to do with it scores there.

    `head` and `full` are the cosines of its views; an item without a heading has no `head`. `own` is the score for the
    question's own vector, where it was searched with another one: tuned, or of other words too.
    """

    id: UUID
    source: Source
    score: float
    document_id: UUID | None
    document_name: str | None
    title: str
    section: str | None
    page: int | None
    text: str
    span: Span | None = None
    head: float | None = None
    full: float = 0.0
    threshold: float = 0.0
    own: float | None = None
    background: float = 0.0
    collection_id: UUID | None = None

    @property
    def margin(self) -> float:
        """By how much the score passes the threshold, in ways from the background to it: scores of different models,
        whose scales are their own, are compared by it."""
        return (self.score - self.threshold) / max(self.threshold - self.background, LEAST)


Action = Literal["search", "converse", "ask_back"]


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do about a question. `reply` is said instead of an answer unless the action is `search`.

    `documents` limits the search to some, `collections` to some of the scope's; None does not. `query` is looked up
    instead of the question where it is given. `note` says why, for the trace.
    """

    action: Action
    limit: int
    documents: tuple[UUID, ...] | None = None
    reply: str = ""
    note: str = ""
    collections: tuple[UUID, ...] | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class Phrasing:
    """Other words for a question: another question, or a passage (`document`) as one that answers it may read."""

    text: str
    kind: EmbeddingKind


class TunedQueries(Protocol):
    """A map over query vectors that was trained for a collection.

    `fits` says whether it was trained on the vectors of an embedding model.
    """

    def fits(self, spec_key: str) -> bool: ...
    def __call__(self, queries: Vectors, /) -> Vectors: ...


@dataclass(frozen=True, slots=True)
class Tuned:
    """Tuned retrieval under its name."""

    name: str
    queries: TunedQueries


@dataclass(frozen=True, slots=True)
class Scope:
    """What a question may be answered from. `limit` is how many items it usually takes, `most` how many the caller
    takes; without it the planner decides. `tuned` changes the questions to collections that it fits. `searches` are
    those of the other answers to the same question. `names` are those of the collections, in their order, where there
    are several."""

    workspace_id: UUID
    collections: tuple[UUID, ...]
    limit: int
    most: int | None = None
    tuned: Tuned | None = None
    searches: "Shared[SearchResult] | None" = field(default=None, compare=False)
    names: tuple[str, ...] = ()

    def within(self, chosen: Collection[UUID] | None) -> "Scope":
        """Only those of its collections that were chosen; all for None."""
        if chosen is None:
            return self
        kept = [(id, name) for id, name in zip(self.collections, self.names, strict=True) if id in chosen]
        return replace(self, collections=tuple(id for id, _ in kept), names=tuple(name for _, name in kept))

    def name_of(self, collection_id: UUID | None) -> str | None:
        """None where it is the only one."""
        return next((name for id, name in zip(self.collections, self.names, strict=False) if id == collection_id), None)


@dataclass(frozen=True, slots=True)
class SearchResult:
    """Ranked items, best first, and whether they answer the question.

    `confidence` is the answerability score minus its threshold: below 0 is not answered.
    """

    items: Sequence[RetrievedItem]
    answerable: bool
    confidence: float = 0.0
    note: str = ""


StepName = Literal["rewrite", "plan", "search", "rerank", "answer", "verify"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of an answer for its trace. `strategy` is the form that ran, `outcome` what it decided, in words, and
    `failure` why it was not the model's, or not its first choice's, where that was to take it."""

    name: StepName
    strategy: str
    milliseconds: float
    outcome: str = ""
    failure: str = ""


@dataclass(frozen=True, slots=True)
class Findings:
    """What the pipeline hands to the answering agent. `question` stands alone."""

    question: str
    plan: Plan
    result: SearchResult
    steps: tuple[Step, ...] = field(default=())


class Form(Protocol):
    """A way to take a step."""

    @property
    def name(self) -> str:
        """Who took the step, once it is taken: a form that takes one answer's may hand it on to another form."""
        ...

    @property
    def failure(self) -> str:
        """Why the step was handed on, or a fallback took it; empty where neither was."""
        ...


class Rewriter(Form, Protocol):
    """Makes a follow-up a question that can be understood without the conversation."""

    async def rewrite(self, question: str, history: Sequence[Turn]) -> str:
        """The question itself when it stands alone."""
        ...


class Planner(Form, Protocol):
    """Decides whether to retrieve, how much and where, or what to ask back. `question` stands alone if it can."""

    async def plan(self, question: str, scope: Scope, *, has_history: bool) -> Plan: ...


class Phraser(Form, Protocol):
    """Says a question in words that the documents may use, for the search."""

    async def phrasings(self, question: str) -> Sequence[Phrasing]:
        """Others than the question itself; none where it is searched as it is."""
        ...


class Reranker(Form, Protocol):
    """Orders found items anew, best first; may drop none."""

    async def rerank(self, question: str, items: Sequence[RetrievedItem]) -> Sequence[RetrievedItem]: ...
