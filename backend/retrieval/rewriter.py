"""Follow-ups as questions that stand alone, by rules: what is left out is taken from the question before."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from backend.embeddings.base import Embedder
from backend.retrieval.answerability import content_words
from backend.retrieval.base import Turn

EARLIER: Final = 6
"""Questions before this one that may be leaned on, one through the next."""
FRAGMENT: Final = 6
"""More words than this without a verb are a search of their own, not the rest of another question."""
FEW: Final = 2
"""So many words with a question mark are tried as a fragment although nothing leads them in."""
ALIKE: Final = 0.4
"""Cosine from which such words are alike to a part of the question before."""
LONG: Final = 4
"""Words of the longest part that a fragment may replace."""
LONGEST: Final = 600
"""Characters; a question grows with what it leans on."""

_LEAD = re.compile(
    r"\A(?:(?:and|but|ok(?:ay)?|so|well|also|or|then|und|aber|oder|et|mais|ou|y|pero|o)\b[\s,]*)*"
    r"(?:(?:what|how)\s+about|(?:and\s+)?(?:the\s+)?same\s+(?:question\s+)?(?:for|with)(?=\s)|was\s+ist\s+mit"
    r"|wie\s+(?:ist|sieht)\s+es\s+(?:aus\s+)?(?:mit|bei)|qu['’]en\s+est-il\s+de|qué\s+(?:tal|hay\s+de|pasa\s+con))?\s*",
    re.IGNORECASE,
)
_CLAUSE = re.compile(
    r"\A(?:how|what|why|when|where|who|whom|whose|which|can|could|do|does|did|is|are|was|were|am|will|would|shall"
    r"|should|may|might|must|has|have|had|if|tell|show|explain|describe|list|give|find|help|i|we|you|my|there"
    r"|wie|was|warum|wann|wo|wer|welche\w*|kann|können|ist|sind|muss|darf|gibt|hat|haben|ich"
    r"|comment|quand|pourquoi|où|qui|quel\w*|est-ce|puis-je|peut-on|combien|faut-il"
    r"|cómo|cuándo|cuánto\w*|por\s+qué|dónde|quién|cuál\w*|puedo|hay|es|está)\b",
    re.IGNORECASE,
)
_REFERENCE = re.compile(
    r"(?<![\w'’-])(?:(?P<whose>its|their|theirs)|(?P<what>it|they|them|this one|that one|these|those|this|that|one))"
    r"(?![\w'’-])(?P<noun>\s+(?!(?:is|are|was|were|work|works|take|takes|cost|costs|mean|means|do|does|have|has|be|been"
    r"|happen|happens|on|in|at|by|for|from|to|with|without|when|while|if|or|and|again|too|also|still|not)\b)[a-z]\w+)?",
    re.IGNORECASE,
)
_THAT_THING = re.compile(
    r"\b(?:is|was|does|do|did|would|will|can|could|should|about|of|for|with|to|after|before|like)\s+that\b|that[?.!,]?\Z",
    re.IGNORECASE,
)
_EXPLETIVE = re.compile(
    r"\b(?:is|was|will|would|could|can|does|should)\s+it\s+(?:be\s+|take\s+)?(?:possible|necessary|ok|okay|allowed"
    r"|legal|safe|true|normal|required|better|enough|worth|likely|late|too\s+late)\b|\bit\s+(?:is|was|seems?|says)\b",
    re.IGNORECASE,
)
_PREPOSITION: Final = (
    "for from in on at with without by under over after before during via to per as about against into "
    "für bei mit ohne im in auf nach vor pour avec sans dans sur après avant para con sin en sobre"
)
_STARTS_WITH_PREPOSITION = re.compile(rf"\A(?P<word>{'|'.join(_PREPOSITION.split())})\s+(?P<rest>\S.*)\Z", re.I | re.S)
_OBJECT_BEFORE = re.compile(
    r"\b(?!(?:do|does|did|is|are|was|were|will|would|can|could|should|may|must|has|have|if|when|why|how|and|but|that|so)\b)"
    r"[a-zäöüß][\w-]*\s+\Z",
    re.IGNORECASE,
)
_ASKING = re.compile(
    r"\A(?:(?:how|why|when|where|what|who|which|whose|can|could|do|does|did|is|are|was|were|to|i|we|you|one|should|may"
    r"|must|long|much|many|often|please|wie|was|warum|wann|wo|kann|muss|ich|wir|man)\s+)+",
    re.IGNORECASE,
)
_ABOUT_WHAT = re.compile(
    r"(?:how\s+(?:often|long|much|many|soon|fast|far|big|old)|why|when|where|since\s+when|what\s+if|(?:is|are)\s+there"
    r"|(?:is|are)\s+(?:that|this|it|they|those|these)|wie\s+(?:oft|lange|viel|viele)|warum|wann|wo|gibt\s+es)\b",
    re.IGNORECASE,
)
_WORD = re.compile(r"[^\W_][\w+#.'’-]*")
_DETERMINED = re.compile(
    r"\b(?:the|a|an|my|our|your|their|this|that|der|die|das|den|dem|ein|eine|einen|mein|meine|unser|unsere|le|la|les|un"
    r"|une|mon|ma|notre|el|los|las|una|mi|nuestro|nuestra)\s+\S.*\Z",
    re.IGNORECASE,
)
_END = re.compile(r"[\s?!.。？！]+\Z")
_PHRASE_END = re.compile(rf"\s+(?:{'|'.join(_PREPOSITION.split())}|and|or|when|if|while|that|which|und|et|y)\s+", re.I)
_POLITE = re.compile(r"\A(?:please|thanks|thank you|ok(?:ay)?|great|hi|hello|hey|bitte|danke)[,.! ]+", re.IGNORECASE)


class RuleRewriter:
    """A fragment ("and for Enterprise?") replaces its like in the question before; a pronoun stands for its topic.

    Which words of the question before are the fragment's like is told by the preposition or the last word ("the Pro
    plan", "the Enterprise plan"), else by the embedder: names of days are nearer to names of days than to verbs.
    """

    name = "rules"

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def rewrite(self, question: str, history: Sequence[Turn]) -> str:
        """Later questions lean on earlier ones, each already standing alone."""
        before = ""
        for turn in [turn for turn in history if turn.role == "user"][-EARLIER:]:
            before = await self._alone(turn.text, before)
        return await self._alone(question, before)

    async def _alone(self, question: str, before: str) -> str:
        before = _bare(before)
        if not content_words(before) or len(before) + len(question) > LONGEST:
            return question
        fragment = fragment_of(question)
        if fragment is None:
            return refer(question, before)
        filled = await self._filled(before, fragment.text, least=None if fragment.is_led else ALIKE)
        return question if filled is None else f"{filled}?"

    async def _filled(self, before: str, fragment: str, *, least: float | None) -> str | None:
        """The question before with the fragment in the place of its like; None when nothing is like it by `least`."""
        starts = _STARTS_WITH_PREPOSITION.match(fragment)
        if starts is not None:
            place = re.search(rf"\b{re.escape(starts['word'])}\s+", before, re.IGNORECASE)
            if place is None:
                return f"{before} {fragment}"
            rest = _PHRASE_END.search(before, place.end())
            return f"{before[: place.start()]}{fragment}{before[rest.start() :] if rest else ''}"
        spans = _spans(before)
        twins = [span for span in spans if _last_word(before[slice(*span)]) == _last_word(fragment)]
        start, end = twins[0] if twins else (0, 0)
        if not twins:
            vectors = await self._embedder.embed([fragment, *(before[slice(*span)] for span in spans)], kind="query")
            likeness = vectors[1:] @ vectors[0]
            best = int(likeness.argmax())
            if least is not None and likeness[best] < least:
                return None
            start, end = spans[best]
        return f"{before[:start]}{_without_article(fragment, before[:start])}{before[end:]}"


@dataclass(frozen=True, slots=True)
class Fragment:
    """The rest of another question. `is_led`: words such as "and" or "what about" say so."""

    text: str
    is_led: bool


def fragment_of(question: str) -> Fragment | None:
    """Words without a verb of their own that are led in, begin with a preposition, or are very few."""
    rest = _bare(_without_lead(question))
    if not content_words(rest) or _CLAUSE.match(rest) or _REFERENCE.search(rest):
        return None
    words = rest.split()
    is_led = len(rest) < len(_bare(_POLITE.sub("", question.strip())))
    if is_led or _STARTS_WITH_PREPOSITION.match(rest):
        return Fragment(rest, True) if len(words) <= FRAGMENT else None
    return Fragment(rest, False) if len(words) <= FEW and question.rstrip().endswith("?") else None


def leans_back(question: str) -> bool:
    """Whether a question can only be understood with what was said before it."""
    return fragment_of(question) is not None or _reference(question) is not None or _is_bare_question(question)


def refer(question: str, before: str) -> str:
    """The question with its first reference replaced, or explained in brackets, by what the one before is about."""
    found = _reference(question)
    if found is None:
        return f"{_bare(question)} ({_action(before)})?" if _is_bare_question(question) else question
    what = topic(before)
    if not what:
        return question
    if found["whose"] and not found["noun"]:
        return question[: found.start()] + f"{what}'s" + question[found.end() :]
    if found["noun"] or not _OBJECT_BEFORE.search(question[: found.start()]):
        return f"{_bare(question)} ({_action(before)})?"
    return question[: found.start()] + what + question[found.end() :]


def topic(question: str) -> str:
    """What a question is about: its end from the first article or possessive on, else its last run of content words."""
    bare = _bare(question)
    determined = _DETERMINED.search(bare)
    if determined is not None:
        return determined.group()
    runs = _runs(bare)
    return bare[slice(*runs[-1])] if runs else ""


def _action(question: str) -> str:
    """The question without the words that make it one: "reset my password" of "How do I reset my password?"."""
    return _ASKING.sub("", _bare(question)) or _bare(question)


def _is_bare_question(question: str) -> bool:
    """`How often?`, `Is there a fee?`: a question that names at most one thing, and not what it belongs to."""
    return bool(_ABOUT_WHAT.match(_without_lead(question))) and len(set(content_words(question))) <= 1


def _reference(question: str) -> re.Match[str] | None:
    if _EXPLETIVE.search(question):
        return None
    for found in _REFERENCE.finditer(question):
        word = found.group().split()[0].casefold()
        around = question[max(0, found.start() - 12) : found.end() + 1]
        is_conjunction = word == "that" and not _THAT_THING.search(around)
        names_its_noun = word in ("one", "this", "that", "these", "those") and found["noun"]
        if not is_conjunction and not names_its_noun:
            return found
    return None


def _without_lead(question: str) -> str:
    return _LEAD.sub("", _POLITE.sub("", question.strip()), count=1)


def _bare(question: str) -> str:
    return _END.sub("", question.strip())


def _spans(text: str) -> list[tuple[int, int]]:
    """Every part of the runs of content words, the longer ones first, as places in the text."""
    found: list[tuple[int, int]] = []
    for start, end in _runs(text):
        words = [word.span() for word in _WORD.finditer(text, start, end)]
        found += [(words[i][0], words[j][1]) for i in range(len(words)) for j in range(i, min(i + LONG, len(words)))]
    return sorted(found, key=lambda span: span[0] - span[1])


def _runs(text: str) -> list[tuple[int, int]]:
    """Neighbouring content words, as places in the text."""
    runs: list[tuple[int, int]] = []
    for word in _WORD.finditer(text):
        if not content_words(word.group()):
            continue
        if runs and not text[runs[-1][1] : word.start()].strip():
            runs[-1] = (runs[-1][0], word.end())
        else:
            runs.append(word.span())
    return runs


def _last_word(text: str) -> str:
    words = _WORD.findall(text)
    return words[-1].casefold() if words else ""


def _without_article(fragment: str, before: str) -> str:
    """`the`, once."""
    if re.search(r"\b(?:the|a|an|my|our|your)\s+\Z", before, re.IGNORECASE):
        return re.sub(r"\A(?:the|a|an|my|our|your)\s+", "", fragment, flags=re.IGNORECASE)
    return fragment
