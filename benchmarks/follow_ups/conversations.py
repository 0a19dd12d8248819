"""The labelled conversations and how they are judged.

`conversations.json` holds what was `said` by the user, what is then `asked`, and the `plan` that is right for it. Where
it is to be searched, `accepted` are the questions that may be searched for: the words of one of them, without case,
articles, punctuation and a leading "and". One that stands alone accepts itself.

Labelled before the rules that it measures were changed. A hash puts every conversation in one half: tune on `tune`
only; what counts is `test`.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, TypeAdapter

from backend.retrieval.base import Action, Plan, Planner, Rewriter, Scope, Turn

CONVERSATIONS: Final = Path(__file__).with_name("conversations.json")
SCOPE: Final = Scope(UUID(int=0), (UUID(int=0),), 5)

Split = Literal["tune", "test"]
Kind = Literal["leans on what was said", "stands alone", "names nothing", "small talk"]

_ARTICLES: Final = "the a an der die das den dem ein eine einen le la les un une el los las una"
_ANDS: Final = "and und et y"
_WORD: Final = re.compile(r"[^\W_][\w+#'’-]*")


class Conversation(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    domain: str
    language: str
    said: tuple[str, ...]
    asked: str
    plan: Action
    accepted: tuple[str, ...]

    @property
    def split(self) -> Split:
        digest = hashlib.sha256("\n".join((*self.said, self.asked)).encode()).digest()
        return "tune" if digest[0] % 2 else "test"

    @property
    def kind(self) -> Kind:
        if self.plan == "search":
            return "stands alone" if self.accepted == (self.asked,) else "leans on what was said"
        return "small talk" if self.plan == "converse" else "names nothing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of the last question. `is_right`: planned as it should be, and what is searched for is accepted."""

    conversation: Conversation
    question: str
    plan: Plan

    @property
    def is_right(self) -> bool:
        if self.plan.action != self.conversation.plan:
            return False
        accepted = {_words(one) for one in self.conversation.accepted}
        return self.conversation.plan != "search" or _words(self.question) in accepted


def load(split: Split | None = None) -> list[Conversation]:
    every = TypeAdapter(list[Conversation]).validate_json(CONVERSATIONS.read_bytes())
    return [one for one in every if split in (None, one.split)]


def history(said: Sequence[str]) -> list[Turn]:
    """Every question with an answer to it."""
    return [turn for question in said for turn in (Turn("user", question), Turn("assistant", "An answer. [1]"))]


async def outcome(conversation: Conversation, rewriter: Rewriter, planner: Planner) -> Outcome:
    question = await rewriter.rewrite(conversation.asked, history(conversation.said))
    plan = await planner.plan(question, SCOPE, has_history=bool(conversation.said))
    return Outcome(conversation, question, plan)


def _words(question: str) -> tuple[str, ...]:
    words = [word for word in _WORD.findall(question.casefold().replace("’", "'")) if word not in _ARTICLES.split()]
    return tuple(words[1:] if words and words[0] in _ANDS.split() else words)
