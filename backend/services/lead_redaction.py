"""What says who a visitor is, taken out of a conversation."""

import re
from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

from backend.repositories.uow import Tx
from backend.services.lead_wholes import Said

REMOVED: Final = "[removed]"
SHORTEST: Final = 3
"""Characters of what is taken out wherever it stands; what is shorter is taken out where it was said."""


async def redact(tx: Tx, conversation_id: UUID, said: Said) -> None:
    """The visitor's own words for each value, wherever they stand in the conversation: in the messages, in the answers
    to them, and in what was looked up for these."""
    found = [*said.values.values(), *said.history]
    if not found:
        return
    raws = _longest_first(one.raw for one in found)
    for message in await tx.conversations.messages(conversation_id):
        spans = [(one.start, one.end) for one in found if one.message_id == message.id]
        message.content = _without(_cut(message.content, spans), raws)
        message.answer = _clean(message.answer, raws)
    conversation = await tx.conversations.get(conversation_id)
    conversation.title = _without(conversation.title, raws)
    await tx.session.flush()


def _longest_first(raws: Iterable[str]) -> list[str]:
    return sorted({raw for raw in raws if len(raw.strip()) >= SHORTEST}, key=lambda raw: (-len(raw), raw))


def _cut(text: str, spans: list[tuple[int, int]]) -> str:
    """From the end on, so that the places before it stay; of spans that overlap, the whole."""
    last = len(text)
    for start, end in sorted(spans, reverse=True):
        end = min(end, last)
        if start < end:
            text = text[:start] + REMOVED + text[end:]
        last = min(last, start)
    return text


def _without(text: str, raws: list[str]) -> str:
    for raw in raws:
        text = re.sub(rf"(?<!\w){re.escape(raw)}(?!\w)", REMOVED, text, flags=re.IGNORECASE)
    return text


def _clean(value: Any, raws: list[str]) -> Any:
    if isinstance(value, str):
        return _without(value, raws)
    if isinstance(value, dict):
        return {name: _clean(one, raws) for name, one in value.items()}
    if isinstance(value, list):
        return [_clean(one, raws) for one in value]
    return value
