"""Where a company stands in a text: its name, the kind of organisation before it and the legal form behind it."""

import re
from functools import cache
from typing import Final

from backend.leads.clauses import is_label
from backend.leads.folding import MASK, fold
from backend.leads.found import Reading
from backend.leads.languages import CITIES, FIRST_NAMES, common_of
from backend.leads.languages.base import NEVER, Language, compiled, has
from backend.leads.words import LEGAL, LEGAL_TAIL, Words, is_cased, is_first_name

_TOKEN: Final = re.compile(r"[^\W_](?:[\w'’״\".&/-]*\w)?|&|\+")
_OF: Final = re.compile(
    r"(?<![.!?]\s)(?<!^)(?<!\w)(?P<head>[A-ZÀ-Þ]\w+)\s(?:of|de|du|des|del|de la|d['’])\s?(?:the |las? |los |el )?$"
)
_ELIDED: Final = re.compile(r"[dl]['’](?=[A-ZÀ-Þ])")
_SHORTENED: Final = re.compile(r"(?:[^\W\d_]\.)*[^\W\d_]{1,3}\. (?=\S)")
_ANY: Final = (
    "company|co|societe|entreprise|empresa|compania|firma|unternehmen|חברת|association|software|tech|group|amt|haus"
)
_LONGEST: Final = 6
_NEAR: Final = 20


def company_at(reading: Reading, place: int, limit: int) -> Words | None:
    """Capitalised words from `place` on, joined by "of" or "&", and a legal form behind them."""
    place, is_told = _opened(reading, place)
    named = named_kind(reading, place)
    end, count = _run(reading, place if named is None else named, limit, is_told=is_told or named is not None)
    if not count or not any(map(str.isalpha, reading.text[place:end])):
        return None
    if named is None and (inner := _kind_within(reading.language).search(reading.folded, place, end)):
        return company_at(reading, inner.end(), limit)
    return Words(_widened(reading, place), _with_form(reading, end), count)


def _opened(reading: Reading, place: int) -> tuple[int, bool]:
    """Past a department, an article and what has grown onto the front, and whether an article stood there."""
    language, folded = reading.language, reading.folded
    if department := _departments(language).match(folded, place):
        place = department.end()
    article = compiled(rf"(?:{language.company_articles})(?:\s|(?<='))[\"'«]?").match(folded, place)
    if article is not None and not _is_in_name(reading, place):
        place = article.end()
    grown = _grown(language).match(folded, place)
    return grown.end() if grown else place, article is not None


def _is_in_name(reading: Reading, place: int) -> bool:
    """ "de La Main Tendue": an article with a capital within a sentence."""
    return is_cased(reading) and reading.text[place].isupper() and re.search(r"\w\s$", reading.text[:place]) is not None


def _run(reading: Reading, at: int, limit: int, *, is_told: bool) -> tuple[int, int]:
    """Where the words of a name that begin at a place end, and how many there are without those that join them."""
    language, folded = reading.language, reading.folded
    end, count = at, 0
    while at < limit and count < _LONGEST and (token := _TOKEN.match(reading.text, at)):
        word = folded[token.start() : token.end()]
        is_joint = compiled(rf"{language.company_joints}|&|\+").fullmatch(word) is not None
        if MASK in word or (is_joint and not count) or not (is_joint or _is_part(reading, at, word)):
            break
        is_opening = not count and not (is_cased(reading) and is_told)
        if not is_joint and (_opens_no_company(word, reading) if is_opening else _is_mine(reading, word)):
            break
        if not is_joint:
            count, end = count + 1, token.end()
        is_short = _SHORTENED.match(folded, token.start()) is not None
        is_going_on = is_short or folded[token.end() : token.end() + 1] == " "
        at = token.end() + 1 + is_short if is_going_on else limit
    return end, count


def _is_part(reading: Reading, at: int, word: str) -> bool:
    language, sign = reading.language, reading.text[at]
    if is_cased(reading):
        return sign.isupper() or sign.isdigit() or _ELIDED.match(reading.text, at) is not None
    return not compiled(rf"{language.company_ends}|{language.need}|{language.using}").fullmatch(word)


def _is_mine(reading: Reading, word: str) -> bool:
    return compiled(reading.language.first).fullmatch(word) is not None


def _widened(reading: Reading, place: int) -> int:
    """From a kind of organisation or a word that "of" joins on: "école Jean-Moulin", "Town of Millbrook"."""
    language = reading.language
    if kind := _kind_before(language).search(reading.folded, max(0, place - _NEAR), place):
        return kind.start("kind")
    whole = _OF.search(reading.text, max(0, place - 2 * _NEAR), place)
    if whole is None or not is_cased(reading) or language.nouns_are_capital:
        return place
    head = fold(whole["head"])
    is_somebody = head in FIRST_NAMES or compiled(language.roles).fullmatch(head) is not None
    return place if is_somebody else whole.start("head")


def _with_form(reading: Reading, end: int) -> int:
    """Past a legal form."""
    tail, folded = LEGAL_TAIL.match(reading.folded, end), reading.folded
    if tail is None:
        return end
    is_written = reading.text[tail.start() : tail.end()].strip(" ,")[0].isupper() or "&" in tail.group()
    if is_cased(reading) and not is_written:
        return end
    return tail.end() - (folded[tail.end() - 1] == "." and folded[tail.end() - 2 : tail.end() - 1] != "v")


def named_kind(reading: Reading, place: int) -> int | None:
    """Where the name begins behind a kind of organisation: "mairie de Vercourt", "école primaire Jean-Moulin"."""
    if not is_cased(reading):
        return None
    match = _kinds(reading.language).match(reading.folded, place)
    if match is None or not reading.text[match.end() : match.end() + 1].isupper():
        return None
    is_plain = match["between"] == "" and reading.text[place].isupper()
    return None if is_plain else match.end()


@cache
def _departments(language: Language) -> re.Pattern[str]:
    """ "die IT der ...", "Personalabteilung der ...": where one works within the company."""
    links = rf"(?:{language.of_company}|{language.role_links})"
    article = rf"(?:(?:{language.company_articles}|{language.articles})\s)?"
    return compiled(rf"{article}(?:(?:{language.role_parts})\s{links}\s)+")


@cache
def _kinds(language: Language) -> re.Pattern[str]:
    kind = rf"(?!(?:{_ANY})\s)(?:{language.organisations})\s"
    joint = rf"(?!(?:en|in|im|y|et|und|and)\s)(?:(?:{language.company_joints})\s|[dl]')"
    return compiled(rf"{kind}(?P<between>(?:(?!{joint})[^\W\d_]+\s)?{joint}{{0,2}})")


@cache
def _grown(language: Language) -> re.Pattern[str]:
    """ "במשרד": what has grown onto the front of a kind of organisation."""
    return compiled(rf"(?:{language.glued})(?=(?:{language.organisations})\s)" if language.glued else NEVER)


@cache
def _kind_within(language: Language) -> re.Pattern[str]:
    """ "Mélodie du Café Bergamote": behind who writes."""
    kind = rf"(?=(?!(?:{_ANY})\s)(?:{language.organisations})\s)"
    glued = rf"|\s(?:{language.glued}){kind}|\s(?:{language.company_articles})\s" if language.glued else ""
    return compiled(rf"\s(?:{language.of_company})\s{kind}{glued}")


@cache
def _kind_before(language: Language) -> re.Pattern[str]:
    """ "école Jean-Moulin": a kind of organisation that stands before its name is a part of it."""
    return compiled(rf"(?<!\w)(?P<kind>(?!(?:{_ANY})\s)(?:{language.organisations})\s)$")


def _opens_no_company(word: str, reading: Reading) -> bool:
    language = reading.language
    refused = "|".join(
        [
            language.no_name,
            language.greetings,
            *language.months,
            *language.weekdays,
            *language.days,
            *language.countries,
        ]
    )
    bare, _, rest = word.partition("'")
    return (bare in common_of(language) and len(rest) <= 2) or compiled(refused).fullmatch(word) is not None


def is_proper(reading: Reading, one: Words) -> bool:
    """No kind of business ("bakery") and no function."""
    said = reading.folded[one.start : one.end]
    language = reading.language
    if said in CITIES or has(language, "|".join(language.countries), said):
        return False
    is_kind = (
        compiled(
            rf"(?:(?:{language.organisations}|{language.role_parts}|{language.people}|{language.roles})[ &,]*)+"
        ).fullmatch(said)
        is not None
    )
    is_formal = has(language, f"{LEGAL}|{language.organisations}|&", said)
    if is_first_name(reading, one) and one.count <= 3 and not is_formal:
        return False
    is_legal = LEGAL_TAIL.search(said) is not None or "&" in said
    is_count = (said[:1].isdigit() or compiled(rf"(?:{language.need_small})\s").match(said)) and not is_legal
    if not is_legal and (has(language, language.roles, said) or compiled(rf"(?:{language.your})\s").match(said)):
        return False
    is_other = is_kind or is_count or is_label(said, language) or said.isdigit()
    return not is_other and not compiled(rf"(?:{language.roles})(?!\w)").match(said)
