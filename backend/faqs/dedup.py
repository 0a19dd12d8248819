"""Near-duplicate questions get one group. Nothing is dropped: the reviewer decides."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b
from uuid import UUID, uuid5

import numpy as np
from numpy.typing import NDArray

from backend.errors import InvalidVector
from backend.faqs.grammar import is_plural

Vectors = NDArray[np.float32]
Key = tuple[str, ...]

SAME = 0.95  # measured: LIBRARIES, "FAQ rules offline"
_BLOCK = 1024
_ANCHORS = 4096
_NAMESPACE = UUID("6d0f5c1e-52f6-5a0c-9c0e-3c8d2f1b7a44")
_WORD = re.compile(r"\w+(?:[-'’./]\w+)*")
_ASKING = {"what": "what", "which": "what", "why": "why", "when": "when", "where": "where", "who": "who"}
_FILLERS = frozenset(
    {"a", "an", "the", "i", "we", "you", "one", "my", "your", "our", "me", "us", "is", "are", "am", "was", "be", "do"}
    | {"does", "did", "can", "could", "should", "would", "will", "shall", "may", "to", "of", "in", "on", "for", "with"}
    | {"at", "by", "and", "how", "please", "there", "it", "this", "that", "go", "about", "way", "best", "need", "have"}
)


_DIRECTIONS = frozenset({"from", "into", "onto", "than", "vs", "versus"})


@dataclass(frozen=True, slots=True)
class Question:
    """A question and the group that it already has."""

    id: UUID
    text: str
    group: UUID | None = None


def content_key(text: str) -> Key:
    """What the question asks for ("why", "what", ...) and its content words, sorted, without number.

    Questions with different keys are never grouped, however close their vectors are: "enable X" and "disable X" are
    close. A text of nothing but fillers is its own key.
    """
    words = [_singular(match[0]) for match in _WORD.finditer(text)]
    asking = next((_ASKING[word] for word in words if word in _ASKING), "how")
    content = sorted({word for word in words if word not in _FILLERS and word not in _ASKING})
    return (asking, *content) if content else ("", *words)


def _wording(text: str) -> Key:
    """The content key, with the order of the words where it says from where to where: "PDF to Word", "Word to PDF"."""
    words = [match[0].lower() for match in _WORD.finditer(text)]
    content = [word not in _FILLERS and word not in _ASKING for word in words]
    directed = any(
        word in _DIRECTIONS or (word == "to" and at > 0 and content[at - 1]) for at, word in enumerate(words)
    )
    order = [_singular(word) for word, counts in zip(words, content, strict=True) if counts] if directed else []
    return (*content_key(text), "", *order)


def question_key(text: str) -> str:
    """`content_key` in 32 characters, equal for equal keys. It is stored: another rule needs a migration."""
    return blake2b("\0".join(content_key(text)).encode(), digest_size=16).hexdigest()


def _singular(word: str) -> str:
    lower = word.lower().replace("’", "'").removesuffix("'s")
    return lower[:-1] if is_plural(word) else lower


def group_duplicates(
    new: Sequence[Question],
    vectors: Vectors,
    existing: Iterable[tuple[Sequence[Question], Vectors]] = (),
    *,
    same: float = SAME,
) -> dict[UUID, UUID]:
    """The group of every question that has a near-duplicate, by question id.

    `vectors` is float32[n, d], one row per question; `existing` comes in batches of any size and is read once. Two
    questions belong together when their content words are the same, in the same order where they say from where to
    where, and the cosine with the group's oldest known member
    (that of the smallest id) is at least `same`: a chain of small differences does not merge what is different.
    A group keeps its id; a new one is named after its smallest member. The result does not depend on the order of
    `new` or of the batches. Existing questions appear only when they get a group now. Raises `InvalidVector` when
    rows and questions do not match.
    """
    waiting: dict[Key, list[int]] = defaultdict(list)
    _check(new, vectors)
    for row in sorted(range(len(new)), key=lambda row: new[row].id.bytes):
        waiting[_wording(new[row].text)].append(row)
    anchors = _anchors(
        existing,
        waiting.keys(),
        {question.id for question in new},
        dimension=vectors.shape[1] if vectors.ndim == 2 else 0,
    )
    groups: dict[UUID, UUID] = {}
    for key, rows in waiting.items():
        known = anchors.get(key, [])
        if len(rows) + len(known) > 1:
            groups.update(_group_bucket([new[row] for row in rows], unit(vectors[rows]), known, same))
    return groups


def group_near(questions: Iterable[Question], near: Mapping[UUID, Set[UUID]]) -> dict[UUID, UUID]:
    """The groups of questions of which `near` says, both ways, which ask for the same; keys and names as above.

    One joins a group when it is near to the group's smallest member among `questions`, and otherwise the smallest
    question near it that has joined no other.
    """
    ordered = sorted(questions, key=lambda question: question.id.bytes)
    first: dict[UUID, UUID] = {}
    for question in ordered:
        if question.group is not None:
            first.setdefault(question.group, question.id)
    group_of: dict[UUID, UUID | None] = {head: group for group, head in first.items()}
    grouped, found = frozenset(group_of), dict[UUID, UUID]()
    for question in ordered:
        if question.group is not None:
            continue
        heads = near.get(question.id, frozenset()) & group_of.keys()
        if not heads:
            group_of[question.id] = None
            continue
        head = min(heads, key=lambda id: (id not in grouped, id.bytes))
        group = group_of[head]
        if group is None:
            group = group_of[head] = found[head] = uuid5(_NAMESPACE, str(head))
        found[question.id] = group
    return found


def connected(near: Mapping[UUID, Set[UUID]]) -> Iterator[list[UUID]]:
    """Parts that no pair connects, in order of their smallest member: each can be grouped by itself."""
    seen: set[UUID] = set()
    for first in sorted(near, key=lambda id: id.bytes):
        part = [] if first in seen else [first]
        seen.add(first)
        for id in part:  # grows on the way
            part += (fresh := near[id] - seen)
            seen |= fresh
        if part:
            yield part


def unit(vectors: Vectors) -> Vectors:
    """Rows of length 1; zero and non-finite rows become zero, which is near nothing."""
    clean = np.where(np.isfinite(vectors), vectors, np.float32(0)).astype(np.float32)
    clean[~np.isfinite(vectors).all(axis=1)] = 0
    lengths = np.linalg.norm(clean, axis=1, keepdims=True)
    scaled: Vectors = np.divide(clean, lengths, out=np.zeros_like(clean), where=lengths > 0)
    return scaled


@dataclass(slots=True)
class _Anchor:
    """The member that speaks for a group, or for itself."""

    question: Question
    vector: Vectors


def _check(questions: Sequence[Question], vectors: Vectors) -> None:
    if vectors.ndim != 2 or len(questions) != len(vectors):
        raise InvalidVector(
            f"{len(questions)} questions came with vectors of shape {vectors.shape!r}; give one row per question"
        )


def _anchors(
    existing: Iterable[tuple[Sequence[Question], Vectors]], keys: Iterable[Key], left_out: set[UUID], *, dimension: int
) -> dict[Key, list[_Anchor]]:
    """Of the existing questions, only those that a new one could join: one per group, and the ungrouped."""
    wanted = set(keys)
    found: dict[tuple[Key, UUID], _Anchor] = {}
    for questions, vectors in existing:
        _check(questions, vectors)
        if len(questions) and vectors.shape[1] != dimension:
            raise InvalidVector(f"vectors of {vectors.shape[1]!r} and {dimension!r} numbers cannot be compared")
        for row, question in enumerate(questions):
            key = _wording(question.text)
            place = (key, question.group or question.id)
            if key not in wanted or question.id in left_out:
                continue
            if place in found and found[place].question.id.bytes <= question.id.bytes:
                continue
            found[place] = _Anchor(question, unit(vectors[row : row + 1])[0])
    by_key: dict[Key, list[_Anchor]] = defaultdict(list)
    for (key, _), anchor in sorted(found.items(), key=lambda item: item[1].question.id.bytes):
        by_key[key].append(anchor)
    return by_key


def _group_bucket(
    questions: list[Question], vectors: Vectors, known: list[_Anchor], same: float
) -> Mapping[UUID, UUID]:
    """Questions with the same words, in order of id, each to the first anchor that is near enough."""
    bucket = _Bucket(known, same)
    for start in range(0, len(questions), _BLOCK):
        bucket.add(questions[start : start + _BLOCK], vectors[start : start + _BLOCK])
    return bucket.groups()


class _Bucket:
    def __init__(self, known: list[_Anchor], same: float) -> None:
        self._same = same
        self._heads = [anchor.question for anchor in known]
        self._vectors: list[Vectors] = [np.stack([anchor.vector for anchor in known])] if known else []
        self._members: dict[int, list[Question]] = defaultdict(list)

    def add(self, questions: list[Question], vectors: Vectors) -> None:
        """Memory: one block of cosines with the anchors at a time."""
        place = self._nearest_known(vectors)
        within = vectors @ vectors.T >= self._same
        fresh: list[int] = []
        for row, question in enumerate(questions):
            at = int(place[row])
            if at < 0:
                near = np.flatnonzero(within[row, fresh])
                at = len(self._heads) - len(fresh) + int(near[0]) if near.size else -1
            if at >= 0:
                self._members[at].append(question)
            else:
                fresh.append(row)
                self._heads.append(question)
        if fresh:
            self._vectors.append(vectors[fresh])

    def _nearest_known(self, vectors: Vectors) -> NDArray[np.int64]:
        """Index of the first anchor that is near enough, or -1."""
        place = np.full(len(vectors), -1, dtype=np.int64)
        offset = 0
        for stored in self._vectors:
            for start in range(0, len(stored), _ANCHORS):
                near = vectors @ stored[start : start + _ANCHORS].T >= self._same
                hit = near.any(axis=1) & (place < 0)
                place[hit] = offset + start + near[hit].argmax(axis=1)
            offset += len(stored)
        return place

    def groups(self) -> dict[UUID, UUID]:
        found: dict[UUID, UUID] = {}
        for at, members in self._members.items():
            head = self._heads[at]
            everyone = [head, *members]
            smallest = min(everyone, key=lambda question: question.id.bytes).id
            group = next((question.group for question in everyone if question.group), None)
            group = group or uuid5(_NAMESPACE, str(smallest))
            found.update((question.id, group) for question in everyone if question.group is None)
        return found
