"""From a heading to a question, by the heading's own form."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from backend.faqs.base import FaqKind
from backend.faqs.casing import Truecaser
from backend.faqs.grammar import (
    base_of,
    in_my_voice,
    is_gerund,
    is_plural,
    lower_first,
    third_person_base,
    upper_first,
)
from backend.faqs.words import (
    ADVICE,
    AMBIGUOUS,
    AUXILIARIES,
    COMPOUNDS,
    DETERMINERS,
    NOT_TASKS,
    PROPERTIES,
    QUESTION_WORDS,
    SKIPPED,
    SKIPPED_FIRST,
    TASKS,
    THING_HEADS,
)

LONGEST_HEADING = 200
_MOST_TOPIC_WORDS = 8

_NUMBER = re.compile(
    r"(?:(?:chapter|section|appendix|part|kapitel|abschnitt|anhang|chapitre|annexe|capítulo|sección)\s+[\dIVXLC]{1,6}\b"
    r"|(?:appendix|anhang|annexe)\s+[A-Z]\b|[A-Z](?=\.\d)|§+\s*\d+|\d{1,4}(?=[.):]|\s+[A-Z¿«\"“`]))"
    r"(?:\.\d{1,4}){0,8}\s*[.):]?\s*[-–—:]?\s+",
    re.IGNORECASE,
)
_COUNTED = re.compile(r"\d+\s+(?:days|hours|minutes|steps|ways|reasons|tips|things|rules|types)\b", re.IGNORECASE)
_MARKER = re.compile(r"(?:q|question|frage|pregunta)\s?\d{0,4}\s?[:.)]\s+", re.IGNORECASE)
_NOT_A_KEY = re.compile(r"[^\w]+")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with what is known of it before the answer is seen. `sides`: what a comparison compares."""

    question: str
    kind: FaqKind
    confidence: float
    reason: str
    sides: tuple[str, ...] = ()


def clean(title: str) -> str:
    """One line without chapter numbers, pilcrows and `Q:`; empty when too long to be a heading."""
    if len(title) > 4 * LONGEST_HEADING:
        return ""
    line = " ".join(title.replace("\u00ad", "").replace("¶", " ").replace("\u200b", "").split())
    if not _COUNTED.match(line):
        line = _NUMBER.sub("", line, count=1) if _NUMBER.match(line) else line
    line = _MARKER.sub("", line, count=1) if _MARKER.match(line) else line
    return line if len(line) <= LONGEST_HEADING else ""


def is_skipped(heading: str) -> bool:
    """Introduction, References and the like: headings that every document has."""
    key = _NOT_A_KEY.sub(" ", heading.lower()).strip()
    return key in SKIPPED or key.split(" ", 1)[0] in SKIPPED_FIRST or not re.search(r"[^\W\d_]{2}", heading)


_HISTORY = re.compile(
    r"change ?log|release notes|what['’]?s new|upgrading checklist|(?:version|release) v?\d|errata\b|bibliograph|"
    r"acknowledge?ments?$|contributors$|(?:general |subject )?index$|copyright|licen[sc]e$",
    re.IGNORECASE,
)


def is_aside(titles: tuple[str, ...]) -> bool:
    """Inside a changelog, an index, a licence: nothing there is a question, whatever its own heading says."""
    return any(_HISTORY.match(clean(title)) for title in titles)


def ask(heading: str, case: Truecaser) -> Asked | None:
    """What an English heading asks, most certain form first; None when it asks nothing."""
    for form in _FORMS:
        asked = form(heading, case)
        if asked is not None:
            return asked
    return None


def as_question(heading: str, case: Truecaser, reason: str = "heading is a question") -> Asked | None:
    """The heading is a question already, in any language."""
    bare = heading.rstrip("!)\"”’'» ")
    topic_first = re.match(r"(?:\S+ ){0,2}\S+: (?=(?:what|why|how|when|where|which|who)\b)", heading, re.IGNORECASE)
    text = heading[topic_first.end() :] if topic_first else heading
    text = upper_first(case.lowered(text)) if text.split()[0].isalpha() else text
    if bare.endswith(("?", "？")) and len(heading.split()) > 1:
        return Asked(text, "question", 0.72 if _RHETORICAL.search(heading) else 0.93, reason)
    at = heading.find("? ")
    if at > 8 and heading.rstrip().endswith(")"):
        return Asked(text, "question", 0.88, reason)
    return None


_RHETORICAL = re.compile(
    r"\b(?:do you (?:want|need|know|think|really)|are you (?:sure|ready)|have you\b|"
    r"what(?:['’]s| is| comes)? next\?|so what)",
    re.IGNORECASE,
)


def _how_to(heading: str, case: Truecaser) -> Asked | None:
    match = re.match(
        r"(how|when|where|what|which|who|when and how|how and when)\s+to\s+(\S.*)", heading.rstrip("? "), re.IGNORECASE
    )
    if match is None:
        return None
    word, rest = match[1].lower(), in_my_voice(case.lowered(match[2])).rstrip(".")
    if word == "how":
        return Asked(f"How do I {rest}?", "howto", 0.86, 'heading says "how to"')
    return Asked(f"{upper_first(word)} should I {rest}?", "howto", 0.82, f'heading says "{word} to"')


_INVERTED = re.compile(r"(?:is|are|was|were|do|does|did|can|could|should|must|will|would|has|have|may|if|and|or|to)\b")


def _unmarked_question(heading: str, case: Truecaser) -> Asked | None:
    """`What is X`, `Why X is Y`, `How X uses Y`."""
    word, _, rest = heading.partition(" ")
    lower = word.lower()
    if lower not in QUESTION_WORDS | AUXILIARIES or len(heading.split()) < 3:
        return None
    if lower in AUXILIARIES:
        is_asked = lower in {"can", "do", "does", "is", "are", "should"} and _has_subject(rest)
        return Asked(heading.rstrip(".") + "?", "question", 0.8, "heading is a question") if is_asked else None
    rest = re.split(r"(?<=\S{3}):\s", case.lowered(rest).rstrip(".:"), maxsplit=1)[0]
    if _INVERTED.match(rest):
        is_whole = not re.match(r"(?:if|and|or|to)\b", rest)
        return Asked(f"{upper_first(lower)} {rest}?", "question", 0.85, "heading is a question") if is_whole else None
    return _uninverted(lower, rest)


def _has_subject(rest: str) -> bool:
    return bool(re.match(r"(?:I|we|you|my|the|a|an|it|there)\s", rest))


def _uninverted(word: str, rest: str) -> Asked | None:
    if word in {"which", "who", "whose", "whom"}:
        return None
    copula = re.match(r"((?:\S+ ){1,5}?)(is|are|was|were|can|should|must|will|may|has to)\s+(\S.*)", rest)
    if copula is not None and copula[2] != "has to" and not re.search(r"\b(?:that|which|who|and)\b", copula[1]):
        text = f"{upper_first(word)} {copula[2]} {in_my_voice(copula[1] + copula[3])}?"
        return Asked(text, "question", 0.7, "heading asks indirectly")
    active = re.match(r"((?:[^\s,:]+ ){1,4}?)([a-z]+s)\b(.*)", rest)
    if active is None:
        return None
    base = third_person_base(active[2], lambda _: False) or ("work" if active[2] == "works" else None)
    subject = active[1].strip()
    if base is None or is_plural(subject.split()[-1]) or subject.split()[0] in {"to", "not"}:
        return None
    return Asked(
        f"{upper_first(word)} does {subject} {base}{in_my_voice(active[3])}?",
        "question",
        0.72,
        "heading asks indirectly",
    )


def _comparison(heading: str, case: Truecaser) -> Asked | None:
    sides = _sides(heading)
    if sides is None:
        return None
    left, right = (lower_first(case.lowered(side.strip(" .:"))) for side in sides)
    if not left or not right or len(left.split()) > 7 or len(right.split()) > 7:
        return None
    text = f"What is the difference between {left} and {right}?"
    return Asked(text, "comparison", 0.82, "heading compares two things", (left, right))


def _sides(heading: str) -> tuple[str, str] | None:
    parts = re.split(r"\s(?:vs\.?|versus)\s", heading, flags=re.IGNORECASE)
    if len(parts) == 2:
        first, _, others = parts[0].partition(" ")
        return (others if others and is_gerund(first) else parts[0]), parts[1]
    match = re.match(r"(?:the )?differences? between (.+?) and (\S.*)", heading, re.IGNORECASE)
    match = match or re.match(r"(?:the )?differences? of (.+?) (?:from|to) (\S.*)", heading, re.IGNORECASE)
    return (match[1], match[2]) if match else None


def _task(heading: str, case: Truecaser) -> Asked | None:
    """`Resetting your password`, `Manually creating X`, `Reset your password`, `Installing and configuring X`."""
    words = re.split(r"(?<=\S{3}):\s|\s[-–—]\s", heading.rstrip("."), maxsplit=1)[0].split()
    adverb = ""
    if len(words) > 2 and words[0].lower().endswith("ly") and is_gerund(words[1]):
        adverb, words = words[0].lower() + " ", words[1:]
    if len(words) < 2:
        return None
    gerund = is_gerund(words[0])
    phrase = _gerund_phrase(words) if gerund else _imperative_phrase(words)
    if phrase is None:
        return None
    verb, rest, certainty = phrase
    rest = _ungerunded(in_my_voice(case.lowered(rest, at_start=False))) if gerund else rest
    rest = rest if gerund else in_my_voice(case.lowered(rest, at_start=False))
    if rest in _VAGUE:
        certainty = min(certainty, 0.5)
    text = f"How do I {adverb}{verb} {rest}?"
    return Asked(text, "howto", certainty, "heading names a task" if gerund else "heading tells what to do")


def _ungerunded(rest: str) -> str:
    """`history and maintaining patch series` -> `history and maintain patch series`."""
    return re.sub(r"(?<= and )([a-z]+ing)(?= [a-z])", lambda m: _task_of(m[1]), rest)


def _task_of(word: str) -> str:
    base = base_of(word)
    return base if base in TASKS - AMBIGUOUS and word not in NOT_TASKS else word


_VAGUE = frozenset(
    {"started", "ready", "help", "going", "it", "it all together", "everything", "results", "the code", "up"}
)


def _gerund_phrase(words: list[str]) -> tuple[str, str, float] | None:
    first, rest = words[0].lower(), words[1:]
    if first in NOT_TASKS or rest[0].lower() in {"of", "is", "are", "was", "can", "vs.", "vs", "-", "–", "—"}:
        return None
    if f"{first} {rest[0].lower().removesuffix('s')}" in COMPOUNDS:
        return None
    verb = base_of(first)
    if rest[0].lower() in {"and", "or", "and/or", "&"} or rest[0] == "," or words[0].endswith(","):
        if len(rest) < 3 or not is_gerund(rest[1]) or rest[1].lower() in NOT_TASKS:
            return None
        joined = f"{verb} {rest[0].lower().replace('&', 'and')} {base_of(rest[1])}"
        return joined, " ".join(rest[2:]), 0.76
    is_sure = rest[0].lower().strip("()") in DETERMINERS
    if not is_sure and _is_thing(rest):
        return None if verb in AMBIGUOUS or verb not in TASKS else (verb, " ".join(rest), 0.68)
    if verb not in TASKS and not is_sure:
        return verb, " ".join(rest), 0.56
    return verb, " ".join(rest), 0.78 if is_sure or verb not in AMBIGUOUS else 0.72


def _is_thing(rest: list[str]) -> bool:
    """The last noun before any preposition is one that makes the whole a thing."""
    head = re.split(r"\s(?:for|in|with|on|to|from|by|at|of|using|without|and|or)\s", " ".join(rest) + " ", maxsplit=1)[
        0
    ]
    return head.split()[-1].lower().strip("()") in THING_HEADS if head.split() else False


def _imperative_phrase(words: list[str]) -> tuple[str, str, float] | None:
    verb, rest = words[0].lower(), words[1:]
    if verb not in TASKS or verb in ADVICE or (words[0].isupper() and len(verb) > 1):
        return None
    if any(word.lower() in {"is", "are", "was", "were", "will", "has", "have", "cannot"} for word in rest):
        return None
    has_determiner = rest[0].lower() in DETERMINERS and rest[0].lower() not in {"by", "in", "at", "for", "with", "from"}
    if verb in AMBIGUOUS and not has_determiner:
        return None
    if not has_determiner and (_is_thing(rest) or rest[0].lower() in {"of", "and", "or", "in", "for", "by", "with"}):
        return None
    text = " ".join(rest)
    return verb, text, 0.76 if has_determiner else 0.7


def topic(heading: str, case: Truecaser) -> Asked | None:
    """A noun phrase: only a suggestion, since "what should I know about X" is rarely what somebody asks."""
    words = heading.split()
    if not 1 <= len(words) <= _MOST_TOPIC_WORDS or heading.endswith((".", "!", ":", ";", ",")):
        return None
    if words[0].lower() in ADVICE | AUXILIARIES | {"if", "i", "we", "you", "there", "when", "this", "that", "please"}:
        return None
    if re.search(r"\b(?:is|are|was|were|will|should|must|cannot|can't|don't)\b", heading):
        return None
    phrase = in_my_voice(case.lowered(heading))
    head = phrase.split()[-1].lower()
    if len(words) > 1 and head in PROPERTIES and not re.search(r"\b(?:and|or|for|in|of|with)\b|[,&/]", phrase):
        verb = "are" if is_plural(head) else "is"
        return Asked(f"What {verb} the {_without_article(phrase)}?", "topic", 0.45, "heading names a property")
    return Asked(f"What should I know about {phrase}?", "topic", 0.38, "heading names a topic")


def _without_article(phrase: str) -> str:
    return re.sub(r"^(?:the|a|an)\s+", "", phrase, flags=re.IGNORECASE)


_FORMS: tuple[Callable[[str, Truecaser], Asked | None], ...] = (
    _how_to,
    as_question,
    _unmarked_question,
    _comparison,
    _task,
)
