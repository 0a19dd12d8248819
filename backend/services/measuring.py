"""What is measured of the answers of a batch, as `backend/comparison/metrics.py` defines it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np

from backend.agents.cited import cited_sentences
from backend.agents.providers import PROVIDERS, builtin
from backend.comparison.metrics import (
    K,
    MetricName,
    answer_similarity,
    hit_at_k,
    reciprocal_rank,
    refusal_correctness,
    supported_share,
)
from backend.embeddings.base import Embedder, Vectors
from backend.repositories.uow import Tx, UnitOfWork
from backend.retrieval.base import Span
from backend.retrieval.searcher import MOSTLY
from backend.retrieval.verification import plain_sentence
from backend.services.batch_questions import BatchQuestion, portions
from backend.services.lanes import LaneResult, without_marks
from contracts.chat import Answered, Citation

READ: Final = 500
EMBEDDED: Final = 256

Values = dict[MetricName, float | None]
"""US dollars of one answer stand under `cost`, milliseconds under `latency`."""


@dataclass(frozen=True, slots=True)
class Measured:
    """A lane's answer to a question, with its values."""

    question: BatchQuestion
    result: LaneResult
    values: Values


@dataclass(slots=True)
class _Known:
    """What answers refer to: where the words of FAQs and passages stand, and what these are."""

    spans: dict[UUID, Span] = field(default_factory=dict)
    groups: dict[UUID, UUID | None] = field(default_factory=dict)
    """Of each FAQ that is still there."""
    texts: dict[UUID, str] = field(default_factory=dict)


class Measuring:
    def __init__(self, uow: UnitOfWork, embedder: Embedder) -> None:
        self._uow = uow
        self._embedder = embedder

    async def measure(self, workspace_id: UUID, asked: Sequence[tuple[BatchQuestion, LaneResult]]) -> list[Measured]:
        """In the order given. A lane with an error has no value. Raises what the embedder raises."""
        known = await self._known(workspace_id, asked)
        vectors = await self._vectors(asked)
        return [
            Measured(question, result, _values(question, result.answer, result, known, vectors))
            if result.answer is not None
            else Measured(question, result, {})
            for question, result in asked
        ]

    async def _known(self, workspace_id: UUID, asked: Sequence[tuple[BatchQuestion, LaneResult]]) -> _Known:
        retrieved = [one for _, result in asked if result.answer is not None for one in result.answer.retrieved]
        faqs = {question.faq_id for question, _ in asked} | {one.faq_id for one in retrieved}
        passages = {one.passage_id for one in retrieved}

        async def read(tx: Tx) -> _Known:
            known = _Known()
            for some in portions(_ids(faqs), READ):
                for faq in await tx.faqs.find_all(some):
                    known.groups[faq.id] = faq.group_id
                    known.texts[faq.id] = faq.answer
                    if faq.section_id is not None and faq.start is not None and faq.end is not None:
                        known.spans[faq.id] = Span(faq.section_id, faq.start, faq.end)
            for some in portions(_ids(passages), READ):
                for passage in await tx.documents.passages(some):
                    known.spans[passage.id] = Span(passage.section_id, passage.start, passage.end)
                    known.texts[passage.id] = passage.text[passage.start : passage.end]
            return known

        return await self._uow.reading(workspace_id, read)

    async def _vectors(self, asked: Sequence[tuple[BatchQuestion, LaneResult]]) -> dict[str, Vectors]:
        """Of the texts that are compared, each once."""
        texts: dict[str, None] = {}
        for question, result in asked:
            if question.expected is not None and result.answer is not None and result.answer.answered:
                texts |= {question.expected: None, said_by(result.answer): None}
        found: dict[str, Vectors] = {}
        for some in portions(list(texts), EMBEDDED):
            vectors = await self._embedder.embed(some, kind="document")
            found.update(zip(some, vectors, strict=True))
        return found


def _values(
    question: BatchQuestion, answer: Answered, result: LaneResult, known: _Known, vectors: Mapping[str, Vectors]
) -> Values:
    reads = result.contestant.target.documents
    ranked, relevant = _ranked(answer), _relevant(question, answer, known) if reads else set[UUID]()
    return {
        "hit_at_k": hit_at_k(ranked, relevant, K),
        "mrr": reciprocal_rank(ranked, relevant),
        "similarity": _similarity(question, answer, vectors),
        "support": supported_share(_support(answer, known)) if reads and answer.answered else None,
        "refusal": refusal_correctness(answerable=question.is_answerable, answered=answer.answered),
        "latency": result.latency_ms,
        "cost": _cost(answer),
    }


def said_by(answer: Answered) -> str:
    """The answer without its marks, and without the titles that the built-in provider lists below it."""
    text = answer.response
    if answer.provider == builtin.NAME:
        text = text.partition(f"\n\n{builtin.RELATED_OPENING}")[0]
    return without_marks(text).strip()


def _ranked(answer: Answered) -> list[UUID]:
    return [id for one in answer.retrieved if (id := one.faq_id or one.passage_id) is not None]


def _relevant(question: BatchQuestion, answer: Answered, known: _Known) -> set[UUID]:
    """The row's FAQ, those that ask for the same, and of the passages found those that say what it says; nothing for a
    FAQ that is gone."""
    faq_id = question.faq_id
    if faq_id is None or faq_id not in known.groups:
        return set()
    span, group = known.spans.get(faq_id), known.groups[faq_id]
    found = {faq_id}
    for one in answer.retrieved:
        if one.faq_id is not None and group is not None and known.groups.get(one.faq_id) == group:
            found.add(one.faq_id)
        if one.passage_id is not None and span is not None and one.passage_id in known.spans:
            passage = known.spans[one.passage_id]
            if max(span.covers(passage), passage.covers(span)) >= MOSTLY:
                found.add(one.passage_id)
    return found


def _similarity(question: BatchQuestion, answer: Answered, vectors: Mapping[str, Vectors]) -> float | None:
    """Of answers alone: how often a lane refuses is told by `refusal`."""
    if question.expected is None or not answer.answered:
        return None
    one, other = vectors[said_by(answer)], vectors[question.expected]
    return answer_similarity(np.asarray(one, np.float32), np.asarray(other, np.float32))


def _support(answer: Answered, known: _Known) -> list[list[bool]]:
    """By sentence what carries it: the marks that were kept, the source that it is taken from word for word, or the
    one mark that was found to stand for the whole answer."""
    text = answer.response
    if answer.provider == builtin.NAME:
        text = text.partition(f"\n\n{builtin.RELATED_OPENING}")[0]
    whole = plain_sentence(without_marks(text))
    is_whole = any(check.supported and check.sentence == whole for check in answer.checks)
    sources = [_words(_source(one, known)) for one in answer.citations]
    return [
        [bool(numbers), any(_words(sentence) in source for source in sources), is_whole]
        for sentence, numbers in cited_sentences(text, {one.n for one in answer.citations})
    ]


def _source(citation: Citation, known: _Known) -> str:
    id = citation.faq_id or citation.passage_id
    return known.texts.get(id, citation.quote) if id is not None else citation.quote


def _words(text: str) -> str:
    return " ".join(plain_sentence(line) for line in text.splitlines())


def _cost(answer: Answered) -> float | None:
    """US dollars: nothing where no vendor was asked, None where the price is not known."""
    usage, vendor = answer.usage, PROVIDERS.vendors.get(answer.provider)
    if usage.cost_usd is not None:
        return float(usage.cost_usd)
    is_free = vendor is not None and vendor.place != "server"
    return 0.0 if is_free or usage.input_tokens + usage.output_tokens == 0 else None


def _ids(ids: Iterable[UUID | None]) -> list[UUID]:
    return sorted(id for id in ids if id is not None)
