"""What to do about a question, by rules: answer small talk, ask back, or search, how much and where."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.retrieval.answerability import content_words
from backend.retrieval.base import Plan, Scope
from backend.retrieval.fragments import asks_for_others, without_lead
from backend.retrieval.naming import NamedCollection, listed, named_collections, without
from backend.retrieval.phrases import naming_words
from backend.retrieval.references import action, reference
from backend.retrieval.small_talk import small_talk

MORE: Final = 3
"""Items beyond those asked for when a question wants a list or a comparison."""
MOST: Final = 20

_LISTS = re.compile(
    r"\b(?:list|compare|comparison|overview|differences?|versus|vs|all\s+(?:the\s+)?\w+s|which\s+\w+s\s+(?:are|do|can|have)"
    r"|what\s+are\s+the|every|steps|pros\s+and\s+cons|welche|unterschied\w*|liste|différences?|quels|quelles|cuáles"
    r"|diferencias?)\b",
    re.IGNORECASE,
)
_FILE = re.compile(r"(?P<name>[^\s\"'()]+\.(?:pdf|docx?|md|markdown|html?|txt|pptx|xlsx|epub))\b", re.IGNORECASE)
_DOCUMENT = re.compile(
    r"\b(?:in|according\s+to|per|from|says?|of)\s+(?:the\s+|our\s+)?[\"“«']?(?P<name>[^\"”»'?,.;]{2,80}?)[\"”»']?\s+"
    r"(?:document|file|handbook|manual|guide|policy|book|pdf|faq)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(
    r"\b(?:in|according\s+to|from)\s+(?:the\s+|our\s+)?[\"“«](?P<name>[^\"”»]{2,120})[\"”»]", re.IGNORECASE
)


@dataclass(frozen=True, slots=True)
class NamedDocument:
    id: UUID
    name: str


FindDocuments = Callable[[Scope, str], Awaitable[Sequence[NamedDocument]]]
"""The documents of a scope whose name or title holds a text; at most a few."""


_ASK_BACK_BARE: Final = "What would you like to know? Give me a few more words, such as the subject of your question."
_ASK_BACK_REFERENCE: Final = "I am not sure what “{word}” refers to. Please name it, and I look it up in the documents."
_SIGN = re.compile(r"[^\w\s?!.,;:'\"’‘“”«»()¿¡…–-]")
"""An emoji or another sign may be what a question is about."""


def _few(reference: re.Match[str]) -> int:
    """So many words of its own do not make up for what is missing: "it" may be what all the documents are about."""
    return 1 if reference["single"] or reference["whose"] else 2


class RulePlanner:
    """`find_documents` looks a name up among the documents of the scope."""

    name = "rules"
    failure = ""

    def __init__(self, find_documents: FindDocuments) -> None:
        self._find_documents = find_documents

    async def plan(self, question: str, scope: Scope, *, has_history: bool) -> Plan:
        reply = small_talk(question)
        if reply is not None:
            return Plan("converse", 0, reply=reply, note="small talk")
        found = reference(question)
        own = set(content_words(action(without_lead(question))))
        if found is not None and not has_history and len(own) <= _few(found):
            reply = _ASK_BACK_REFERENCE.format(word=found.group())
            return Plan("ask_back", 0, reply=reply, note=f"“{found.group()}” refers to nothing that was said")
        if (asks_for_others(question) or not naming_words(question)) and not _SIGN.search(question):
            return Plan("ask_back", 0, reply=_ASK_BACK_BARE, note="the question names nothing")
        limit = min(scope.limit + MORE, MOST) if _LISTS.search(question) else scope.limit
        collections = named_collections(question, scope)
        documents, name = await self._documents(question, scope, collections)
        notes = [f"search for {limit} items"]
        if documents is not None:
            notes.append(f"in {name!r} only")
        chosen = tuple(one.id for one in collections)
        if not chosen or len(chosen) == len(scope.collections):
            return Plan("search", limit, documents=documents, note=", ".join(notes))
        notes.append(f"in {listed([one.name for one in collections])} only")
        query = ""
        if len(collections) == 1 and not collections[0].is_vague:
            query = without(question, collections[0])
        return Plan("search", limit, documents=documents, note=", ".join(notes), collections=chosen, query=query)

    async def _documents(
        self, question: str, scope: Scope, collections: Sequence[NamedCollection]
    ) -> tuple[tuple[UUID, ...] | None, str]:
        """The one document that a question names. A name that fits several, or none, limits nothing; nor does that of a
        collection."""
        for pattern in (_FILE, _QUOTED, _DOCUMENT):
            for named in pattern.finditer(question):
                if any(one.start < named.end("name") and named.start("name") < one.end for one in collections):
                    continue
                found = await self._find_documents(scope, named["name"].strip())
                if len(found) == 1:
                    return (found[0].id,), found[0].name
        return None, ""
