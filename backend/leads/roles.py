"""The visitor's title or function, in their words."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Final

from backend.leads.clauses import PEOPLE, Clause, Stance
from backend.leads.folding import MASK
from backend.leads.found import Found, Reading
from backend.leads.languages import common_of
from backend.leads.languages.base import Language, compiled, has
from backend.leads.people import NOT_WHO
from backend.leads.words import Words, is_first_name

_SHORT: Final = 4
_NAME_OR_AT: Final = re.compile(r"\s+(?:à\s|[A-ZÀ-Þ][\w'’-]+\s+[A-ZÀ-Þ])")
"""A place of work in French, which folds to the verb "a", or a name in two words."""


def roles(reading: Reading) -> Iterator[Found]:
    language = reading.language
    for clause in reading.clauses:
        if clause.is_any((NOT_WHO & ~PEOPLE) | Stance.FORMER):
            continue
        if clause.label == "role" and (told := _told(reading, clause)) is not None:
            yield told
            continue
        for match in _pattern(language).finditer(reading.folded, clause.start, clause.end):
            start = _opened(reading, clause, match.start("role"))
            end = _closed(reading, clause, match.end("role"))
            if not clause.is_who_at(end):
                continue
            if _is_signed(reading, clause, start):
                end = _to_the_end(reading, clause, end)
            before = reading.folded[clause.start : start]
            after = reading.folded[end : clause.end]
            small = rf"(?:{language.articles}|{language.hedges}|{language.need_small})"
            is_said = compiled(rf"(?<!\w)(?:{language.i_am_role})(?:\s{small})*\s*$").search(before)
            fills = not re.search(r"\w", before) or (
                clause.start > clause.sentence.start
                and compiled(rf"\W*(?:{language.articles})\W*").fullmatch(before) is not None
            )
            is_followed = compiled(rf"\s*(?:$|[^\w\s]|(?:{language.of_company}|{language.role_ends})(?!\w))").match(
                after
            ) or _NAME_OR_AT.match(reading.text, end)
            if is_said or (fills and is_followed) or reading.asks("role", clause) or _after_name(reading, start, end):
                yield Found("role", reading.text[start:end], start, end, 0.85)


def _told(reading: Reading, clause: Clause) -> Found | None:
    """Beside its label, all of the clause where it holds a function: "Director of Member Services"."""
    said = clause.text.strip(" \n\t|*-.")
    start = clause.start + clause.text.index(said) if said else clause.start
    is_one = (
        has(reading.language, reading.language.roles, said) and len(said.split()) <= 2 * _SHORT and MASK not in said
    )
    return Found("role", reading.text[start : start + len(said)], start, start + len(said), 0.9) if is_one else None


def _opened(reading: Reading, clause: Clause, start: int) -> int:
    """From where the function begins: "I'm the lab manager", "wedding planner here"."""
    language = reading.language
    if not language.role_before:
        return start
    before = reading.folded[clause.start : start]
    lead = rf"(?:^\W*|(?<!\w)(?:{language.i_am_role})\s(?:(?:{language.articles})\s)?)"
    open_words = compiled(
        rf"{lead}(?P<words>(?:(?!(?:{language.articles}|{language.i_am_role})\s)[a-z&-]{{3,}} ){{1,2}})$"
    ).search(before)
    if open_words is None or set(open_words["words"].split()) & common_of(language):
        return start
    return clause.start + open_words.start("words")


def _closed(reading: Reading, clause: Clause, end: int) -> int:
    """Past what the function is of: "jefa de administración"; a place of work and a name are none."""
    language = reading.language
    no_part = rf"(?:{language.organisations}|{language.articles}|{language.role_ends}|{language.common})(?!\w)"
    part = compiled(rf"\s(?:{language.role_links})[ ']?(?<=[ '])(?!{no_part})(?P<word>[a-z&-]{{2,}})(?!\w)")
    for _ in range(2):
        match = part.match(reading.folded, end, clause.end)
        if match is None or not _is_part(reading.text[match.start("word") :], match.end() - match.start("word")):
            break
        end = match.end()
    return end


def _is_signed(reading: Reading, clause: Clause, start: int) -> bool:
    """Whether the function stands at the beginning of the clause behind one that is a name."""
    at = next(n for n, one in enumerate(reading.clauses) if one is clause)
    if not at or re.search(r"\w", reading.folded[clause.start : start]):
        return False
    before = reading.clauses[at - 1]
    words = re.findall(r"[^\W\d_]+", before.text)
    place = before.start + len(before.text) - len(before.text.lstrip())
    return 0 < len(words) <= _SHORT and (
        before.label == "name" or is_first_name(reading, Words(place, before.end, len(words)))
    )


def _to_the_end(reading: Reading, clause: Clause, end: int) -> int:
    """Past what makes a function exact, up to where it is held: "chargé de mission transition numérique"."""
    language = reading.language
    rest = reading.folded[end : clause.end]
    links = rf"\s(?:{language.of_company}|{language.role_ends}|@)(?!\w)|"
    links = "" if _is_followed_by_name(reading, clause) else links
    stop = compiled(rf"{links}[^\w\s'&/-]|{MASK}").search(rest)
    told = rest[: stop.start()] if stop else rest
    is_short = len(told.split()) <= _SHORT and not has(language, f"{language.first}|{language.need}", told)
    return end + len(told.rstrip()) if is_short else end


def _is_followed_by_name(reading: Reading, clause: Clause) -> bool:
    """ "Head of Member Experience, Penrith Building Society": where it is held stands in the next clause."""
    at = next(n for n, one in enumerate(reading.clauses) if one is clause) + 1
    after = reading.clauses[at] if at < len(reading.clauses) else None
    if after is None or after.sentence is not clause.sentence:
        return False
    words = re.findall(r"[^\W\d_]+", reading.text[after.start : after.end])
    return 1 < len(words) <= _SHORT and all(word[0].isupper() for word in words)


def _is_part(text: str, length: int) -> bool:
    """A noun, or what it is called for short ("IT"); a capital begins a name, and so do letters before one."""
    word, rest = text[:length], text[length:].lstrip()
    return word.islower() or (word.isupper() and length <= _SHORT and not rest[:1].isupper())


def _after_name(reading: Reading, start: int, end: int) -> bool:
    """ "Ann Lee the treasurer of ..." is said in one breath."""
    follows = compiled(rf"\s(?:{reading.language.of_company})\s").match(reading.folded, end)
    named = re.search(r"[^\W\d_a-z]\w+ $", reading.text[:start])
    return follows is not None and named is not None


@cache
def _pattern(language: Language) -> re.Pattern[str]:
    """The function with what makes it exact, before and after it."""
    part, head = language.role_parts, language.roles
    before = rf"(?:(?:{part}|{head})[ -])*" if language.role_before else rf"(?:(?:{language.role_first})[ -])?"
    link = language.role_links
    after = rf"(?:[ -](?:(?:{link})\s?)?(?:{part}|{head})(?!\w))*"
    glued = f"(?:{language.glued})?" if language.glued else ""
    return compiled(rf"(?<!\w){glued}(?P<role>{before}(?:{head})(?!\w)(?!'s\w){after})")
