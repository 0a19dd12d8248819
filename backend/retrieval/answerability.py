"""Whether what was found answers the question: meaning (cosine) plus words (coverage) against a threshold."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DEFAULT_THRESHOLD = 0.44
COVERAGE_WEIGHT = 0.15

_WORD = re.compile(r"[^\W_]+(?:['’][^\W_]+)*[+#]{0,2}")
_CONTRACTION = re.compile(r"\A(?:[cdjlmnst]|qu)['’]|['’](?:s|t|re|ve|ll|d|m)\Z")

_ENGLISH = """
a about above after again all also am an and any anybody anyone anything are as at be because been before being
below between both but by can cannot could did do does doing done down during each either else ever every few for
from further get gets getting give given go goes going got had has have having he hello help her here hers hi him
his how however i if in into is it its itself just know let like made make makes many may me mean means might mine
more most much must my myself need needs no nor not now of off on once one only or other ought our ours out over own
please rather same say says shall she should so some somebody someone something such tell than thank thanks that the
their theirs them then there these they thing things this those through to too under until up upon us use used using
very want wants was way we well were what whatever when where whether which while who whom whose why will with
within without would yes yet you your yours yourself dont doesnt didnt isnt arent wasnt cant couldnt wont wouldnt
shouldnt im ive id youre whats hows aren couldn didn doesn don hadn hasn haven isn mustn shouldn wasn weren wouldn
"""
_GERMAN = """
aber als am an auch auf aus bei bin bitte da das dass dem den der dich dies diese dieser du durch ein eine einem
einen einer eines er es für gibt haben ich ihr ihre im in ist ja kann kein keine können mein meine mich mir muss
nach nicht noch nur oder sein sich sie sind so und uns unser vom von vor wann warum was welche wenn wer werden wie
wir wird wo zu zum zur über
"""
_FRENCH = """
à au aux avec avez avons ce ces cet cette comment dans de dois du elle en est et faut il ils je la le les leur lui
ma mais mes moi mon ne nos notre nous on ou où peut peux pourquoi puis quand que quel quelle quels quelles qui quoi
sa se ses si sont sur ta te tes tu un une vos votre vous y
"""
_SPANISH = """
al como cómo cuál cuales cuándo cuando de del dónde donde el ella ellos en es esta este esto está hay la le lo los
me mi mis muy más no nos o para pero por porque puede puedo que qué quién se ser si sin sobre su sus también te
tengo tiene tu un una uno unos y ya yo
"""
# Left out of the other languages: what is a content word in English manuals (man, die, MIT, hat, plus, DES).
STOP_WORDS = frozenset(f"{_ENGLISH} {_GERMAN} {_FRENCH} {_SPANISH}".split())


@dataclass(frozen=True, slots=True)
class Calibration:
    """A collection's answer threshold on `score`, and the `background` that questions without an answer score there.

    The default was measured with MiniLM by benchmarks/retrieval.py: it answers 79 % of the paraphrases over perlfaq and
    72 % over Debian's manuals, and no off-topic question. `cosine of the body + .25 coverage >= .55` answered 63 % and
    55 %.
    """

    threshold: float = DEFAULT_THRESHOLD
    coverage_weight: float = COVERAGE_WEIGHT
    background: float = 0.0

    @classmethod
    def of(cls, stored: Mapping[str, Any] | None) -> "Calibration":
        """As it was measured for a collection (`calibration.Background`); the default for one that was not."""
        return cls(float(stored["threshold"]), background=float(stored["mean"])) if stored else cls()

    def score(self, cosine: float, query_term_coverage: float) -> float:
        """`cosine` in -1..1 plus the weighted share of query terms found, 0..1."""
        return cosine + self.coverage_weight * query_term_coverage

    def is_answerable(self, cosine: float, query_term_coverage: float) -> bool:
        return self.score(cosine, query_term_coverage) >= self.threshold


def is_answerable(cosine: float, query_term_coverage: float, threshold: float = DEFAULT_THRESHOLD) -> bool:
    """Whether the best hit answers: `cosine + 0.15 * share of query terms found >= threshold`."""
    return Calibration(threshold).is_answerable(cosine, query_term_coverage)


def content_words(text: str) -> list[str]:
    """The lower-case words of a text that carry meaning, in order, repeats kept. Dashes and dots part words.

    Inflected forms stay apart: on 73 questions over Debian's perlfaq, cutting plural s, -ing and -ed moved the
    separation from .911 to .915 (off-topic) and from .669 to .673 (near-topic), and answered more wrong ones at 90 %.
    """
    words = _WORD.findall(text.casefold())
    # Few words have an apostrophe, and to look for one first is quicker than the expression.
    whole = (_CONTRACTION.sub("", word) if "'" in word or "’" in word else word for word in words)
    return [word for word in whole if _carries_meaning(word)]


def term_coverage(query: str, texts: Sequence[str]) -> float:
    """The share, 0..1, of the query's distinct content words found in the texts; 0 when it has none."""
    terms = set(content_words(query))
    if not terms:
        return 0.0
    found: set[str] = set()
    for text in texts:
        found.update(terms.intersection(content_words(text)))
    return len(found) / len(terms)


def _carries_meaning(word: str) -> bool:
    return word not in STOP_WORDS and (len(word) > 1 or not word.isascii() or word.isdigit())
