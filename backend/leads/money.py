"""Amounts of money, and which of them is what the visitor has to spend."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from backend.leads.clauses import Clause, Stance
from backend.leads.folding import MASK
from backend.leads.found import Found, Reading, corrects, is_replaced
from backend.leads.languages.base import Language, compiled, has, pattern
from backend.leads.languages.currencies import BY_REGION, CODES, NAMED
from backend.leads.numbers import Number, numbers
from contracts.leads import Money, Period

_SHORT_CLAUSE: Final = 3
_NOT_BUDGET: Final = (
    Stance.OTHERS
    | Stance.YOURS
    | Stance.ORDER
    | Stance.QUOTED
    | Stance.QUESTION
    | Stance.SUPPOSED
    | Stance.NEGATED
    | Stance.WISHED
)
_CURRENCY: Final = "|".join([*NAMED, *BY_REGION, *CODES.split()])
_BEFORE: Final = re.compile(rf"(?:(?<!\w)|(?<=k))(?P<currency>{_CURRENCY})[ .]?$")
_AFTER: Final = re.compile(rf"(?:[.,]-+|\.)?(?:[ -]|\sde\s|\sd')?(?P<currency>{_CURRENCY})(?!\w)")
_NO_CENTS: Final = re.compile(r"[.,]-+")
"""As in "CHF 300.-"."""


@dataclass(frozen=True, slots=True)
class Amount:
    """One amount or two bounds, with the words that carry it. `currency` is ISO 4217 where it is said."""

    low: Number
    high: Number | None
    start: int
    end: int
    currency: str | None
    period: Period | None
    is_named: bool
    is_per_unit: bool


def amounts(text: str, language: Language, region: str | None) -> list[Amount]:
    """Every number of a folded text that may be money, with its bounds joined."""
    every = numbers(text, language)
    found: list[Amount] = []
    index = 0
    while index < len(every):
        first = every[index]
        second = every[index + 1] if index + 1 < len(every) else None
        if second is not None and _joined(text, first, second, language):
            found.append(_amount(text, (_alike(first, second), second), language, region))
            index += 2
        else:
            found.append(_amount(text, (first, None), language, region))
            index += 1
    return found


def _joined(text: str, first: Number, second: Number, language: Language) -> bool:
    """ "40-60k", "$8,000 to $11,000", "between 8 and 11 thousand"."""
    gap = text[first.end : second.start]
    if len(gap) > 24:
        return False
    plain = compiled(rf"(?<!\w)(?:{_CURRENCY})(?!\w)|[$€£₪¥]").sub("", gap).strip()
    if compiled(rf"-|/|{language.to}").fullmatch(plain):
        return _alike(first, second).value < second.value
    opened = pattern(language, language.between).search(text, max(0, first.start - 25), first.start)
    is_both = opened is not None and compiled(rf"-?\s?(?:{language.both})").fullmatch(plain) is not None
    return is_both and _alike(first, second).value < second.value


def _alike(first: Number, second: Number) -> Number:
    """ "40-60k" multiplies both."""
    if first.power == 1 and second.power > 1 and first.value < 1000 and first.value * second.power < second.value:
        return Number(first.value * second.power, first.start, first.end, second.power)
    if first.power == second.power == 1 and first.value < 100 and first.value * 1000 < second.value < 1_000_000:
        return Number(first.value * 1000, first.start, first.end) if second.value % 1000 == 0 else first
    return first


def _amount(text: str, bounds: tuple[Number, Number | None], language: Language, region: str | None) -> Amount:
    low, high = bounds
    last = high or low
    start, end, words = low.start, last.end, None
    if before := _BEFORE.search(text, max(0, start - 12), start):
        start, words = before.start(), before["currency"]
    if after := _AFTER.match(text, end):
        is_code = after["currency"] in CODES.split()
        end, words = after.end(), after["currency"] if is_code else words or after["currency"]
    if words is None and high is not None:
        inner = compiled(rf"(?<!\w)(?:{_CURRENCY})(?!\w)|[$€£₪¥]").search(text[low.end : high.start])
        words = inner.group() if inner else None
    if cents := _NO_CENTS.match(text, end):
        end = cents.end()
    if tax := compiled(rf"[ ,]?\s?(?:{language.taxes})(?!\w)").match(text, end):
        end = tax.end()
    is_per_unit = _per_unit(language).match(text, end) is not None
    period, end = _period_after(text, end, language)
    is_per_unit = is_per_unit or _per_unit(language).match(text, end) is not None
    return Amount(low, high, start, end, currency_of(words, region), period, words is not None, is_per_unit)


@cache
def _per_unit(language: Language) -> re.Pattern[str]:
    return compiled(rf"\s?(?:{language.per_unit})(?!\w)")


def _period_after(text: str, end: int, language: Language) -> tuple[Period | None, int]:
    for period, words in _periods(language):
        if match := compiled(rf"\s?[,(]?\s?(?:{words})(?!\w)").match(text, end):
            return period, match.end()
    return None, end


def _periods(language: Language) -> tuple[tuple[Period, str], ...]:
    return ("month", language.month), ("year", language.year), ("once", language.once)


def currency_of(words: str | None, region: str | None) -> str | None:
    """ISO 4217 of a sign, a code or a word; of a word that several countries have, the region's."""
    if words is None:
        return None
    plain = words.strip()
    if plain in CODES.split():
        return plain.upper()
    for names, code in NAMED.items():
        if compiled(names).fullmatch(plain):
            return code
    for names, (codes, otherwise) in BY_REGION.items():
        if compiled(names).fullmatch(plain):
            return codes.get(region or "") or otherwise
    return None


def budgets(reading: Reading, every: Sequence[Amount]) -> Iterator[Found]:
    last = 0
    for amount in every:
        clause = reading.clause_at(amount.start)
        if clause is None or amount.low.value == 0:
            continue
        if is_replaced(reading, amount.start):
            continue
        score = _score(amount, clause, reading, is_corrected=bool(last) and corrects(reading, last, amount.start))
        is_said_again = score < 2 and _is_revised(amount, clause, reading)
        if score >= 2 or is_said_again:
            is_sure = score >= 3 or clause.words <= _SHORT_CLAUSE
            last = amount.end
            yield Found(
                "budget",
                _money(amount, clause),
                amount.start,
                amount.end,
                min(0.95, 0.6 + score / 10),
                is_sure=is_sure,
                needs_held=is_said_again,
            )


def _score(amount: Amount, clause: Clause, reading: Reading, *, is_corrected: bool) -> int:
    """How much speaks for a budget; below 2 it is none."""
    language = reading.language
    is_price = has(language, language.not_budget, _without_limits(clause)) and not clause.is_any(Stance.LIMITED)
    if clause.is_any_at(_NOT_BUDGET, amount.end) or amount.is_per_unit or is_price:
        return 0
    context = _context(clause, reading)
    if context is not None and (context.has(language.not_budget) or context.is_any(_NOT_BUDGET & ~Stance.NEGATED)):
        return 0
    is_cued = any(
        clause.has(words) for words in (language.budget, language.at_most, language.at_least, language.more_than)
    )
    if clause.is_any(Stance.PAST | Stance.FORMER) and not clause.has(language.budget_given):
        return 0
    is_asked = reading.asks("budget", clause) or (is_corrected and clause.words <= _SHORT_CLAUSE)
    is_sum = amount.is_named or amount.low.power >= 1000 or (amount.high is not None and amount.high.power >= 1000)
    if not is_sum and _counts_something(amount, reading):
        return 0
    is_large = amount.low.value >= 100 and not _is_year(amount)
    is_bare = is_large and (
        clause.has(language.money_words)
        or (is_cued and clause.words <= _SHORT_CLAUSE)
        or (is_asked and clause.words <= 2 * _SHORT_CLAUSE)
    )
    if not (is_sum or is_bare or amount.period):
        return 0
    signs = (
        2 * is_cued,
        2 * is_asked,
        clause.has(language.first),
        clause.words <= _SHORT_CLAUSE,
        clause.has(language.hedges),
        is_sum,
        amount.period is not None,
        amount.high is not None,
    )
    return sum(map(int, signs))


def _context(clause: Clause, reading: Reading) -> Clause | None:
    """Of a fragment, the clause before it in its sentence: "I want my money back, $59"."""
    at = next(n for n, one in enumerate(reading.clauses) if one is clause)
    if clause.words > _SHORT_CLAUSE or not at or reading.clauses[at - 1].sentence is not clause.sentence:
        return None
    return reading.clauses[at - 1]


def _is_revised(amount: Amount, clause: Clause, reading: Reading) -> bool:
    """ "sorry, 900", which says something only where an amount was said before."""
    is_short = clause.words <= 2 * _SHORT_CLAUSE and not clause.is_any(_NOT_BUDGET & ~Stance.NEGATED)
    is_corrected = has(reading.language, reading.language.correction, reading.folded[: clause.end])
    return (
        is_short
        and is_corrected
        and amount.low.value >= 100
        and not _is_year(amount)
        and not _counts_something(amount, reading)
    )


def _without_limits(clause: Clause) -> str:
    """ "must not cost more than" speaks of a limit, not of a price."""
    return pattern(clause.language, clause.language.at_most).sub(MASK, clause.text)


def _is_year(amount: Amount) -> bool:
    return not amount.is_named and amount.low.power == 1 and 1900 <= amount.low.value <= 2100


def is_money(amount: Amount, reading: Reading) -> bool:
    """Whether it is an amount of money, whosever."""
    return (
        amount.is_named or amount.is_per_unit or (amount.low.power >= 1000 and not _counts_something(amount, reading))
    )


def _counts_something(amount: Amount, reading: Reading) -> bool:
    """ "300 users": a noun of people or things stands behind the number."""
    language = reading.language
    nouns = compiled(rf"\s?(?:[\w-]+ )?(?:{language.people}|{language.users}|{language.not_people})(?!\w)")
    return nouns.match(reading.folded, amount.end) is not None


def _money(amount: Amount, clause: Clause) -> Money:
    period = amount.period or _period_beside(clause, amount.end)
    low, high = amount.low.value, amount.high.value if amount.high else None
    if high is not None:
        return Money(low=plain(low), high=plain(high), currency=amount.currency, period=period)
    before = clause.message[clause.start : amount.start]
    after = clause.message[amount.end : clause.end]
    language = clause.language
    is_refused = clause.has(language.negation) and _is_bound(language, language.more_than, before, after)
    if is_refused or _is_bound(language, language.at_most, before, after):
        return Money(high=plain(low), currency=amount.currency, period=period)
    if _is_bound(language, language.at_least, before, after):
        return Money(low=plain(low), currency=amount.currency, period=period)
    return Money(amount=plain(low), currency=amount.currency, period=period)


def _period_beside(clause: Clause, end: int) -> Period | None:
    """Said in the clause, up to another amount, or in the next one and no more: "20k, one-off"."""
    other = re.compile(r"\d").search(clause.message, end, clause.end)
    start = clause.sentence.start if clause.label == "budget" else clause.start
    said = clause.message[start : other.start() if other else clause.end]
    rest = re.split(r"[,;(\n-]", clause.message[clause.end : clause.end + 40].lstrip(" ,;(-\n"))[0].strip(" .)!")
    for period, words in _periods(clause.language):
        if has(clause.language, words, said) or compiled(words).fullmatch(rest):
            return period
    return None


def _is_bound(language: Language, words: str, before: str, after: str) -> bool:
    behind = compiled(rf"\s*(?:{words})(?!\w)(?!\s(?:{language.articles}|\d))").match(after)
    near = before[-30:]
    near = near[max((one.end() for one in re.finditer(r"\d", near)), default=0) :]
    return has(language, words, near) or behind is not None


def plain(value: Decimal) -> str:
    """As a decimal string without zeros at its end."""
    text = f"{value:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) or "0"
