"""Sections for tests, built from pieces of text."""

from collections.abc import Iterable, Sequence

from backend.faqs.base import FaqDraft
from backend.faqs.rules import draft
from backend.parsing.base import Block, BlockKind, Section

Piece = str | tuple[BlockKind, str]

STEPS = (
    "Open the settings and choose Account. Then press the button to confirm, and you can sign in again within a minute."
)


def section(title: str | Sequence[str], *pieces: Piece, ordinal: int = 0, page: int | None = None) -> Section:
    """A section whose blocks are `pieces`; a bare string is a paragraph. List items follow each other by a line end."""
    text = ""
    blocks: list[Block] = []
    for piece in pieces:
        kind, content = ("paragraph", piece) if isinstance(piece, str) else piece
        if blocks:
            is_list = kind in ("list", "ordered") and blocks[-1].kind in ("list", "ordered")
            text += "\n" if is_list else "\n\n"
        blocks.append(Block(kind=kind, start=len(text), end=len(text) + len(content), page=page))
        text += content
    path = (title,) if isinstance(title, str) else tuple(title)
    return Section(ordinal=ordinal, title_path=path, level=len(path), text=text, blocks=tuple(blocks), page=page)


def numbered(sections: Iterable[Section]) -> list[Section]:
    return [one.model_copy(update={"ordinal": at}) for at, one in enumerate(sections)]


def drafts(*sections: Section, title: str = "Manual") -> list[FaqDraft]:
    return list(draft(title, numbered(sections)))


def only(*sections: Section, title: str = "Manual") -> FaqDraft:
    found = drafts(*sections, title=title)
    assert len(found) == 1, [one.question for one in found]
    return found[0]
