"""What holds at the end of a conversation, and what the visitor replaced or withdrew on the way."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final

from backend.leads.base import STANDARD, LeadValue, Standing, Turn
from backend.leads.clauses import Stance
from backend.leads.found import Found, Reading, settled
from backend.leads.languages.base import has
from contracts.leads import Money

_QUANTITIES: Final = frozenset({"budget", "timeline", "team_size"})
_SHORT: Final = 5
_INTRODUCED: Final = 0.9


@dataclass(frozen=True, slots=True)
class _Held:
    value: LeadValue
    place: tuple[int, int]


class Conversation:
    """Takes messages in their order."""

    def __init__(self, extractor: str) -> None:
        self._extractor = extractor
        self._held: dict[str, _Held] = {}
        self._former: list[_Held] = []
        self._messages = 0

    def values(self) -> list[LeadValue]:
        every = sorted([*self._former, *self._held.values()], key=lambda one: one.place)
        return [one.value for one in every]

    def add(self, turn: Turn, reading: Reading, found: Iterable[Found]) -> None:
        self._messages += 1
        by_field: dict[str, list[Found]] = {}
        for one in found:
            by_field.setdefault(one.field, []).append(one)
        for field, several in by_field.items():
            for one in settled(several, reading):
                self._take(turn, reading, one)
            del field
        if "budget" not in by_field:
            self._complete(turn, reading)
        for field in withdrawn(reading):
            if field not in by_field:
                self._end(field, "withdrawn")

    def _take(self, turn: Turn, reading: Reading, found: Found) -> None:
        held = self._held.get(found.field)
        if held is None and found.needs_held:
            return
        if held is None:
            self._hold(turn, found)
            return
        if held.value.value == found.value:
            return
        is_here = held.value.message_id == turn.message_id
        if found.field == "name" and not is_here and (whole := _whole_name(held.value, found, reading)) is not None:
            if whole != held.value.value:
                self._replace(turn, replace(found, value=whole))
            return
        if is_here or may_replace(found, reading):
            self._replace(turn, _kept_money(held.value, found))

    def _replace(self, turn: Turn, found: Found) -> None:
        self._end(found.field, "replaced")
        self._hold(turn, found)

    def _hold(self, turn: Turn, found: Found) -> None:
        raw = turn.text[found.start : found.end]
        value = LeadValue(
            found.field, found.value, raw, found.start, found.end, turn.message_id, self._extractor, found.confidence
        )
        self._held[found.field] = _Held(value, (self._messages, found.start))

    def _end(self, field: str, standing: Standing) -> None:
        if (held := self._held.pop(field, None)) is not None:
            self._former.append(_Held(replace(held.value, standing=standing), held.place))

    def _complete(self, turn: Turn, reading: Reading) -> None:
        """ "per month", said alone, belongs to the amount before it."""
        held = self._held.get("budget")
        if held is None or not isinstance(held.value.value, Money) or held.value.value.period is not None:
            return
        for clause in reading.clauses:
            language = reading.language
            for period, words in (("month", language.month), ("year", language.year), ("once", language.once)):
                if clause.words <= _SHORT and has(language, words, clause.text) and not clause.is_any(Stance.QUESTION):
                    start = clause.start + len(clause.text) - len(clause.text.lstrip())
                    end = clause.start + len(clause.text.rstrip(" .,;!\n"))
                    value = held.value.value.model_copy(update={"period": period})
                    self._replace(turn, Found("budget", value, start, end, held.value.confidence))
                    return


def may_replace(found: Found, reading: Reading) -> bool:
    """A correction in so many words, an answer, a quantity that is surely the visitor's, a newer address."""
    language = reading.language
    if has(language, language.correction, reading.folded) or found.field in reading.asked:
        return True
    if found.field in ("email", "phone"):
        return True
    if found.field == "name":
        return found.confidence >= _INTRODUCED
    return found.field not in STANDARD or (found.field in _QUANTITIES and found.is_sure)


def _kept_money(held: LeadValue, found: Found) -> Found:
    """A corrected amount keeps the currency and the period that stood before."""
    if not isinstance(found.value, Money) or not isinstance(held.value, Money):
        return found
    said = {"currency": found.value.currency or held.value.currency, "period": found.value.period or held.value.period}
    return replace(found, value=found.value.model_copy(update=said))


def _whole_name(held: LeadValue, found: Found, reading: Reading) -> str | None:
    """A surname that is said later joins the first name; a part of a name that is known says nothing new."""
    before, now = str(held.value).split(), str(found.value).split()
    folded_before, folded_now = [one.casefold() for one in before], [one.casefold() for one in now]
    if set(folded_now) <= set(folded_before):
        return str(held.value)
    if set(folded_before) <= set(folded_now):
        return str(found.value)
    language = reading.language
    if has(language, language.surname, reading.folded + " " + reading.question) and len(before) == 1:
        return " ".join([*before, *now])
    return None


def withdrawn(reading: Reading) -> Iterator[str]:
    """The fields whose value the visitor takes back."""
    language = reading.language
    for clause in reading.clauses:
        if clause.is_any(Stance.QUESTION | Stance.QUOTED | Stance.YOURS) or not clause.has(language.withdrawal):
            continue
        for words, field in language.topics.items():
            if clause.has(words):
                yield field
