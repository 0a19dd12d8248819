"""Follow-ups as questions that stand alone, by rules: what is left out is taken from the question before."""

from collections.abc import Sequence
from typing import Final

from backend.embeddings.base import Embedder
from backend.retrieval.base import Turn
from backend.retrieval.fragments import asks_for_others, fill, fragment_of, without_lead
from backend.retrieval.phrases import bare, names_something, naming_words
from backend.retrieval.references import action, is_bare_question, opened, refer, reference
from backend.retrieval.small_talk import small_talk

EARLIER: Final = 6
"""Questions before this one that may be leaned on, one through the next."""
LONGEST: Final = 600
"""Characters; a question grows with what it leans on."""


class RuleRewriter:
    """A fragment ("and for Enterprise?") replaces its like in the question before; a pronoun stands for its topic."""

    name = "rules"
    failure = ""

    def __init__(self, embedder: Embedder) -> None:
        self._embedder = embedder

    async def rewrite(self, question: str, history: Sequence[Turn]) -> str:
        """Later questions lean on earlier ones, each already standing alone; what is said between them is left out."""
        before = ""
        for earlier in [turn.text for turn in history if turn.role == "user" and _asks(turn.text)][-EARLIER:]:
            alone = await self._alone(earlier, before)
            is_understood = alone != earlier or not is_bare_question(without_lead(earlier))
            before = alone if is_understood and naming_words(alone) else before
        return await self._alone(question, before)

    async def _alone(self, question: str, before: str) -> str:
        before = bare(before)
        if not names_something(before) or len(before) + len(question) > LONGEST or small_talk(question) is not None:
            return question
        asked, about = opened(before)
        fragment = fragment_of(question)
        if fragment is not None:
            filled = await fill(about, fragment, self._embedder)
            if filled is None:
                return question
            return f"{asked} ({filled})?" if asked else f"{filled}?"
        if reference(question) is None and is_bare_question(without_lead(question)):
            return f"{bare(question)} ({action(about)})?"
        return refer(question, about, is_action=bool(asked))


def _asks(text: str) -> bool:
    """Whether a later question may lean on a text: not on small talk, nor on what was asked back."""
    return small_talk(text) is None and not asks_for_others(text)


def leans_back(question: str) -> bool:
    """Whether a question can only be understood with what was said before it."""
    return (
        fragment_of(question) is not None or reference(question) is not None or is_bare_question(without_lead(question))
    )
