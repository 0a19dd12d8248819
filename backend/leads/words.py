"""Runs of words that may be the name of a person or of an organisation, and what they cannot be."""

import re
from dataclasses import dataclass
from typing import Final

from backend.leads.folding import MASK
from backend.leads.found import Reading
from backend.leads.languages import FIRST_NAMES, common_of
from backend.leads.languages.base import Language, compiled, has

_TOKEN: Final = re.compile(r"[^\W\d_](?:[\w'’״\"&.-]*\w)?\.?|&|\d[\w-]*")
_FORMS: Final = (
    *(r"gmbh(?: & co\.? kg)?", "ggmbh", "mbh", "ag", "kg", "ohg", "gbr", "ug", r"e\.?v\.?", r"e\.? ?k\.?", "eg", "se"),
    *("ltd", "limited", "llc", "llp", "inc", "incorporated", "corp", "corporation", "plc", "pty", "bros"),
    *("sarl", r"s\.?a\.?r\.?l", "sas", r"s\.?a\.?s", "sasu", "eurl", "sci", "scop", "cie"),
    *(r"s\.?a\.? de c\.?v", r"s\. de r\.?l\.?(?: de c\.?v)?", "sa", r"s\.?a", r"s\.?l\.?u?", "slu", r"s\.?c\.?"),
    *("srl", r"s\.?r\.?l", "spa", r"s\.?p\.?a", "lda", "ltda", "bv", r"b\.?v", "nv", r"n\.?v"),
    *("ab", "aps", "a/s", "oy", "oyj", "as", r"sp\. z o\.?o", r"s\.?r\.?o", r"a\.?s", "kft", "zrt", 'בע"מ'),
    *("& co", "& sons", "& söhne", "& sohne", "& fils", "& hijos"),
)
LEGAL: Final = "|".join(_FORMS)
"""What a company is by law, as it stands behind its name."""
LEGAL_TAIL: Final = re.compile(rf"[ ,]{{1,2}}(?:{LEGAL})\.?(?!\w)")
_LEGAL_END: Final = re.compile(rf"(?<!\w)(?:{LEGAL})\.?(?!\w)")


@dataclass(frozen=True, slots=True)
class Words:
    """A run of words that may be a name."""

    start: int
    end: int
    count: int


def words_at(reading: Reading, place: int, *, most: int, cased: bool, particles: bool = True) -> Words | None:
    """The run of words from `place` on that may be a name: capitalised ones where `cased`, with particles between."""
    language, folded = reading.language, reading.folded
    start, end, count, at = place, place, 0, place
    while count < most and (token := _TOKEN.match(reading.text, at)) and MASK not in folded[at : token.end()]:
        word = folded[token.start() : token.end()].rstrip(".")
        if count and particles and _is_particle(word, language):
            following = _skip(folded, token.end())
            if following == token.end():
                break
            at = following
            continue
        is_joined = not count and language.glued and word[0] == "ו" and word not in FIRST_NAMES
        if is_joined or not _may_be_name(token.group(), word, language, cased=cased):
            break
        count += 1
        stop = token.end()
        if token.group().endswith(".") and len(word) > 1:
            stop -= 1
        end = stop
        at = _skip(folded, stop)
        if at == stop:
            break
    return Words(start, end, count) if count else None


def is_first_name(reading: Reading, one: Words) -> bool:
    """Whether the words begin with a common first name: "Marie-Ève Tremblay"."""
    first = (reading.folded[one.start : one.end].split() or [""])[0]
    return first in FIRST_NAMES or first.split("-")[0] in FIRST_NAMES


def person_at(reading: Reading, place: int, *, most: int, cased: bool) -> Words | None:
    """A name; of "Jonas Reuter von der Reuter GmbH", what stands before the company."""
    one = words_at(reading, place, most=most, cased=cased)
    if one is not None and is_company(reading, one):
        return words_at(reading, place, most=most, cased=cased, particles=False)
    return one


def _skip(folded: str, at: int) -> int:
    """Past one blank; a line's end ends a name."""
    return at + 1 if folded[at : at + 1] == " " else at


def _is_particle(word: str, language: Language) -> bool:
    return re.fullmatch(f"{language.particles}|van|der|den|de|la|von|al|bin", word) is not None


def _may_be_name(written: str, word: str, language: Language, *, cased: bool) -> bool:
    if written[0].isdigit() or written == "&":
        return False
    if cased and not written[0].isupper():
        return False
    is_hebrew = "\u05d0" <= word[0] <= "\u05ea"
    bare, _, rest = word.partition("'")
    if bare in common_of(language) and (len(rest) <= 2 or not rest) and bare not in FIRST_NAMES:
        return False
    refused = "|".join([language.no_name, *language.months, *language.weekdays, *language.days, language.greetings])
    is_word = compiled(refused).fullmatch(word) or (rest and len(rest) <= 2 and compiled(refused).fullmatch(bare))
    return not is_word and (is_hebrew or len(word) > 1 or written[0].isupper())


def without_title(reading: Reading, place: int) -> int:
    """Past "Dr." and "Frau"."""
    title = compiled(rf"(?:(?:{reading.language.titles})\.?\s+)+").match(reading.folded, place)
    return title.end() if title else place


def is_cased(reading: Reading) -> bool:
    """Whether capitals tell names in this message: it has some beside those that begin a sentence."""
    if reading.language.code == "he":
        return False
    return any(sign.isupper() for sign in reading.text)


def is_place(reading: Reading, one: Words) -> bool:
    return has(reading.language, "|".join(reading.language.countries), reading.folded[one.start : one.end])


def is_role(reading: Reading, one: Words) -> bool:
    """Whether the words hold a function: "Head of Procurement"."""
    return has(reading.language, reading.language.roles, reading.folded[one.start : one.end])


def is_company(reading: Reading, one: Words) -> bool:
    said = reading.folded[one.start : one.end + 1]
    if re.compile(r" ?&").match(reading.folded, one.end):
        return True
    if one.count == 1:
        return compiled(reading.language.organisations).fullmatch(said.strip(" .,")) is not None
    return _LEGAL_END.search(said) is not None or has(reading.language, reading.language.organisations, said)
