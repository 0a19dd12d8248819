"""What a rule finds in one message, before the conversation decides what holds."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from backend.leads.base import FieldSpec, Setting, Value
from backend.leads.clauses import Clause
from backend.leads.languages.base import Language, compiled, pattern


@dataclass(frozen=True, slots=True)
class Reading:
    """A user's message, read: `text` as written, `folded` with what is understood already masked.

    `asked`: the fields that the assistant's message before it asks for. `question` is that message, folded,
    `said_before` the visitor's before it.
    """

    text: str
    folded: str
    clauses: Sequence[Clause]
    language: Language
    setting: Setting
    asked: frozenset[str] = frozenset()
    question: str = ""
    said_before: str = ""
    own_fields: Sequence[FieldSpec] = ()

    def clause_at(self, place: int) -> Clause | None:
        return next((one for one in self.clauses if place < one.end), None)

    def asks(self, field: str, clause: Clause) -> bool:
        """Whether the clause answers the assistant's question for the field, or stands beside its label."""
        return clause.label == field or (clause.label is None and field in self.asked)


@dataclass(frozen=True, slots=True)
class Found:
    """`is_sure`: said in so many words, so that it may replace what an earlier message said.

    `needs_held`: it says something only where the field has a value already.
    """

    field: str
    value: Value
    start: int
    end: int
    confidence: float
    is_sure: bool = True
    needs_held: bool = False


def settled(found: Iterable[Found], reading: Reading) -> list[Found]:
    """The first of a message, unless the visitor corrects it there: then all up to the last, which holds."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda each: each.start):
        if not kept or corrects(reading, kept[-1].end, one.end):
            kept.append(one)
    return kept


def is_replaced(reading: Reading, start: int) -> bool:
    """ "15 instead of 25": what stands there is not so."""
    return compiled(rf"(?<!\w)(?:{reading.language.instead_of})\s*$").search(reading.folded, 0, start) is not None


def corrects(reading: Reading, start: int, end: int) -> bool:
    """Whether what is said from `start` on takes back what stands before it."""
    return pattern(reading.language, reading.language.correction).search(reading.folded, start, end) is not None
