"""What to do about a question, by rules: answer small talk, ask back, or search, how much and in which documents."""

import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from backend.retrieval.answerability import content_words
from backend.retrieval.base import Plan, Scope
from backend.retrieval.rewriter import leans_back

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


@dataclass(frozen=True, slots=True)
class _Talk:
    """Small talk in one language: what is said, and what is said to it."""

    said: re.Pattern[str]
    reply: str


def _talk(words: str, reply: str) -> _Talk:
    return _Talk(re.compile(rf"\A\W*(?:{words})(?:[\s,!.]+(?:there|all|everyone|nexus|bot|you))*\W*\Z", re.I), reply)


ABOUT: Final = "Ask me about the documents; I answer from them and show the places."
_TALK: Final = (
    _talk("hi|hello|hey|good\\s+(?:morning|afternoon|evening|day)|greetings|howdy", f"Hello! {ABOUT}"),
    _talk(
        "(?:ok(?:ay)?[,\\s]+)?(?:many\\s+)?(?:thanks|thank\\s+you|thx|cheers)(?:\\s+(?:a\\s+lot|so\\s+much|very\\s+much))?",
        "You're welcome. Ask on whenever you like.",
    ),
    _talk("bye|goodbye|see\\s+you|good\\s+night", "Goodbye!"),
    _talk("how\\s+are\\s+you(?:\\s+(?:doing|today))*", f"I am a program and always ready. {ABOUT}"),
    _talk(
        "who\\s+are\\s+you|what\\s+are\\s+you|what\\s+can\\s+you\\s+do(?:\\s+for\\s+me)?|what\\s+do\\s+you\\s+do"
        "|how\\s+(?:does\\s+this|do\\s+you)\\s+work|help(?:\\s+me)?|are\\s+you\\s+(?:a\\s+)?(?:human|real|bot|robot|ai)",
        f"I answer questions from documents that people here have uploaded and reviewed. {ABOUT}",
    ),
    _talk(
        "hallo|guten\\s+(?:morgen|tag|abend)|servus|grüezi|moin",
        "Hallo! Fragen Sie mich nach den Dokumenten; ich antworte mit den Stellen, auf denen die Antwort steht.",
    ),
    _talk("(?:vielen\\s+)?dank(?:e)?(?:\\s+(?:schön|sehr))?", "Gern geschehen."),
    _talk("bonjour|salut|bonsoir", "Bonjour ! Posez-moi une question sur les documents ; je cite mes sources."),
    _talk("merci(?:\\s+(?:beaucoup|bien))?", "Avec plaisir."),
    _talk("hola|buen(?:os|as)\\s+(?:días|tardes|noches)", "¡Hola! Pregúnteme por los documentos; cito mis fuentes."),
    _talk("(?:muchas\\s+)?gracias", "De nada."),
)
_ASK_BACK_BARE: Final = "What would you like to know? Give me a few more words, such as the subject of your question."
_ASK_BACK_REFERENCE: Final = "I am not sure what “{word}” refers to. Please name it, and I look it up in the documents."
_SIGN = re.compile(r"[^\w\s?!.,;:'\"’‘“”«»()¿¡…–-]")
"""An emoji or another sign may be what a question is about."""
_REFERENCE_WORD = re.compile(r"\b(?:it|its|they|them|their|this|that|these|those|one)\b", re.IGNORECASE)


class RulePlanner:
    """`find_documents` looks a name up among the documents of the scope."""

    name = "rules"

    def __init__(self, find_documents: FindDocuments) -> None:
        self._find_documents = find_documents

    async def plan(self, question: str, scope: Scope, *, has_history: bool) -> Plan:
        small = next((talk.reply for talk in _TALK if talk.said.match(question)), None)
        if small is not None:
            return Plan("converse", 0, reply=small, note="small talk")
        words = set(content_words(question))
        reference = _REFERENCE_WORD.search(question)
        if reference is not None and len(words) <= 1 and not has_history and leans_back(question):
            reply = _ASK_BACK_REFERENCE.format(word=reference.group())
            return Plan("ask_back", 0, reply=reply, note=f"“{reference.group()}” refers to nothing that was said")
        if not words and not _SIGN.search(question):
            return Plan("ask_back", 0, reply=_ASK_BACK_BARE, note="the question names nothing")
        limit = min(scope.limit + MORE, MOST) if _LISTS.search(question) else scope.limit
        documents, name = await self._documents(question, scope)
        notes = [f"search for {limit} items"]
        if documents is not None:
            notes.append(f"in {name!r} only")
        return Plan("search", limit, documents=documents, note=", ".join(notes))

    async def _documents(self, question: str, scope: Scope) -> tuple[tuple[UUID, ...] | None, str]:
        """The one document that a question names. A name that fits several, or none, limits nothing."""
        for pattern in (_FILE, _QUOTED, _DOCUMENT):
            for named in pattern.finditer(question):
                found = await self._find_documents(scope, named["name"].strip())
                if len(found) == 1:
                    return (found[0].id,), found[0].name
        return None, ""
