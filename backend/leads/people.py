"""Who writes: name, company and role, by what introduces them, by their form and by the place where they stand."""

import re
from collections.abc import Iterator
from typing import Final

from backend.leads.clauses import PEOPLE, Clause, Stance, is_label
from backend.leads.folding import MASK, fold
from backend.leads.found import Found, Reading
from backend.leads.languages.base import Language, compiled, has, pattern
from backend.leads.words import (
    Words,
    is_cased,
    is_company,
    is_first_name,
    is_place,
    is_role,
    person_at,
    without_title,
    words_at,
)

NOT_WHO: Final = (
    Stance.OTHERS | Stance.SUPERIORS | Stance.YOURS | Stance.ORDER | Stance.QUOTED | Stance.QUESTION | Stance.SUPPOSED
)


def names(reading: Reading) -> Iterator[Found]:
    told = list(_introduced(reading))
    standing = [one for one in (*_standing(reading), *_worked(reading)) if not any(_holds(one, each) for each in told)]
    every = sorted([*told, *standing], key=lambda each: (each.start, -each.end))
    every = every or list(_mentioned(reading))
    every = [one for one in every if _is_known(reading, one)] or every
    if not every:
        return
    first = _parts(every[0])
    whole = max((one for one in every if first <= _parts(one)), key=lambda one: len(_parts(one)))
    yield whole
    yield from (one for one in every if one.start >= whole.end and not _parts(one) <= _parts(whole))


def _holds(standing: Found, told: Found) -> bool:
    """ "Appelez-moi Fanny" holds a name and is none."""
    return standing.start < told.start and told.end == standing.end


def _is_known(reading: Reading, name: Found) -> bool:
    return is_first_name(reading, Words(name.start, name.end, 1))


def _mentioned(reading: Reading) -> Iterator[Found]:
    """ "genauer gesagt Annika Wehner", "Amtsleiter Florian Gruber am Apparat": a whole name in the visitor's words."""
    language = reading.language
    beside = compiled(
        rf"(?<!\w)(?:{language.need_preposition}|{language.to}|{language.titles}|{language.outsiders})\s$"
    )
    for clause in reading.clauses:
        if clause.is_any(NOT_WHO | Stance.NEGATED | Stance.FORMER) or not is_cased(reading):
            continue
        for word in re.finditer(r"(?<!\S)[^\W\d_]", reading.text[clause.start : clause.end]):
            place = clause.start + word.start()
            one = person_at(reading, place, most=4, cased=True)
            is_whole = one is not None and one.count > 1 and is_first_name(reading, one)
            if one is None or not is_whole or beside.search(reading.folded, clause.start, place):
                continue
            if not is_company(reading, one) and not is_role(reading, one) and one.end <= clause.end:
                yield Found("name", reading.text[one.start : one.end], one.start, one.end, 0.75)
                break


def _parts(name: Found) -> set[str]:
    return set(fold(str(name.value)).split())


def _introduced(reading: Reading) -> Iterator[Found]:
    """ "my name is ...", "I'm ...", "... here"."""
    language = reading.language
    cues = ((language.my_name, False, 0.95), (language.i_am, True, 0.9))
    for clause in reading.clauses:
        if clause.is_any(NOT_WHO & ~PEOPLE):
            continue
        for words, needs_capital, confidence in cues:
            for cue in pattern(language, words).finditer(reading.folded, clause.start, clause.end):
                at = re.compile(r"[\s:,\"'-]*").match(reading.folded, cue.end())
                place = _past_calling(reading, without_title(reading, at.end() if at else cue.end()))
                if (
                    one := _introduced_at(reading, clause, place, cue=cue.group(), needs_capital=needs_capital)
                ) is not None and clause.is_who_at(one.end):
                    yield Found("name", reading.text[one.start : one.end], one.start, one.end, confidence)
        if not clause.is_any(NOT_WHO):
            yield from _here(reading, clause)


def _past_calling(reading: Reading, place: int) -> int:
    """ "soy el inge Beto": a word before a first name that is known."""
    cased = is_cased(reading)
    before = r"[^\W\d_]+" if cased else rf"(?:{reading.language.articles})"
    word = compiled(rf"{before}\s(?=[^\W\d_])").match(reading.folded, place)
    if word is None or (cased and not reading.text[place].islower()):
        return place
    one = words_at(reading, word.end(), most=1, cased=cased)
    return word.end() if one is not None and is_first_name(reading, one) else place


def _introduced_at(reading: Reading, clause: Clause, place: int, *, cue: str, needs_capital: bool) -> Words | None:
    cased = is_cased(reading) and (needs_capital or reading.text[place : place + 1].isupper())
    one = person_at(reading, place, most=4 if cased else 2, cased=cased)
    if not cased and one is not None and is_first_name(reading, one):
        one = _uncased_at(reading, place, cue)
        return one if one is not None and one.end <= clause.end + 1 else None
    if needs_capital and one is not None and reading.language.glued:
        return None
    is_told = cased or not is_cased(reading) or has(reading.language, reading.language.first, cue)
    if one is not None and not is_told and not is_first_name(reading, one):
        return None
    is_other = one is not None and (is_role(reading, one) or (is_company(reading, one) and not _is_mine(reading, cue)))
    if one is None or one.end > clause.end + 1 or is_other:
        return None
    return one if cased or not needs_capital else _uncased_at(reading, place, cue)


def _is_mine(reading: Reading, cue: str) -> bool:
    """ "שמי קרן": behind "my name is" a word is a name, whatever else it may be."""
    return reading.language.glued != "" and compiled(reading.language.first_name).fullmatch(cue) is not None


def _uncased_at(reading: Reading, place: int, cue: str) -> Words | None:
    """ "im carlos and ...": one word that is no adjective, behind which something else begins."""
    language = reading.language
    one = person_at(reading, place, most=1, cased=False)
    if one is None:
        return None
    if is_first_name(reading, one):
        whole = person_at(reading, place, most=2, cased=False)
        ends = whole is not None and compiled(_ends_name(language)).match(reading.folded, whole.end)
        return whole if ends else one
    if not language.bare_names or not has(language, language.first, cue):
        return None
    if compiled(language.adjectives).fullmatch(reading.folded[one.start : one.end]):
        return None
    return one if compiled(_ends_name(language)).match(reading.folded, one.end) else None


def _ends_name(language: Language) -> str:
    return rf"\s*(?:$|[,.;!\n]|(?:{language.name_ends})(?!\w))"


def _here(reading: Reading, clause: Clause) -> Iterator[Found]:
    language = reading.language
    place = without_title(reading, _begin(reading, clause))
    one = person_at(reading, place, most=4, cased=is_cased(reading))
    if one is None or is_company(reading, one) or is_role(reading, one):
        return
    is_first = clause is reading.clauses[0] and re.compile(
        r"\s(?:from|at|@|von|vom|aus|de|du|del|chez)\s+(?=\S)"
    ).match(reading.folded, one.end)
    is_from = is_first is not None and is_first and reading.text[is_first.end()].isupper() and one.count < 3
    if is_from or compiled(rf"\s(?:{language.here})(?!\w)").match(reading.folded, one.end):
        yield Found("name", reading.text[one.start : one.end], one.start, one.end, 0.9)


def _begin(reading: Reading, clause: Clause) -> int:
    """Past a greeting, a closing and what is no word."""
    opening = compiled(
        rf"[\s\"'(\-*|>~]*(?:(?:{reading.language.greetings}|{reading.language.closings})(?!\w)[\s,!.-]*)*"
    )
    match = opening.match(reading.folded, clause.start)
    return match.end() if match else clause.start


def _standing(reading: Reading) -> Iterator[Found]:
    """A clause that is a name and no more: under a letter, after a greeting, in a list, as an answer."""
    last = len(reading.clauses) - 1
    for index, clause in enumerate(reading.clauses):
        if clause.is_any(NOT_WHO | Stance.NEGATED) or clause.sentence.asks:
            continue
        is_asked = reading.asks("name", clause)
        cased = is_cased(reading) and not is_asked
        if reading.folded[clause.end : clause.end + 1] == ":":
            continue
        begin = _begin(reading, clause)
        if is_asked and not reading.language.glued:
            begin = _past_preposition(reading, begin)
        place = without_title(reading, begin)
        is_titled = place > begin and not _is_addressed(reading, clause, begin)
        one = words_at(reading, place, most=4, cased=cased)
        if (
            clause.label not in (None, "name")
            or one is None
            or _is_addressed(reading, clause, place)
            or is_label(reading.folded[one.start : one.end], reading.language)
            or not _fills(reading, clause, one)
            or is_company(reading, one)
            or is_role(reading, one)
        ):
            continue
        is_known = is_first_name(reading, one) and not _is_thanked(reading, clause, place)
        is_bare = (
            not is_known
            and one.count == 1
            and (MASK in clause.text or reading.text[one.end : one.end + 1] in (".", "!", "?"))
        )
        if (
            is_place(reading, one)
            or is_bare
            or not (cased or is_asked or is_titled or is_known or _is_signed_uncased(reading, clause))
        ):
            continue
        is_end = (index == last and last > 0) or (index < last and _says_who(reading, reading.clauses[index + 1]))
        is_placed = is_end or index == 0 or clause.label == "name" or _is_signed(reading, clause)
        if (
            is_asked
            or (is_titled and (is_placed or index == last))
            or is_known
            or (one.count > 1 and is_placed)
            or (is_end and one.count == 1 and _is_signed(reading, clause))
        ):
            yield Found("name", reading.text[one.start : one.end], one.start, one.end, 0.85)


def _worked(reading: Reading) -> Iterator[Found]:
    """ "Thomas Rouvier pour Rouvier Frères", "call 030 23125 117 Herr Yilmaz": a name beside what it belongs to."""
    language = reading.language
    behind = compiled(rf"\s(?:{language.of_company})(?!\w)")
    for clause in reading.clauses:
        if clause.is_any(NOT_WHO | Stance.NEGATED):
            continue
        masked = re.compile(rf"{MASK}[ ,;:-]*(?=[^\W\d_])").search(reading.folded, clause.start, clause.end)
        for begin in (_begin(reading, clause), masked.end() if masked else clause.end):
            place = without_title(reading, begin)
            one = person_at(reading, place, most=4, cased=is_cased(reading)) if place < clause.end else None
            if one is not None and not is_cased(reading) and not is_first_name(reading, one):
                continue
            if (
                one is None
                or _is_addressed(reading, clause, place)
                or is_company(reading, one)
                or is_role(reading, one)
            ):
                continue
            is_known = is_first_name(reading, one) and (one.count > 1 or not is_cased(reading))
            is_last = masked is not None and begin == masked.end() and _fills(reading, clause, one)
            if (is_known and behind.match(reading.folded, one.end)) or (is_last and (is_known or place > begin)):
                yield Found("name", reading.text[one.start : one.end], one.start, one.end, 0.85)


def _past_preposition(reading: Reading, place: int) -> int:
    """ "Con Silvina", as an answer."""
    before = compiled(rf"(?:{reading.language.need_preposition})\s").match(reading.folded, place)
    return before.end() if before else place


def _is_addressed(reading: Reading, clause: Clause, place: int) -> bool:
    """ "Hello Mr Reuter": a greeting right before a name is for who reads it."""
    titles = rf"(?:{reading.language.titles})"
    greeting = compiled(rf"(?<!\w)(?!{titles}\s)(?:{reading.language.greetings})\s(?:{titles}\.?\s)?$")
    return greeting.search(reading.folded, clause.start, place) is not None


def _is_thanked(reading: Reading, clause: Clause, place: int) -> bool:
    """ "Thanks Rita, ..." is for who reads it, "..., thanks Rita" is signed."""
    closing = compiled(rf"(?<!\w)(?:{reading.language.closings})\s$").search(reading.folded, clause.start, place)
    return closing is not None and clause is not reading.clauses[-1]


def index_of(reading: Reading, clause: Clause) -> int:
    return next(n for n, one in enumerate(reading.clauses) if one is clause)


def _says_who(reading: Reading, clause: Clause) -> bool:
    """Whether a clause is a company or a function: what stands before it is then a name."""
    if compiled(rf"\s*(?:{reading.language.of_company})(?!\w)").match(clause.text):
        return True
    if compiled(rf"\W*(?:{reading.language.roles})(?!\w)").match(clause.text):
        return True
    one = words_at(reading, _begin(reading, clause), most=4, cased=is_cased(reading))
    return one is not None and _fills(reading, clause, one) and (is_company(reading, one) or is_role(reading, one))


def _is_signed_uncased(reading: Reading, clause: Clause) -> bool:
    """Where no capitals tell names: under a closing, or behind an address."""
    before = reading.folded[: clause.start].rstrip(" \n,.")
    closing = compiled(rf"(?:{reading.language.closings})$").search(before)
    at = index_of(reading, clause)
    is_last = clause is reading.clauses[-1] or (closing is not None and _says_who(reading, reading.clauses[at + 1]))
    return is_last and clause.words <= 2 and (before.endswith(MASK) or closing is not None)


def _is_signed(reading: Reading, clause: Clause) -> bool:
    """A single word at the end is a name where a sentence, a line or a closing stands before it."""
    before = reading.folded[: clause.start].rstrip(" ")
    is_behind_address = index_of(reading, clause) > 0 and MASK in reading.clauses[index_of(reading, clause) - 1].text
    return (
        not before
        or is_behind_address
        or before[-1:] in (".", "!", "\n", "-", "?")
        or re.search(rf"(?:{reading.language.closings})\W*$", before) is not None
    )


def _fills(reading: Reading, clause: Clause, one: Words) -> bool:
    return not re.search(r"\w", reading.folded[one.end : clause.end].replace(MASK, ""))
