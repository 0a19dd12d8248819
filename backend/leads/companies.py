"""Where the visitor works or for which they ask."""

import re
from collections.abc import Iterator, Sequence

from backend.leads.clauses import PEOPLE, Clause, Stance
from backend.leads.folding import MASK
from backend.leads.found import Found, Reading
from backend.leads.languages.base import NEVER, compiled, has, pattern
from backend.leads.organisations import company_at, is_proper, named_kind
from backend.leads.people import NOT_WHO
from backend.leads.words import LEGAL, Words, is_cased, is_first_name


def companies(reading: Reading, name: Found | None, functions: Sequence[Found]) -> Iterator[Found]:
    """`name` and `functions`: the visitor's, behind which it may stand: "Ann Lee from Weber", "CTO at Weber"."""
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
        if not is_proper(reading, one):
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
    if one is not None and is_cased(reading) and is_proper(reading, one):
        yield Found("company", reading.text[one.start : one.end], one.start, one.end, 0.85)


def _answered(reading: Reading, clause: Clause, name: Found | None) -> Iterator[Found]:
    said = reading.text[clause.start : clause.end]
    start = clause.start + len(said) - len(said.lstrip(" \n\t\"'-*|"))
    one = company_at(reading, start, clause.end)
    is_name = one is not None and name is not None and name.start < one.end and one.start < name.end
    if one is not None and not is_name and is_proper(reading, one):
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
            if one is not None and not is_weak and is_proper(reading, one) and not reading.text[one.start].isdigit():
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
    if one is not None and fills(reading, after, one.start, one.end) and is_proper(reading, one):
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
    is_behind = at > 0 and is_first_name(reading, _opening(reading.clauses[at - 1]))
    is_alone = not re.search(r"\w", before)
    if is_alone and compiled(rf"\s(?:{language.need})(?!\w)").match(reading.folded, one.end):
        return True
    return compiled(lead).search(before) is not None or (is_alone and (is_behind or clause.label == "company"))


def _opening(clause: Clause) -> Words:
    start = clause.start + len(clause.text) - len(clause.text.lstrip())
    return Words(start, max(clause.end, start + 1), 1)


def _is_led(reading: Reading, clause: Clause, one: Words) -> bool:
    """At the clause's start, or behind words that lead to where one works."""
    language, before = reading.language, reading.folded[clause.start : one.start]
    lead = (
        rf"(?:{language.of_company}|{language.we_as}|{language.works_at}|{language.company_articles}|{language.i_am})"
    )
    return not re.search(r"\w", before) or compiled(rf"(?<!\w){lead}\W*$").search(before) is not None
