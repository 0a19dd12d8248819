"""Whether a paraphrase, of a rule or of a model, still asks for what the answer says."""

import re
from typing import Final, Literal

from backend.faqs.grammar import base_of
from backend.faqs.paraphrases import Said, may_ask_the_same

Kind = Literal["yes or no", "how or what", "why", "when", "where", "who", "how much"]

LONGEST: Final = 1_000
"""Characters, as of any question."""

_LEAD: Final = re.compile(
    r"\A\s*(?:(?:hi|hello|hey)\b(?: there)?[,!.:]?\s+|quick question:\s*|please[,:]?\s+)*"
    r"(?:(?:(?:can|could|would|will) you (?:please )?|please )?(?:tell me|explain(?: to me)?|help me)(?: please)?"
    r"|(?:i would|i'd) (?:like|love) to know|i (?:want|need) to know|i(?: am|'m) wondering|do you know)"
    r"[:,]?\s+(?:about\s+)?|\A\s*(?:(?:hi|hello|hey)\b(?: there)?[,!.:]?\s+|quick question:\s*|please[,:]?\s+)+",
    re.IGNORECASE,
)
_FRAME: Final = re.compile(
    r"\b(?:meaning|means?|used|effect|differs?|difference|between|able|there to know|know|would like to)\b",
    re.IGNORECASE,
)
"""Words with which one asks, that are nothing one asks about."""
_WHETHER: Final = re.compile(r"\A(?:if|whether)\b", re.IGNORECASE)
_ABOUT_DOING: Final = re.compile(r"\bgo about (\w{3,}ing)\b", re.IGNORECASE)
_SAME: Final = (
    (re.compile(r"\blog(?:ging)?[ -]?in\b|\bsign-in\b", re.IGNORECASE), "sign in"),
    (re.compile(r"\be-mail", re.IGNORECASE), "email"),
    (re.compile(r"\bpurchase\b", re.IGNORECASE), "buy"),
    (re.compile(r"\bselect\b", re.IGNORECASE), "choose"),
    (re.compile(r"\bcoworker", re.IGNORECASE), "colleague"),
    (re.compile(r"\bphoto(?=s?\b)", re.IGNORECASE), "picture"),
)
_MUCH: Final = re.compile(r"\bhow (?:much|many|long|often|far|fast|large|big|old|soon)\b", re.IGNORECASE)
_ASKED: Final = re.compile(r"\b(why|when|where|who|whom|whose|how|what|which)\b", re.IGNORECASE)
_CLOSED: Final = re.compile(
    r"\A(?:can|could|may|do|does|did|is|are|was|were|has|have|had|will|would|should|must|am|if|whether)\b",
    re.IGNORECASE,
)
_ASKED_AFTER: Final = re.compile(r"[.!;:]\s+(?=\S)")
_YES_OR_NO: Final = re.compile(r"\A\W*(?:yes|no)\b", re.IGNORECASE)
_SIGN: Final = re.compile(r"[\W_]+")


def still_follows(original: str, answer: str, paraphrase: str) -> str | None:
    """None when the answer to `original` answers `paraphrase`, else the reason why it may not.

    Refused is what loses or adds a number, name or negation, asks in another kind ("when" for "how"), or exchanges a
    word: `faqs.paraphrases` tells, which refuses rather too much. Words that only lead in a question do not count.
    Words alone cannot tell all: of the pairs of tests/fixtures/paraphrases.json, 27 of 58 that ask for the same pass,
    and 11 of 96 that nearly do ("clean the water tank", "clean the milk container"). The vectors of a model's
    paraphrase and the question have to be near, too.
    """
    if not _SIGN.sub("", paraphrase):
        return "it has no words"
    if len(paraphrase) > LONGEST:
        return f"it has {len(paraphrase)} characters, at most {LONGEST}"
    if _SIGN.sub(" ", paraphrase).strip() == _SIGN.sub(" ", original).strip():
        return "it is the same question"
    if (asked := kind_of(original)) != (asks := kind_of(paraphrase)):
        return f"it asks {asks!r}, the question asks {asked!r}"
    if _YES_OR_NO.match(answer) and asks != "yes or no":
        return "the answer is a yes or no, and it does not ask for one"
    one, other = Said.read(content(original), answer), Said.read(content(paraphrase), answer)
    if one.numbers != other.numbers:
        return f"the numbers are others: {_differing(one.numbers, other.numbers)}"
    if missing := one.names - other.names - set(other.words):
        return f"it leaves out {', '.join(sorted(missing))}"
    if added := other.names - one.names - set(one.words):
        return f"it adds {', '.join(sorted(added))}"
    if not may_ask_the_same(one, other):
        return f"it may ask for something else: {_differing(frozenset(one.content), frozenset(other.content))}"
    return None


def kind_of(question: str) -> Kind:
    """By what opens its last sentence that asks, without what leads it in. "How" and "what" ask for the same.

    Keywords without a question word ask how or what.
    """
    text = _asking_sentence(question)
    if _CLOSED.match(text):
        return "yes or no"
    if _MUCH.search(text):
        return "how much"
    asked = _ASKED.search(text)
    word = asked[1].lower() if asked else "what"
    if word in ("why", "when", "where"):
        return word  # type: ignore[return-value]  # one of the three
    return "who" if word.startswith("who") else "how or what"


def content(question: str) -> str:
    """Without what only leads the question in or frames it, and with one word for each of the safe synonyms."""
    text = _ABOUT_DOING.sub(lambda found: base_of(found[1]), _WHETHER.sub("", _LEAD.sub("", question, count=1)))
    text = _FRAME.sub(" ", text)
    for pattern, word in _SAME:
        text = pattern.sub(word, text)
    return text


def _asking_sentence(question: str) -> str:
    """ "My hub is offline. What should I do?" asks in its second sentence."""
    text = _LEAD.sub("", question, count=1)
    parts = [part.strip() for part in _ASKED_AFTER.split(text) if part.strip()]
    asking = [part for part in parts if part.endswith("?")] or parts[:1]
    return _LEAD.sub("", asking[-1], count=1) if asking else text


def _differing(one: frozenset[str], other: frozenset[str]) -> str:
    lost, added = sorted(one - other), sorted(other - one)
    if not lost and not added:
        return "the same words in another order or with another sense"
    return f"{', '.join(lost) or 'nothing'} became {', '.join(added) or 'nothing'}"
