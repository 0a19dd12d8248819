"""Words that stand for something said before ("it", "those"), and the question with what they stand for."""

import re
from typing import Final

from backend.retrieval.answerability import content_words
from backend.retrieval.phrases import ARTICLE, ASKING, PREPOSITION, bare, naming_words, shape, things

OWN: Final = 5
"""A question that names so many things of its own is understood without the one before."""

_REFERENCE = re.compile(
    r"(?<![\w'’-])(?:(?P<whose>its|their|theirs)|(?P<action>this|that)|(?P<several>they|them|these|those)"
    r"|(?P<single>it|this\s+one|that\s+one|(?<!other\s)one(?!\s+of\b)))(?![\w'’-])",
    re.IGNORECASE,
)
_DEMONSTRATIVES: Final = ("this", "that", "these", "those", "one")
_AUXILIARY: Final = "is|are|was|were|do|does|did|can|could|will|would|should|must|may|might|has|have|had"
_PREDICATE = re.compile(
    rf"\b(?:{_AUXILIARY}|if|when|why|because|once|unless)\s+(?:this|that|these|those)\s+(?:still\s+|also\s+)?"
    rf"[a-z]\w+(?:\Z|\s+(?:{PREPOSITION}|{ARTICLE}|any\w*|some\w*|every\w*|all|again|too|often|now|later)\b)",
    re.IGNORECASE,
)
"""A demonstrative with its verb or quality and not with its noun: "Is that free?", but not "Is that plan free?"."""
_NOUN = re.compile(
    r"\s+(?!(?:is|are|was|were|do|does|did|has|have|had|be|been|can|could|will|would|should|must|may|in|on|at|by|for|from"
    r"|to|of|with|without|when|while|if|or|and|but|again|too|also|still|not|then|now|later|work|works|mean|means|take"
    r"|takes|happen|happens|cost|costs)\b)[a-z]\w+",
    re.IGNORECASE,
)
_THAT_THING = re.compile(rf"\b(?:{_AUXILIARY}|about|of|for|with|to|after|before|like|if|when)\s+that\Z", re.IGNORECASE)
_EXPLETIVE = re.compile(
    r"\b(?:is|was|will|would|could|can|does|should)\s+it\s+(?:be\s+|take\s+)?(?:possible|necessary|ok|okay|allowed"
    r"|legal|safe|true|normal|required|better|enough|worth|likely|late|too\s+late|rain|snow)\b"
    r"|\bit\s+(?:is|was|seems?|says|rains|snows)\b|\bit\s+(?:\w+\s+){1,2}(?:to|that|when|whether)\s",
    re.IGNORECASE,
)
_OWN_CLAUSE = re.compile(
    r"[,;:.?!–]\s|\b(?:and|or|but|when|if|while|because|that|so|before|after|until|once|although|though|unless|which|who"
    r"|since|where|what|why|how|(?:by|without|for|from|of|with)\s+\w+)\s",
    re.IGNORECASE,
)
_DO_IT = re.compile(
    r"\b(?:i|you|we|one|to|should|can|must)\s+do\s+(?:it|this|that|so)\b|\bdoing\s+(?:it|this|that|so)\b"
    r"|\b(?:it|this|that)\s+(?:take|takes|happen|happens|(?:be\s+)?done)\b",
    re.IGNORECASE,
)
_OPENING = re.compile(
    r"\A(?:(?:how|why|when|where|what|who|which|whose|can|could|do|does|did|is|are|was|were|to|i|we|you|one|should|may"
    r"|must|long|much|many|often|please|wie|was|warum|wann|wo|kann|muss|ich|wir|man)\s+)+",
    re.IGNORECASE,
)
_ACTION = re.compile(
    r"\b(?:do|does|did|can|could|may|must|should|will|would|have)\s+(?:i|we|you|one)\b|\bhow\s+to\b", re.I
)
_ABOUT_WHAT = re.compile(
    r"(?:(?:how|why|when|where|wie|warum|wann|wo)(?:\s+not)?\Z|how\s+(?!(?:to|do|does|did|can|is|are|was|were)\b)\w+"
    rf"|what\s+if|(?:{PREPOSITION})\s+(?:{ASKING})|(?:is|are)\s+(?:there|that|this|it|they|those|these)"
    r"|wie\s+(?:oft|lange|viel|viele)|gibt\s+es)\b",
    re.IGNORECASE,
)
_ONE_OF = re.compile(rf"\b(?:which|(?:{ARTICLE})(?:\s+\w+)?)\s+\Z", re.IGNORECASE)
"""Before "one" or a name of several: "which one", "a broken one"."""
_IN_BRACKETS = re.compile(r"(?P<asked>.*\S)\s+\((?P<about>[^()]+)\)\Z", re.DOTALL)


def reference(question: str) -> re.Match[str] | None:
    """The first word that stands for something that the question does not name itself."""
    text = bare(question)
    if len(set(content_words(text))) >= OWN or _EXPLETIVE.search(text):
        return None
    for found in _REFERENCE.finditer(text):
        if not _names_its_noun(text, found) and not _is_named_before(text, found):
            return found
    return None


def is_bare_question(question: str) -> bool:
    """`Why?`, `How often?`, `Is there a fee?`: a question that names at most one thing, and not what it belongs to."""
    return bool(_ABOUT_WHAT.match(question)) and len(naming_words(question)) <= 1


def opened(question: str) -> tuple[str, str]:
    """A question that was told in brackets what it is about, and that; "" and the question for any other."""
    found = _IN_BRACKETS.fullmatch(question)
    return (found["asked"], found["about"]) if found else ("", question)


def refer(question: str, before: str, *, is_action: bool = False) -> str:
    """The question with its first reference replaced, or told in brackets, by what the one before is about.

    `is_action`: the one before is words for something that is done.
    """
    found = reference(question)
    text = bare(question)
    if found is None:
        return question
    if _DO_IT.search(text) or (found["action"] and (is_action or _ACTION.search(before))):
        return f"{text} ({action(before)})?"
    what = topic(before, is_plural=bool(found["several"] or found["whose"] in ("their", "theirs")))
    if not what or _ONE_OF.search(text[: found.start()]):
        return f"{text} ({action(before)})?"
    if found["whose"]:
        what = f"{what}'" if what.endswith("s") else f"{what}'s"
    return f"{text[: found.start()]}{what}{text[found.end() :]}?"


def topic(question: str, *, is_plural: bool = False) -> str:
    """The first thing of a number that a question names, and not only where, when or with what; "" for none."""
    found = [one for one in things(question) if one.is_plural == is_plural and not one.is_led]
    return min(found, key=lambda one: not one.is_determined).text if found else ""


def action(question: str) -> str:
    """The question without the words that make it one: "reset my password" of "How do I reset my password?"."""
    return _OPENING.sub("", bare(question)) or bare(question)


def _names_its_noun(text: str, found: re.Match[str]) -> bool:
    word = found.group().casefold()
    if word == "that" and found.end() < len(text) and not _THAT_THING.search(text[: found.end()]):
        return True
    if word not in _DEMONSTRATIVES or _NOUN.match(text, found.end()) is None:
        return False
    return _PREDICATE.search(text) is None


def _is_named_before(text: str, found: re.Match[str]) -> bool:
    """A pronoun never stands for something in its own clause, but for its like in a clause before; "its" does both."""
    before = text[: found.start()]
    if not found["whose"]:
        borders = [border.start() for border in _OWN_CLAUSE.finditer(before)]
        before = before[: borders[-1]] if borders else ""
    named = list(things(before))
    return any(one.is_determined or shape(one.text) != "plain" for one in named) or len(content_words(before)) > 1
