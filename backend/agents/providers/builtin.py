"""The provider that needs no model: it quotes the passage that answers and lists related ones."""

import re
from collections.abc import AsyncIterator, Sequence

from backend.agents.citations import CitationFilter
from backend.agents.providers.base import NOTHING, Capabilities, Done, Event, GenerationRequest, PassageText, TextDelta
from backend.agents.providers.config import question_of
from backend.agents.providers.quoting import Quote, Unit, as_table, best_quote, units_of, word_stems, word_weights
from backend.agents.questions import asked_in
from backend.agents.texts import NOT_FOUND

NAME = MODEL = "builtin"
RELATED = 3
RELATED_OPENING = "Related: "
# Retrieval ranks better than shared words do, so a lower passage must share clearly more of them. On 73 questions over
# Debian's perlfaq these quote the right section in 69 %, the best-ranked passage alone in 67 %, words alone in 60 %.
_NOT_FIRST = 0.3
_RANK_STEP = 0.15
# A word of the title is what the whole passage is about: it tells little about which sentence answers.
_TITLE_WORD = 0.2
_CANDIDATES = 4
# Who asks for a price wants the passage that names one.
_ASKS_PRICE = re.compile(
    r"\b(?:how\s+much|costs?|prices?|pricing|fees?|kostet|kosten|preise?|combien|prix|coûte\w*|cuánto|cuesta\w*|precios?)\b",
    re.IGNORECASE,
)
_PRICE = re.compile(r"[$€£¥]\s?\d|\d\s?(?:[$€£¥]|(?:USD|EUR|GBP|CHF|euros?|dollars?|pounds?|francs?)\b)", re.IGNORECASE)
_HAS_PRICE = 0.5
# A second quote is worth its length when it adds this share of the question's weighted words.
_SECOND_QUOTE_GAIN = 0.34
_WORD = re.compile(r"\s*\S+\s*")
_FEW_WORDS = re.compile(r"(?:\s*\S+){1,4}\s*|\s+")


class BuiltinProvider:
    """Deterministic: the same question and passages give the same words, and they take no tokens."""

    @property
    def capabilities(self) -> Capabilities:
        return Capabilities(generates=False)

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        question = asked_in(question_of(request))
        answer = compose(question, request.passages)
        said = _first_words(answer, request.sampling.max_tokens)
        for words in _FEW_WORDS.findall(said):
            yield TextDelta(words, is_quoted=True)
        yield Done(NOTHING, "stop" if said == answer else "length", MODEL)

    async def aclose(self) -> None:
        return None


def compose(question: str, passages: Sequence[PassageText]) -> str:
    """The quotes with their marks, then the related passages. `NOT_FOUND` without passages."""
    quotes = _choose(question, passages)
    if not quotes:
        return NOT_FOUND
    quoted = [_marked(quote.units, passage.n) for passage, quote in quotes]
    related = _related(question, passages, [passage for passage, _ in quotes])
    return "\n\n".join([*quoted, *([related] if related else [])])


def _first_words(answer: str, limit: int | None) -> str:
    """A limit of tokens, in words: there are no tokens here. What is cut off takes its mark with it."""
    if limit is None:
        return answer
    return "".join(_WORD.findall(answer)[:limit]).rstrip()


def _choose(question: str, passages: Sequence[PassageText]) -> list[tuple[PassageText, Quote]]:
    asks_price = _ASKS_PRICE.search(question) is not None
    texts = [units_of(passage.text) for passage in passages]
    weights = word_weights(question, texts)
    ranked: list[tuple[float, PassageText, Quote]] = []
    for rank, (passage, units) in enumerate(zip(passages[:_CANDIDATES], texts, strict=False)):
        title = word_stems(passage.title)
        inside = {word: weight * (_TITLE_WORD if word in title else 1.0) for word, weight in weights.items()}
        quote = best_quote(units, inside)
        if quote is not None:
            score = sum(weights.get(word, 0.0) for word in title | quote.words)
            penalty = _NOT_FIRST + _RANK_STEP * rank if rank else 0.0
            bonus = _HAS_PRICE if asks_price and _PRICE.search("\n".join(unit.text for unit in quote.units)) else 0.0
            ranked.append((score + bonus - penalty, passage, quote))
    ranked.sort(key=lambda row: -row[0])
    chosen = [(passage, quote) for _, passage, quote in ranked[:1]]
    for _, passage, quote in ranked[1:]:
        new = quote.words - chosen[0][1].words - word_stems(chosen[0][0].title)
        if sum(weights.get(word, 0.0) for word in new) >= _SECOND_QUOTE_GAIN:
            return [*chosen, (passage, quote)]
    return chosen


def _marked(units: Sequence[Unit], n: int) -> str:
    """The quote with `[n]` behind its last sentence; a list or code follows its mark."""
    sentences = [position for position, unit in enumerate(units) if unit.sentence]
    last = sentences[-1] if sentences else None
    parts: list[str] = [] if last is not None else [f"[{n}]"]
    for position, unit in enumerate(units):
        mark = f" [{n}]" if position == last else ""
        if unit.sentence:
            separator = "" if not parts else "\n\n" if units[position - 1].block else " "
            parts.append(f"{separator}{_without_marks(unit.sentence)}{mark}")
        if unit.block:
            parts.append(f"\n\n{_without_marks(as_table(unit.block))}")
    return "".join(parts).lstrip()


def _without_marks(text: str) -> str:
    """A document's own `[3]` would read as a citation of ours."""
    marks = CitationFilter(())
    return marks.feed(text) + marks.finish()


def _related(question: str, passages: Sequence[PassageText], quoted: Sequence[PassageText]) -> str:
    """`Related: [2] Title · [3] Title`: other titles among passages that share a word with the question."""
    terms = word_stems(question)
    seen = {passage.title.casefold().strip() for passage in quoted}
    rows: list[str] = []
    for passage in passages:
        title = " ".join(_without_marks(passage.title).split())
        shares = terms & (word_stems(passage.title) | word_stems(passage.text))
        if passage in quoted or not title or title.casefold() in seen or not shares:
            continue
        seen.add(title.casefold())
        rows.append(f"[{passage.n}] {title}")
    return f"{RELATED_OPENING}{' · '.join(rows[:RELATED])}" if rows else ""
