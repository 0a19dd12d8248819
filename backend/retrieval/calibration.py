"""When a collection answers: how high questions that have nothing to do with it score on it, and how far above that.

The best score of a question that nothing answers grows with the collection (MiniLM: .13 over 87 passages, .25 over
3,779), so one threshold is too low for a large one, and for another model it means nothing.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from statistics import fmean, pstdev
from typing import Final

from backend.retrieval.answerability import DEFAULT_THRESHOLD
from backend.retrieval.base import Scope, SearchResult
from backend.retrieval.searcher import Searcher


@dataclass(frozen=True, slots=True)
class Rule:
    """A collection answers from `floor` on, or from `deviations` above the background where that is higher."""

    deviations: float
    floor: float


RULES: Final[Mapping[str, Rule]] = {
    "sentence-transformers/all-MiniLM-L6-v2": Rule(3.25, DEFAULT_THRESHOLD),
    "sentence-transformers/all-mpnet-base-v2": Rule(6.0, DEFAULT_THRESHOLD),
}
"""Measured on the tuning half of benchmarks/retrieval_set, over all passages and over each manual alone: 90 % of the
questions answered in both. Without the floor a single manual answers 94 %, and 15 % of the other manuals' questions
instead of 3 %."""
OTHERS: Final = Rule(4.5, -1.0)
WITHOUT_MEANING: Final = frozenset({"hashing"})
"""Models that find words only: what a question has in common with anything are its small words."""
CHANGED: Final = 1.25
"""A collection that grew or shrank by this factor is measured again."""

QUESTIONS: Final = tuple(
    line.strip()
    for line in """
    How long should I boil an egg so the yolk stays soft?
    Which countries share a border with Switzerland?
    Who painted the ceiling of the Sistine Chapel?
    What is the best way to get red wine out of a carpet?
    How many players are on a volleyball team?
    When did the Berlin Wall come down?
    Can you recommend a good thriller for a long flight?
    Why is the sky blue at noon and red at sunset?
    How do I teach my dog to walk on a loose lead?
    What temperature should a fridge have?
    Which vitamins are in broccoli?
    How much water does an adult need per day?
    What is the capital of Mongolia?
    How do bees make honey?
    Where can I see the northern lights?
    What does a mortgage broker do?
    How often should I water a cactus?
    Who wrote Pride and Prejudice?
    What is the offside rule in football?
    How do I change a flat tyre on my bicycle?
    Which moon is the largest in the solar system?
    How do I get rid of slugs in the vegetable garden?
    What should I wear to a job interview in summer?
    How does a heat pump work?
    What is the difference between a cello and a viola?
    How far is it from Lisbon to Porto by train?
    Is it safe to eat raw mushrooms?
    How can I sleep better before an exam?
    What year did the Titanic sink?
    Which muscles do push-ups train?
    How do I fold a paper crane?
    What makes bread dough rise?
    Why do cats purr?
    How tall is Mount Kilimanjaro?
    What do I say when somebody sneezes in Spanish?
    How do I remove a splinter from my finger?
    When is the best time to plant tulips?
    What are the rules of chess castling?
    How do airplanes stay in the air?
    Which wine goes with grilled salmon?
    How is the exchange rate of the pound today?
    What is a sonnet?
    How do vaccines work?
    Where does cinnamon come from?
    What was the score of last night's game?
    How do I ask for a raise?
    Can I bring liquids on a plane?
    Who was the first person on the moon?
    What is the tax on a second home?
    How do I knit a scarf for a beginner?
    Which documents do I need to get married?
    How do I calm a crying baby?
    What is the plot of Hamlet?
    How many teeth does an adult have?
    Should I repot my orchid while it flowers?
    How does the stock market work?
    What should I see in Kyoto in two days?
    Why does my knee click when I climb stairs?
    Who won the Nobel Prize in Literature last year?
    How do I make a vinaigrette?
    """.strip().splitlines()
)
"""A collection about one of these things is about few of them, and its scores on the others still tell."""


@dataclass(frozen=True, slots=True)
class Background:
    """What was measured: mean and deviation of the questions' best scores, by a model over so many points."""

    threshold: float
    mean: float
    deviation: float
    points: int
    spec_key: str

    def is_stale(self, points: int, spec_key: str) -> bool:
        return spec_key != self.spec_key or not self.points / CHANGED < max(points, 1) < self.points * CHANGED

    def stored(self) -> dict[str, object]:
        return asdict(self)

    @classmethod
    def of(cls, stored: Mapping[str, object] | None) -> "Background | None":
        return cls(**stored) if stored else None  # type: ignore[arg-type]  # as `stored` gives it


class Calibrator:
    """`searcher` need not look twice: what a question that nothing answers finds has few words in common."""

    def __init__(self, searcher: Searcher) -> None:
        self._searcher = searcher

    @staticmethod
    def suits(model: str) -> bool:
        return model not in WITHOUT_MEANING

    async def measure(self, scope: Scope, *, points: int, model: str, spec_key: str) -> Background | None:
        """Over the one collection of the scope, by the rule of `model`; None when it was empty at times. Raises the
        `VectorError` family."""
        found = await self._searcher.search_each(scope, QUESTIONS)
        if not all(result.items for result in found):
            return None
        scores = [self._best(question, result) for question, result in zip(QUESTIONS, found, strict=True)]
        mean, deviation = fmean(scores), pstdev(scores)
        # The question about the collection's own subject, if one is, must not raise the threshold for all.
        usual = [score for score in scores if score <= mean + 3 * deviation]
        mean, deviation = fmean(usual), pstdev(usual)
        rule = RULES.get(model, OTHERS)
        threshold = max(mean + rule.deviations * deviation, rule.floor)
        return Background(threshold, mean, deviation, points, spec_key)

    def _best(self, question: str, result: SearchResult) -> float:
        return self._searcher.judged(question, result).confidence + result.items[0].threshold
