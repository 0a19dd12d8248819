"""Drafts by a generating model. What it says is kept only where the section says it too."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from backend.agents.cited import SupportsClaims
from backend.agents.prompts.drafting import drafting_messages
from backend.agents.providers.base import (
    GenerationRequest,
    Message,
    PassageText,
    Provider,
    Sampling,
    Usage,
    collect,
)
from backend.agents.providers.quoting import units_of, word_stems
from backend.agents.tokens import AROUND, tokens_in, tokens_of
from backend.errors import ProviderBadAnswer
from backend.faqs.base import FaqDraft, FaqKind
from backend.faqs.drafted import DraftedFaq, DraftedFaqs, held_to
from backend.faqs.grounding import find_quote
from backend.faqs.pieces import Piece, pieces_of
from backend.parsing.base import Block, ParsedDocument, Section
from contracts.base import is_visible

Fault = Literal["not_quoted", "unsupported", "repeated", "unusable"]
"""Why a draft was dropped: its quote is not in the text, its quote does not carry its answer, it was drafted already,
or it has no words that can be stored."""

_ROOM: Final = 500
_EACH: Final = 250
_LONGEST_QUESTION: Final = 1_000
_LONGEST_ANSWER: Final = 20_000
SURE: Final = 0.85
"""Of an answer in the section's own words."""
UNSURE: Final = 0.75
"""Of one in the model's words, however well it is supported: below what is approved in bulk, so somebody reads it."""


@dataclass(frozen=True, slots=True)
class Drafted:
    """What a piece gave: the drafts that are grounded in it, how many others there were and why, what it took."""

    drafts: tuple[FaqDraft, ...]
    dropped: Mapping[Fault, int]
    usage: Usage


def most_output(piece: Piece) -> int:
    """Tokens that an answer may have."""
    return _ROOM + _EACH * piece.most


def input_tokens(piece: Piece) -> int:
    """About how many tokens asking takes, rather too many than too few."""
    return tokens_of(drafting_messages(piece.title, piece.text, most=piece.most))


def most_usage(piece: Piece) -> Usage:
    """What a piece may take when its first answer has another form and is asked for again."""
    asked, answered = input_tokens(piece), most_output(piece)
    return Usage(2 * asked + answered + 5 * AROUND, 2 * answered)


class ModelExtractor:
    """Asks `model` of a provider that can give structured output."""

    def __init__(self, provider: Provider, model: str, verifier: SupportsClaims) -> None:
        self._provider = provider
        self._model = model
        self._verifier = verifier

    async def extract(self, document: ParsedDocument) -> AsyncIterator[FaqDraft]:
        """One call after the other. A piece whose answer cannot be read is left out; other errors pass."""
        asked: set[str] = set()
        for section in document.sections:
            for piece in pieces_of(section):
                try:
                    found = await self.draft(piece)
                except ProviderBadAnswer:
                    continue
                for one in found.drafts:
                    if wording(one.question) not in asked:
                        asked.add(wording(one.question))
                        yield one

    async def draft(self, piece: Piece) -> Drafted:
        """Raises the `ProviderError` family; `ProviderBadAnswer` when two answers had another form."""
        messages: Sequence[Message] = drafting_messages(piece.title, piece.text, most=piece.most)
        request = GenerationRequest(
            model=self._model,
            messages=messages,
            output_type=held_to(piece) if self._provider.capabilities.holds_to_schema else DraftedFaqs,
            sampling=Sampling(temperature=0.0, max_tokens=most_output(piece)),
        )
        completion = await collect(self._provider.stream(request))
        value = completion.structured
        if not isinstance(value, DraftedFaqs):
            raise ProviderBadAnswer(f"the model {self._model!r} gave no structured answer")
        model = completion.done.model or self._model
        drafts: list[FaqDraft] = []
        dropped: Counter[Fault] = Counter()
        for one in value.faqs[: piece.most]:
            found = await self._checked(piece, one, model)
            if not isinstance(found, FaqDraft):
                dropped[found] += 1
            elif any(wording(found.question) == wording(other.question) for other in drafts):
                dropped["repeated"] += 1
            else:
                drafts.append(found)
        drafts.sort(key=lambda one: one.start)
        return Drafted(tuple(drafts), dict(dropped), _counted(completion.done.usage, piece, value))

    async def _checked(self, piece: Piece, one: DraftedFaq, model: str) -> FaqDraft | Fault:
        question, answer = " ".join(one.question.split()), one.answer.strip()
        if not (_fits(question, _LONGEST_QUESTION - 1) and _fits(answer, _LONGEST_ANSWER)):
            return "unusable"
        if wording(answer).startswith(wording(question)):
            return "unusable"  # a statement, said twice
        span = find_quote(one.quote, piece.text)
        if span is None:
            return "not_quoted"
        start, end = piece.start + span[0], piece.start + span[1]
        support = await self._support(answer, piece, piece.section.text[start:end])
        if support is None:
            return "unsupported"
        question = question if question.endswith(("?", "？", "؟")) else f"{question.rstrip('.!')}?"
        where = f" from “{piece.section.title}”" if piece.section.title else ""
        return FaqDraft(
            question=question,
            answer=answer,
            kind=kind_of(question),
            confidence=_confidence(question, answer, piece, support),
            reason=f"drafted by {model}{where}",
            section=piece.section.ordinal,
            start=start,
            end=end,
            page=_page(piece.section, start),
        )

    async def _support(self, answer: str, piece: Piece, quote: str) -> float | None:
        """How far the quote carries the least supported sentence, 0..1; None when it does not carry one of them."""
        passage = [PassageText(1, piece.section.title, quote)]
        scores: list[float] = []
        for unit in units_of(answer):
            [support] = await self._verifier.support(unit.text, passage)
            if not support.supported:
                return None
            scores.append(support.score)
        return min(scores, default=None)


def wording(question: str) -> str:
    """Equal for questions that differ in nothing but case, spaces and the sign at their end."""
    return " ".join(question.casefold().split()).rstrip("?？؟ .!")


def kind_of(question: str) -> FaqKind:
    """By how the question begins; English alone tells."""
    words = question.casefold().split()
    first, opening = " ".join(words[:2]), " ".join(words[:3])
    if any(word in ("difference", "differ", "versus", "vs", "vs.") for word in words):
        return "comparison"
    if first == "how to" or opening in (
        "how do i",
        "how can i",
        "how do you",
        "how do we",
        "how can you",
        "how can we",
    ):
        return "howto"
    if first in ("what is", "what are") and len(words) <= 6:
        return "definition"
    return "question"


def _fits(text: str, longest: int) -> bool:
    if not text or len(text) > longest or "\x00" in text or not is_visible(text):
        return False
    return not any("\ud800" <= sign <= "\udfff" for sign in text)


def _confidence(question: str, answer: str, piece: Piece, support: float) -> float:
    """How far the quote carries the answer, and whether the question is about what the section is about."""
    most = SURE if find_quote(answer, piece.text) is not None else UNSURE
    stems = word_stems(question)
    about = len(stems & word_stems(f"{piece.title}\n{piece.text}")) / len(stems) if stems else 1.0
    return round(most * (0.4 + 0.3 * min(support, 1.0) + 0.3 * about), 2)


def _page(section: Section, start: int) -> int | None:
    holding: Block | None = next((block for block in reversed(section.blocks) if block.start <= start), None)
    return section.page if holding is None or holding.page is None else holding.page


def _counted(usage: Usage, piece: Piece, value: DraftedFaqs) -> Usage:
    """Some servers count nothing; a budget must hold with them too."""
    given = usage.input_tokens or input_tokens(piece)
    return Usage(given, usage.output_tokens or tokens_in(value.model_dump_json()))
