"""Numbers in digits and in words, with what multiplies them: "12.500", "40k", "half a million", "vingt-cinq"."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final

from backend.leads.languages.base import Language, compiled, pattern

_DIGITS: Final = re.compile(
    r"(?<![\w.,])(?:\d{1,3}(?:([ '.,])\d{3})(?:\1\d{3})*(?!\d)|\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d+)"
    r"(?:[.,]\d{1,3}(?!\d))?"
    r"(?!\d|[.,]\d)"
)
_GROUPS: Final = re.compile(r"(?P<sign>[ '.,])\d{3}(?:(?P=sign)\d{3})*$")
_SHORT: Final = {"k": 10**3, "t": 10**3, "m": 10**6, "mn": 10**6, "mio": 10**6, "mln": 10**6, "tsd": 10**3, "bn": 10**9}
_SHORT_POWER: Final = re.compile(r" ?(?:(k|mn|mio|mln|m|tsd|bn)\b|(k|t)(?=(?:eur|usd|gbp|chf|€|\$)))")
_NO_COUNT: Final = re.compile(
    r"\s?%|\s?(?:am|pm|uhr|h\d\d|h|heures?|std|kg|km|mm|cm|m2|qm|mb|gb|tb)\b|:\d\d|\s?(?:o'clock|percent|prozent)\b|°"
)
_MOST: Final = 60
"""Numbers of a text; whoever writes more gives no lead, and the work is bounded."""
_LIMIT: Final = 10**13


@dataclass(frozen=True, slots=True)
class Number:
    """`multiplied`: by a word or a letter that stands behind it. `power` is that factor, 1 without one."""

    value: Decimal
    start: int
    end: int
    power: int = 1
    in_words: bool = False

    @property
    def is_whole(self) -> bool:
        return self.value == self.value.to_integral_value()


def numbers(text: str, language: Language) -> list[Number]:
    """In the order of the folded text; none overlap."""
    found = [_with_half(one, text, language) for one in (*_in_digits(text, language), *_in_words(text, language))]
    found.sort(key=lambda one: (one.start, -one.end))
    kept: list[Number] = []
    for one in found:
        is_free = not kept or one.start >= kept[-1].end
        if (
            one.value < _LIMIT
            and is_free
            and not _NO_COUNT.match(text, one.end)
            and text[one.start - 1 : one.start] != ":"
        ):
            kept.append(one)
    return kept[:_MOST]


def _with_half(one: Number, text: str, language: Language) -> Number:
    """ "four and a half grand"."""
    half = _halves(language).match(text, one.end) if one.power == 1 and one.is_whole else None
    if half is None:
        return one
    power = _factor(language, half["power"]) if half["power"] else 1
    return Number((one.value + Decimal("0.5")) * power, one.start, half.end(), power, in_words=one.in_words)


@cache
def _halves(language: Language) -> re.Pattern[str]:
    return compiled(rf"[ -]?(?:{language.and_half})(?:[ -](?P<power>{'|'.join(language.powers)}))?(?!\w)")


def _in_digits(text: str, language: Language) -> Iterator[Number]:
    for match in _DIGITS.finditer(text):
        value = _read(match.group())
        power, end = _power(text, match.end(), language)
        yield Number(value * power, match.start(), end, power)


def _read(digits: str) -> Decimal:
    """The last of two kinds of separators, and one that does not stand before groups of three, is the decimal one."""
    plain = re.sub(r"[ ']", "", digits)
    signs = [sign for sign in plain if sign in ".,"]
    if len(set(signs)) == 2:
        return Decimal(plain.replace("," if signs[-1] == "." else ".", "").replace(",", "."))
    if len(signs) > 1:
        return Decimal(re.sub(r"[.,]", "", plain))
    if signs and _GROUPS.search(plain) and not plain.startswith("0"):
        return Decimal(re.sub(r"[.,]", "", plain))
    return Decimal(plain.replace(",", "."))


def _power(text: str, end: int, language: Language) -> tuple[int, int]:
    if short := _SHORT_POWER.match(text, end):
        return _SHORT[short[1] or short[2]], short.end()
    factor = 1
    while match := _powers(language).match(text, end):
        factor, end = factor * _factor(language, match["power"]), match.end()
    return factor, end


@cache
def _powers(language: Language) -> re.Pattern[str]:
    return compiled(rf"[ -]?(?P<power>{'|'.join(language.powers)})(?!\w)")


@cache
def _factor(language: Language, word: str) -> int:
    return next(value for words, value in language.powers.items() if compiled(words).fullmatch(word))


@cache
def _words(language: Language) -> re.Pattern[str]:
    units = sorted(map(re.escape, language.units), key=len, reverse=True)
    glued = f"(?:{language.glued})?" if language.glued else ""
    return compiled(rf"(?<!\w){glued}(?P<word>{'|'.join([*units, *language.powers])})(?!\w)")


@cache
def _groups(language: Language) -> list[tuple[re.Pattern[str], int]]:
    return [(pattern(language, words), value) for words, value in language.groups.items()]


def _in_words(text: str, language: Language) -> Iterator[Number]:
    for group, value in _groups(language):
        for match in group.finditer(text):
            yield Number(Decimal(value), match.start(), match.end(), in_words=True)
    for part, words in ((2, language.half), (4, language.fourth)):
        for match in pattern(language, rf"(?:{words})[ -]?(?P<power>{'|'.join(language.powers)})").finditer(text):
            power = _factor(language, match["power"])
            yield Number(Decimal(power) / part, match.start(), match.end(), power, in_words=True)
    yield from _sums(text, language)


def _sums(text: str, language: Language) -> Iterator[Number]:
    """Runs of number words: "twenty-five", "two thousand five hundred", "treinta y cinco"."""
    joint = compiled(rf"(?:[ -](?:{language.number_and})[ -]|[ -])")
    words, at = _words(language), 0
    while match := words.search(text, at):
        start, run = match.start("word"), [match["word"]]
        end = match.end()
        while (space := joint.match(text, end)) and (more := words.match(text, space.end())):
            run.append(more["word"])
            end = more.end()
        at = end
        value, power = _sum(run, language)
        if value:
            yield Number(Decimal(value), start, end, power, in_words=True)


def _sum(run: list[str], language: Language) -> tuple[int, int]:
    total = current = 0
    largest = 1
    for word in run:
        if (value := language.units.get(word)) is not None:
            current = current * value if value >= 100 and 0 < current < value else current + value
            continue
        factor = _factor(language, word)
        largest = max(largest, factor)
        current = max(current, 1) * factor
        if factor >= 1000:
            total, current = total + current, 0
    return total + current, largest
