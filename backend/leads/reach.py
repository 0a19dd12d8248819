"""E-mail addresses and phone numbers, written, spelt out and obfuscated."""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from backend.leads.clauses import Clause, Stance
from backend.leads.found import Found, Reading
from backend.leads.languages import common_of
from backend.leads.languages.base import Language, compiled, has, pattern

_ADDRESS: Final = re.compile(
    r"(?<![\w.+@-])(?:[\u05d0-\u05ea]{1,2}-?)?(?P<address>[\w+-]+(?:\.[\w+-]+)*@[\w-]+(?:\.[\w-]+)*\.[^\W\d_]{2,})(?![\w@])"
)
_NOT_REACHED: Final = Stance.OTHERS | Stance.SUPERIORS | Stance.YOURS | Stance.ORDER | Stance.QUOTED | Stance.SUPPOSED
_DIGITS: Final = re.compile(r"(?<![\w.,#+])(?:\+|00)?\(?\d(?:[ ().\-/]{0,3}\d){5,17}(?![\w#]|[.,]\d)")
_FIRST_HALF: Final = re.compile(r"(?:\+|\(|\b)\d[\d ().-]{1,12}(?=[ .,]*$)")
_SECOND_HALF: Final = re.compile(r"[^\d\n]{0,20}(?P<digits>\d[\d -]{1,9}\d)(?![\d%])")
_MOST: Final = 30
"""Of one kind in a message; whoever writes more gives no lead, and the work is bounded."""
_NEAR: Final = 70
_WHOLE: Final = 9
_SHAPED: Final = re.compile(r"\+|\(?0[1-9]|\(?\d{2,4}\)?[ .-]\d{3,4}[ .-]\d{3,4}")
"""With a country, a trunk prefix, or in groups as numbers are written, whether or not a block of numbers is in use."""
_PAUSE: Final = re.compile(r"[,;\n]")
_DATE: Final = re.compile(r"\d{4}[-./]\d{1,2}[-./]\d{1,2}|\d{1,2}[-./]\d{1,2}[-./]\d{2,4}")
_AMOUNT: Final = re.compile(r"\d{1,3}(?:[. ]000)+")
_MONEY_BESIDE: Final = re.compile(r"[$€£₪¥]\s?$|\b(?:usd|eur|gbp|chf)\s?$")
_PHONE_WORDS: Final = (
    "phone|tel|telephone|telefon|telefono|mobile|mobil|cell|handy|call|ring|dial|whatsapp|reach|number|"
    "nummer|numero|movil|portable|joindre|appel\\w*|anruf\\w*|ruf\\w*|erreich\\w*|llam\\w*|telefonisch|טלפון|נייד|"
    "פלאפון|מספר|להתקשר|תתקשרו|text|sms|tlf|tlph|signal|ph|fon|durchwahl|telf|telefonnummer|gsm|cellulare|telemovel"
)


def emails(reading: Reading) -> Iterator[Found]:
    """Of the visitor, normalised: lower case, without obfuscation."""
    for start, end, address in addresses(reading):
        clause = reading.clause_at(start)
        if clause is not None and _is_mine(clause, start, reading) and (normal := _normal(address)):
            yield Found("email", normal, start, end, 0.98 if "@" in reading.text[start:end] else 0.9)


def addresses(reading: Reading) -> list[tuple[int, int, str]]:
    """Every address and who it is of aside: start, end, in plain form."""
    written = [(one.start("address"), one.end(), one["address"]) for one in _ADDRESS.finditer(reading.text)]
    taken = {place for start, end, _ in written for place in range(start, end)}
    spelt = [one for one in _spelt(reading.folded, reading.language) if one[0] not in taken]
    return sorted([*written, *spelt])


def _normal(address: str) -> str | None:
    try:
        return validate_email(address, check_deliverability=False).normalized.lower()
    except EmailNotValidError:
        return None


def _is_mine(clause: Clause, start: int, reading: Reading) -> bool:
    before = reading.folded[clause.start : start]
    if clause.is_any(_NOT_REACHED):
        return False
    language = reading.language
    return not (has(language, language.negation, before) or has(language, language.not_email, clause.text))


@cache
def _spelt_parts(language: Language) -> tuple[re.Pattern[str], re.Pattern[str], re.Pattern[str]]:
    """What stands for "@", the words before it and those behind it; each of bounded length."""
    at = (
        rf"\s*[(\[{{<]\s*(?:at|@|a|{language.at})\s*[)\]}}>]\s*|\s+(?P<bare>at|arobase|arroba|{language.at})\s+|\s+@\s+"
    )
    dot_word = rf"dot|punkt|point|punto|{language.dot}"
    dot = rf"\s*[(\[{{]\s*(?:{dot_word}|\.)\s*[)\]}}]\s*|\s+(?:{dot_word})\s+|\."
    joint = rf"{dot}|\s+(?:{language.underscore}|{language.dash})\s+|[_+-]"
    word = "[a-z0-9]{1,40}"
    return (
        compiled(at),
        compiled(rf"(?<![\w.]){word}(?:(?:{joint}){word}){{0,5}}$"),
        compiled(
            rf"{word}(?:(?:\s+(?:{language.dash})\s+|-){word}){{0,3}}(?:(?:{dot})[a-z0-9-]{{1,40}}){{1,4}}(?![\w@])"
        ),
    )


def _spelt(text: str, language: Language) -> Iterator[tuple[int, int, str]]:
    """ "john dot smith at example dot com", "anton (at) example (dot) net"; never "look at example.com"."""
    at, before, behind = _spelt_parts(language)
    for match in islice(at.finditer(text), _MOST):
        local = before.search(text, max(0, match.start() - _NEAR), match.start())
        domain = behind.match(text, match.end())
        if local is None or domain is None:
            continue
        start, said = local.start(), local.group()
        if match["bare"] and not re.search(r"\s|\(", said + domain.group()):
            continue
        while (lead := re.match(r"(\S+)\s+", said)) and lead[1] in common_of(language):
            start, said = start + lead.end(), said[lead.end() :]
        if said and said not in common_of(language):
            yield start, domain.end(), f"{_plain(said, language)}@{_plain(domain.group(), language)}"


def _plain(spelt: str, language: Language) -> str:
    signs = {f"dot|punkt|point|punto|{language.dot}": ".", language.underscore: "_", language.dash: "-"}
    for words, sign in signs.items():
        spelt = compiled(rf"\s*[(\[{{]?(?<!\w)(?:{words})(?!\w)[)\]}}]?\s*").sub(sign, spelt)
    return re.sub(r"\s|[(\[{}\])]", "", spelt)


def phones(reading: Reading) -> Iterator[Found]:
    """Of the visitor, in E.164; without a known country, the digits as they stand."""
    matches = [one for one in islice(_DIGITS.finditer(reading.folded), _MOST) if _may_be_phone(one, reading)]
    found: list[tuple[bool, Found]] = []
    for index, match in enumerate(matches):
        clause = reading.clause_at(match.start())
        if clause is None or clause.is_any(_NOT_REACHED):
            continue
        after = matches[index + 1].start() if index + 1 < len(matches) else clause.sentence.end
        after = next((one.start() for one in _PAUSE.finditer(reading.folded, match.end(), after)), after)
        before = matches[index - 1].end() if index and matches[index - 1].end() > clause.start else clause.start
        around = reading.folded[before : match.start()] + " " + reading.folded[match.end() : after]
        language = reading.language
        if has(language, language.not_phone, around) or has(language, language.negation, around):
            continue
        if one := _phone(match, reading, is_named=_is_named(reading, clause)):
            found.append((has(language, language.preferred, around), one))
    for start, end, digits in _spoken(reading):
        clause = reading.clause_at(start)
        if clause is not None and not clause.is_any(_NOT_REACHED) and (normal := _e164(digits, reading, start)):
            found.append((False, Found("phone", normal, start, end, 0.85)))
    if not found and (rest := _rest(reading)) is not None:
        found.append((False, rest))
    preferred = [one for is_preferred, one in found if is_preferred]
    yield from preferred[:1] or [one for _, one in found]


def dialled(reading: Reading) -> list[tuple[int, int]]:
    """The places of every number that is written as a phone number, whosever."""
    found = islice(_DIGITS.finditer(reading.folded), _MOST)
    return [
        (one.start(), one.end())
        for one in found
        if _may_be_phone(one, reading) and len(re.sub(r"\D", "", one.group())) >= _WHOLE and _SHAPED.match(one.group())
    ]


def _rest(reading: Reading) -> Found | None:
    """The second half of a number whose first half ended the visitor's message before."""
    half, rest = _FIRST_HALF.search(reading.said_before), _SECOND_HALF.match(reading.folded)
    if half is None or rest is None:
        return None
    value = _e164(half.group() + rest["digits"], reading, 0)
    return Found("phone", value, rest.start("digits"), rest.end("digits"), 0.85) if value else None


def _spoken(reading: Reading) -> Iterator[tuple[int, int, str]]:
    """Runs of digits that are said: "five oh three double five ..."."""
    words, double = _digit_words(reading.language)
    for run in words.finditer(reading.folded):
        digits, times = "", 1
        for word in run.group().split():
            if double.fullmatch(word):
                times = 2
                continue
            value = reading.language.units.get(word, 0)
            digits, times = digits + str(value) * times, 1
        yield run.start(), run.end(), digits


@cache
def _digit_words(language: Language) -> tuple[re.Pattern[str], re.Pattern[str]]:
    one = "|".join([*(word for word, value in language.units.items() if value < 10 and " " not in word), language.zero])
    double = re.compile(language.twice)
    return compiled(rf"(?<!\w)(?:(?:{one}|{language.twice})[ -]+){{6,17}}(?:{one})(?!\w)"), double


def _is_named(reading: Reading, clause: Clause) -> bool:
    said = reading.folded[clause.sentence.start : clause.sentence.end]
    return "phone" in reading.asked or has(reading.language, _PHONE_WORDS, said)


def _may_be_phone(match: re.Match[str], reading: Reading) -> bool:
    digits = re.sub(r"\D", "", match.group())
    is_other = _DATE.fullmatch(match.group().strip()) or _AMOUNT.fullmatch(match.group())
    money = _MONEY_BESIDE.search(reading.folded, max(0, match.start() - 6), match.start())
    return 6 <= len(digits) <= 15 and not is_other and not money


def _phone(match: re.Match[str], reading: Reading, *, is_named: bool) -> Found | None:
    written = re.sub(r"^00(?=[\d ().-]{8})", "+", match.group().strip())
    extension = pattern(reading.language, rf"(?:{reading.language.extension})[.:]?\s*(?P<digits>\d{{1,6}})")
    line = compiled(rf"\s*[,;(]?\s*{extension.pattern}").match(reading.folded, match.end())
    end = line.end() if line else match.end()
    suffix = f";ext={line['digits']}" if line else ""
    digits = re.sub(r"\D", "", written)
    if not written.startswith("+") and (_region(reading, match.start()) or reading.setting.region) is None:
        is_long = len(digits) >= 9 and (digits.startswith("0") or re.search(r"\D", written))
        return Found("phone", digits + suffix, match.start(), end, 0.7) if is_named or is_long else None
    plain = re.sub(r"\(0\)", "", written) if written.startswith("+") else written
    is_shaped = len(digits) >= _WHOLE and _SHAPED.match(written) is not None
    value = _e164(plain, reading, match.start(), is_named=is_named or is_shaped)
    return Found("phone", value + suffix, match.start(), end, 0.95) if value else None


def _e164(written: str, reading: Reading, place: int, *, is_named: bool = False) -> str | None:
    """One that may be: of a valid block, or as long as they are there if it is said to be a phone number."""
    try:
        number = phonenumbers.parse(written, _region(reading, place) or reading.setting.region)
    except phonenumbers.NumberParseException:
        return None
    if phonenumbers.is_valid_number(number) or (is_named and phonenumbers.is_possible_number(number)):
        return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    return None


def _region(reading: Reading, place: int) -> str | None:
    """The country that is said in the number's sentence."""
    clause = reading.clause_at(place)
    said = reading.folded[clause.sentence.start : clause.sentence.end] if clause else ""
    return next(
        (code for words, code in reading.language.countries.items() if has(reading.language, words, said)), None
    )
