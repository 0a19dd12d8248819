"""Whether two questions that are near in meaning may ask for the same: what their vectors cannot tell.

In MiniLM "open on Monday?" and "open on Sunday?" are nearer (.94) than most paraphrases, so that no threshold parts
them. These guards refuse whatever may be another fact; what they let through still has to be near.
"""

import re
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

from backend.faqs.grammar import is_plural

_TOKEN: Final = re.compile(r"-{0,2}\w+(?:[-'’./+#:]\w+)*[+#]*")
_CODE: Final = re.compile(r"^-|\w[-_./:+#]")
_SENTENCE: Final = re.compile(r"[.!?:]\s+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_COUNTED: Final = ("two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
_NUMBERS: Final = {word: str(number) for number, word in enumerate(_COUNTED, 2)} | {
    "zero": "0",
    "once": "1",
    "twice": "2",
    "twenty": "20",
    "thirty": "30",
    "fifty": "50",
    "hundred": "100",
    "thousand": "1000",
}
# Words without which a question asks for the same.
_LIGHT: Final = _words(
    """
    a about am an and any are be been best by can could did do does for get go going had has have have how i in is it
    long many may me much must my need of on one or our own please possible procedure process s shall should step
    that the their there these they this those to using us want was way we were what when where which who whom
    whose why will with would you your
    """
)
# A question that has one of these, and another that has not, are two questions.
_MARKS: Final = (
    _words("not no never neither nor none nothing cannot without except unless non only still already again"),
    _words("before after until since during"),
    _words("over under above below more less most least than"),
    _words("off out"),
    _words("monday tuesday wednesday thursday friday saturday sunday weekday weekend holiday today tomorrow yesterday"),
    _words("january february march april june july august september october november december"),
    _words("spring summer autumn winter night morning evening afternoon noon"),
    _words("last next previous first second third final early late"),
    _words("daily weekly monthly quarterly annual yearly hour day week month quarter year"),
)
# Of two questions that each have words of one line, these must be the same.
_RIVALS: Final = tuple(
    _words(line)
    for line in """
    add remove delete drop create insert clear
    enable disable activate deactivate
    start stop pause resume restart begin end finish
    open close shut
    lock unlock
    encrypt decrypt
    install uninstall
    import export
    upload download
    send receive
    buy sell rent
    pay refund
    push pull fetch commit merge rebase
    increase decrease raise lower reduce
    approve reject
    allow deny forbid block
    login logout
    minimum maximum min max minimal maximal lowest highest cheapest
    advantage disadvantage benefit drawback
    input output
    left right top bottom front rear
    inside outside indoor outdoor internal external
    old new
    public private
    hot cold warm
    large small big tiny
    fast slow
    red green blue yellow orange white black grey gray
    client server
    customer reseller supplier partner guest member visitor employee admin administrator owner analyst manager user
    adult child children student senior
    buyer seller
    account password username address email name
    free paid
    local remote
    read write
    backup restore
    """.strip().splitlines()
)
MOULD: Final = 0.6
"""Share of words in the same order, from which two questions with other content are one mould filled twice."""
_NEGATED: Final = ("un", "dis", "in", "im", "de", "non", "anti")
_DIRECTED: Final = _words("from to into onto than versus vs")
_OPEN: Final = _words("why when where who whom whose")


@dataclass(frozen=True, slots=True)
class Said:
    """A question with its answer, read once and compared often."""

    words: tuple[str, ...]
    content: tuple[str, ...]
    names: frozenset[str]
    numbers: frozenset[str]
    answered_numbers: frozenset[str]
    verdict: str
    """The answer's yes or no."""

    @classmethod
    def read(cls, question: str, answer: str) -> "Said":
        words = tuple(_plain(token) for token in _tokens(question))
        first = next(iter(_tokens(answer)), "").lower()
        return cls(
            words=words,
            content=tuple(word for word in words if word not in _LIGHT),
            names=_names(question),
            numbers=_numbers(question),
            answered_numbers=_numbers(answer),
            verdict=first if first in ("yes", "no") else "",
        )


def may_ask_the_same(one: Said, other: Said) -> bool:
    """False when a number, name, negation, time, opposite, direction or a single exchanged word parts the two."""
    return (
        one.numbers == other.numbers
        and one.answered_numbers == other.answered_numbers
        and len({one.verdict, other.verdict} - {""}) < 2
        and one.names <= other.names | set(other.words)
        and other.names <= one.names | set(one.words)
        and not _opposed(set(one.words), set(other.words))
        and not _turned_round(one, other)
        and not _one_part_exchanged(one, other)
    )


def _opposed(one: set[str], other: set[str]) -> bool:
    if any(one & marks != other & marks for marks in _MARKS):
        return True
    if any(one & rivals and other & rivals and not one & other & rivals for rivals in _RIVALS):
        return True
    return any(_negates(a, b) or _negates(b, a) for a in one - other for b in other - one)


def _negates(longer: str, word: str) -> bool:
    """ "unlock" and "lock", "decrypt" and "encrypt"."""
    return len(word) > 3 and any(
        longer == prefix + word or (longer.startswith(prefix) and longer[len(prefix) :] == word[2:])
        for prefix in _NEGATED
        if longer.startswith(prefix) and not word.startswith(prefix)
    )


def _turned_round(one: Said, other: Said) -> bool:
    """Both say where something goes, and what they share comes in another order."""
    if not (_DIRECTED & set(one.words) and _DIRECTED & set(other.words)):
        return False
    shared = set(one.content) & set(other.content)
    return [w for w in one.content if w in shared] != [w for w in other.content if w in shared]


def _one_part_exchanged(one: Said, other: Said) -> bool:
    """Most of the content is the same, word for word around one part that is another or missing: "Is breakfast
    included?", "Is parking included?". Where nothing is exchanged, only "how" and "what" ask for the same."""
    if one.content == other.content:
        return _OPEN & set(one.words) != _OPEN & set(other.words)
    same = _shared_start(one.content, other.content)
    same += _shared_start(one.content[same:][::-1], other.content[same:][::-1])
    if 2 * same >= max(len(one.content), len(other.content)):
        return True
    return SequenceMatcher(None, one.words, other.words, autojunk=False).ratio() >= MOULD


def _shared_start(one: tuple[str, ...], other: tuple[str, ...]) -> int:
    return len(list(takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))))


def _tokens(text: str) -> list[str]:
    return [match[0] for match in _TOKEN.finditer(text)]


def _plain(token: str) -> str:
    """In lower case, without number and possession; "can't" is a "not"."""
    lower = token.lower().replace("’", "'")
    if lower.endswith("n't"):
        return "not"
    lower = lower.removesuffix("'s").replace("-", "")
    return lower[:-1] if lower not in _LIGHT and is_plural(lower) else lower


def _names(text: str) -> frozenset[str]:
    """What is written as a name: capitals inside a sentence or a word, "--color", "max_locks", single letters."""
    found: set[str] = set()
    for sentence in _SENTENCE.split(text):
        for place, token in enumerate(_tokens(sentence)):
            named = token[1:] != token[1:].lower() or (place > 0 and token[0].isupper()) or _CODE.search(token)
            single = len(token) == 1 and token not in ("a", "I", "A")
            if (named and token not in ("I", "I'm", "I've")) or single:
                found.add(_plain(token))
    return frozenset(found)


def _numbers(text: str) -> frozenset[str]:
    words = [token.lower() for token in _tokens(text)]
    return frozenset(_NUMBERS.get(word, word) for word in words if word in _NUMBERS or any(map(str.isdigit, word)))
