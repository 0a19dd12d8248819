"""Where the visitor works or for which they ask."""

import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Final

from backend.leads.clauses import PEOPLE, Clause, Stance, is_label
from backend.leads.folding import MASK, fold
from backend.leads.found import Found, Reading
from backend.leads.languages import CITIES, FIRST_NAMES, common_of
from backend.leads.languages.base import NEVER, Language, compiled, has, pattern
from backend.leads.people import NOT_WHO
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


def companies(reading: Reading, name: Found | None, functions: Sequence[Found]) -> Iterator[Found]:
    """`name` and `functions`: the visitor's, behind which the company may stand: "Ann Lee from Weber", "CTO at Weber"."""
    for told in (*((name,) if name is not None else ()), *functions):
        yield from _behind(reading, told)
    every = list(_every(reading, name))
    yield from every or _beside(reading, name)


def _beside(reading: Reading, name: Found | None) -> Iterator[Found]:
    """In a list or a signature, behind a function, or of two words behind the name: "Ann Lee, CTO, Weber"."""
    at = next((n for n, one in enumerate(reading.clauses) if name and one.start <= name.start < one.end), None)
    if name is None or at is None or not fills(reading, reading.clauses[at], name.start, name.end):
        return
    is_after_role = False
    for clause in reading.clauses[at + 1 : at + 4]:
        place = clause.start + len(clause.text) - len(clause.text.lstrip(" \n\t|*-"))
        one = company_at(reading, place, clause.end)
        if clause.is_any(NOT_WHO | Stance.NEGATED) or one is None or not fills(reading, clause, one.start, one.end):
            if re.search(r"\w", clause.text.replace(MASK, "")):
                return
            continue
        if not _is_proper(reading, one):
            is_after_role = True
        elif one.count > 1 or is_after_role:
            yield Found("company", reading.text[one.start : one.end], one.start, one.end, 0.7)
            return


def fills(reading: Reading, clause: Clause, start: int, end: int) -> bool:
    """Whether the clause holds these words and no others."""
    rest = (reading.folded[clause.start : start] + " " + reading.folded[end : clause.end]).replace(MASK, "")
    return not re.search(r"\w", compiled(rf"(?<!\w)(?:{reading.language.here})(?!\w)").sub("", rest))


def _every(reading: Reading, name: Found | None) -> Iterator[Found]:
    for clause in reading.clauses:
        if clause.is_any((NOT_WHO & ~PEOPLE) | Stance.FORMER):
            continue
        found = (*_introduced(reading, clause), *_by_form(reading, clause, name))
        found += (*_quoted(reading, clause), *_apposed(reading, clause))
        yield from (one for one in found if clause.is_who_at(one.start))
        if reading.asks("company", clause):
            yield from _answered(reading, clause, name)


def _behind(reading: Reading, name: Found) -> Iterator[Found]:
    language = reading.language
    joint = compiled(rf"[ ,(]{{1,3}}(?:{language.here})?[ ,]*(?<!\w)(?:{language.of_company})(?!\w)[ -]?")
    match = joint.match(reading.folded, name.end)
    clause = reading.clause_at(name.start)
    if match is None or clause is None or clause.is_any(NOT_WHO | Stance.FORMER):
        return
    one = company_at(reading, match.end(), clause.sentence.end)
    if one is not None and is_cased(reading) and _is_proper(reading, one):
        yield Found("company", reading.text[one.start : one.end], one.start, one.end, 0.85)


def _answered(reading: Reading, clause: Clause, name: Found | None) -> Iterator[Found]:
    said = reading.text[clause.start : clause.end]
    start = clause.start + len(said) - len(said.lstrip(" \n\t\"'-*|"))
    one = company_at(reading, start, clause.end)
    is_name = one is not None and name is not None and name.start < one.end and one.start < name.end
    if one is not None and not is_name and _is_proper(reading, one):
        yield Found("company", reading.text[one.start : one.end], one.start, one.end, 0.9)


def _introduced(reading: Reading, clause: Clause) -> Iterator[Found]:
    language = reading.language
    role_at = rf"(?:{language.roles})\s(?:{language.of_company})"
    cased = is_cased(reading)
    cues = (
        (language.we_as, 0.9),
        (language.own_kind if cased else NEVER, 0.85),
        (language.works_at if cased else language.works_surely, 0.85),
        (role_at, 0.85),
    )
    for words, confidence in cues:
        for cue in pattern(language, words).finditer(
            reading.folded, clause.start, min(clause.end + 1, clause.sentence.end)
        ):
            at = re.compile(r"[\s:\"'-]*").match(reading.folded, cue.end())
            one = company_at(
                reading,
                at.end() if at else cue.end(),
                clause.sentence.end if words == language.own_kind else clause.end,
            )
            is_weak = (
                (language.nouns_are_capital or not cased)
                and words != language.works_surely
                and not _is_named(reading, one, cue)
            )
            if one is not None and not is_weak and _is_proper(reading, one) and not reading.text[one.start].isdigit():
                yield Found("company", reading.text[one.start : one.end], one.start, one.end, confidence)


def _by_form(reading: Reading, clause: Clause, name: Found | None) -> Iterator[Found]:
    """By its legal form, or a clause that is a company and no more."""
    place = clause.start
    while (token := re.compile(r"[^\W_]").search(reading.text, place, clause.end)) is not None:
        is_name = name is not None and name.start <= token.start() < name.end
        one = None if is_name else company_at(reading, token.start(), clause.end)
        if one is None:
            word = re.compile(r"\w+").match(reading.text, token.start())
            place = word.end() if word else token.end()
            continue
        place = one.end
        said = reading.folded[one.start : one.end]
        is_legal = compiled(rf"[ ,](?:{LEGAL})\.?$").search(said) is not None
        is_whole = fills(reading, clause, one.start, one.end) or _is_after_of(reading, clause, one)
        is_function = compiled(rf"(?:{reading.language.roles})(?!\w)").match(said) is not None
        is_formal = is_legal or "&" in said.strip("&") or named_kind(reading, one.start) is not None
        is_kind = not is_function and one.count > 1 and has(reading.language, reading.language.organisations, said)
        is_billed = is_legal and compiled(rf"(?<!\w)(?:{reading.language.need_preposition})\s$").search(
            reading.folded, clause.start, one.start
        )
        is_told = _is_led(reading, clause, one) if is_cased(reading) or is_formal else _is_told(reading, clause, one)
        if (is_formal or is_kind) and (is_told or is_billed or (is_whole and is_cased(reading))):
            yield Found("company", reading.text[one.start : one.end], one.start, one.end, 0.9 if is_legal else 0.8)


def _quoted(reading: Reading, clause: Clause) -> Iterator[Found]:
    """ "our school "Carmel Views"": a kind of organisation, and its name in signs."""
    words = rf"(?:{reading.language.organisations})\s\"(?P<name>[^\"\n]{{2,40}})\""
    for match in compiled(words).finditer(reading.folded, clause.start, clause.sentence.end):
        start, end = match.span("name")
        yield Found("company", reading.text[start:end], start, end, 0.85)


def _apposed(reading: Reading, clause: Clause) -> Iterator[Found]:
    """ "for my employer, Redgum Civil", "we are a cooperative (La Colmena)": behind a kind of one's own, a name."""
    language = reading.language
    at = next(n for n, one in enumerate(reading.clauses) if one is clause) + 1
    after = reading.clauses[at] if at < len(reading.clauses) else None
    is_own = clause.has(language.first) and clause.has(f"{language.organisations}|{language.employers}")
    if not is_cased(reading) or not is_own or after is None or after.sentence is not clause.sentence:
        return
    place = after.start + len(after.text) - len(after.text.lstrip(" (\"'-"))
    one = company_at(reading, place, after.end)
    if one is not None and fills(reading, after, one.start, one.end) and _is_proper(reading, one):
        yield Found("company", reading.text[one.start : one.end], one.start, one.end, 0.8)


def _is_named(reading: Reading, one: Words | None, cue: re.Match[str]) -> bool:
    """Where every noun has a capital: two words, a legal form or a kind of organisation, or behind "is called"."""
    language = reading.language
    is_told = compiled(rf"(?:{language.named})$").search(cue.group()) is not None
    if one is None or is_told:
        return True
    said = reading.folded[one.start : one.end]
    return (one.count > 1 and is_cased(reading) and not has(language, language.both, said)) or has(
        language, f"{LEGAL}|{language.organisations}", said
    )


def _is_after_of(reading: Reading, clause: Clause, one: Words) -> bool:
    """ ", from Otero Hermanos"."""
    language = reading.language
    before = reading.folded[clause.start : one.start]
    lead = rf"\W*(?:{language.of_company})\s(?:(?:{language.articles})\s)?"
    return compiled(lead).fullmatch(before) is not None and not re.search(r"\w", reading.folded[one.end : clause.end])


def _is_told(reading: Reading, clause: Clause, one: Words) -> bool:
    """Without capitals, a kind of organisation is a name only behind words that lead to one, a name or a label."""
    language, before = reading.language, reading.folded[clause.start : one.start]
    lead = rf"(?<!\w)(?:{language.we_as}|{language.works_at}|{language.works_surely}|{language.roles})\W*$"
    at = next(n for n, each in enumerate(reading.clauses) if each is clause)
    is_behind = at > 0 and is_first_name(reading, _opening(reading, reading.clauses[at - 1]))
    is_alone = not re.search(r"\w", before)
    if is_alone and compiled(rf"\s(?:{language.need})(?!\w)").match(reading.folded, one.end):
        return True
    return compiled(lead).search(before) is not None or (is_alone and (is_behind or clause.label == "company"))


def _opening(reading: Reading, clause: Clause) -> Words:
    start = clause.start + len(clause.text) - len(clause.text.lstrip())
    return Words(start, max(clause.end, start + 1), 1)


def _is_led(reading: Reading, clause: Clause, one: Words) -> bool:
    """At the clause's start, or behind words that lead to where one works."""
    language, before = reading.language, reading.folded[clause.start : one.start]
    lead = (
        rf"(?:{language.of_company}|{language.we_as}|{language.works_at}|{language.company_articles}|{language.i_am})"
    )
    return not re.search(r"\w", before) or compiled(rf"(?<!\w){lead}\W*$").search(before) is not None


def company_at(reading: Reading, place: int, limit: int) -> Words | None:
    """Capitalised words from `place` on, joined by "of" or "&", and a legal form behind them."""
    cased = is_cased(reading)
    language, folded, text = reading.language, reading.folded, reading.text
    if department := _departments(language).match(folded, place):
        place = department.end()
    article = compiled(rf"(?:{language.company_articles})(?:\s|(?<='))[\"'«]?").match(folded, place)
    is_part = article is not None and cased and text[place].isupper() and re.search(r"\w\s$", text[:place]) is not None
    place = article.end() if article and not is_part else place
    if grown := _grown(language).match(folded, place):
        place = grown.end()
    named = named_kind(reading, place)
    is_told = article is not None or named is not None
    end, at, count = place, place if named is None else named, 0
    while at < limit and count < 6 and (token := _TOKEN.match(text, at)) and MASK not in folded[at : token.end()]:
        word = folded[token.start() : token.end()]
        is_joint = compiled(rf"{language.company_joints}|&|\+").fullmatch(word) is not None
        is_part = (
            text[at].isupper() or text[at].isdigit() or _ELIDED.match(text, at) is not None
            if cased
            else not compiled(rf"{language.company_ends}|{language.need}|{language.using}").fullmatch(word)
        )
        is_opening = not count and not (cased and is_told) and _opens_no_company(word, reading)
        if not is_joint and (not is_part or is_opening):
            break
        if count and not is_joint and compiled(language.first).fullmatch(word):
            break
        if is_joint and not count:
            break
        if not is_joint:
            count, end = count + 1, token.end()
        at = token.end() + 1 if folded[token.end() : token.end() + 1] == " " else limit
        if _SHORTENED.match(folded, token.start()):
            at = token.end() + 2
    if not count or not any(map(str.isalpha, text[place:end])):
        return None
    if named is None and (inner := _kind_within(language).search(folded, place, end)):
        return company_at(reading, inner.end(), limit)
    if kind := _kind_before(language).search(folded, max(0, place - 20), place):
        place = kind.start("kind")
    elif whole := _OF.search(text, max(0, place - 40), place):
        is_name = (
            fold(whole["head"]) in FIRST_NAMES or compiled(language.roles).fullmatch(fold(whole["head"])) is not None
        )
        place = place if is_name or not cased or language.nouns_are_capital else whole.start("head")
    tail = LEGAL_TAIL.match(folded, end)
    if tail and (text[tail.start() : tail.end()].strip(" ,")[0].isupper() or not cased or "&" in tail.group()):
        end = tail.end() - (folded[tail.end() - 1] == "." and folded[tail.end() - 2 : tail.end() - 1] != "v")
    return Words(place, end, count)


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


def _is_proper(reading: Reading, one: Words) -> bool:
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
    is_count = said[:1].isdigit() and not is_legal
    if not is_legal and (has(language, language.roles, said) or compiled(rf"(?:{language.your})\s").match(said)):
        return False
    is_other = is_kind or is_count or is_label(said, language) or said.isdigit()
    return not is_other and not compiled(rf"(?:{language.roles})(?!\w)").match(said)
