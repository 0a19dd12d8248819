"""Text from documents and models, made safe for Streamlit's Markdown: it may be emphasised, never act."""

import re
from collections.abc import Callable, Mapping
from functools import partial

_SPECIAL = re.compile(r"([\\`*_{}\[\]()<>#+!|~$^=:&-])")
_ORDERED = re.compile(r"^(\s*\d+)([.)])", re.MULTILINE)
_CODE = re.compile(
    r"(^ {0,3}(`{3,}|~{3,})[^\n]*\n.*?(?:^ {0,3}\2[`~]*[ \t]*$|\Z)|(?<!`)(`+)(?!`).+?(?<!`)\3(?!`))", re.S | re.M
)
_IMAGE = re.compile(r"!\[([^\]]*)\](?:\([^)]*\)|\[[^\]]*\])?")
_LINK = re.compile(r"(?<!!)\[([^\]]+)\]\(\s*<?([^)\s>]*)>?[^)]*\)")
_DEFINITION = re.compile(r"^ {0,3}\[([^\]]+)\]:", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.+?)[ \t]*#*[ \t]*$", re.MULTILINE)
_UNDERLINE = re.compile(r"^ {0,3}(=+|-{2,})[ \t]*$", re.MULTILINE)
_SHORTCODE = re.compile(r"(?<![\w:]):(?=(?:material/\w+|[a-z+-][\w+-]*|\d+[a-z_]\w*|100|1234):)", re.IGNORECASE)
"""An icon or an emoji: found in the text once its escapes are gone. "10:30:15" and "std::vector" have none."""
_DIRECTIVE = re.compile(rf":(?=[a-z]+(?:-[a-z]+)?[\[{{])|{_SHORTCODE.pattern}", re.IGNORECASE)
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of what follows them."""
_BREAK = re.compile(r"(?<!\n)\n(?!\n)")
_INDENT = re.compile(r"^[ \t]{4,}", re.MULTILINE)
_MARK = re.compile(r"(?<![\\\w$)])\[(\s*\d{1,4}(?:\s*[,;–-]\s*\d{1,4})*\s*)\]")
_TICKED = re.compile(r"(?<!`)`([^`]+)`(?!`)")
_WORD_JOINER = "\u2060"


def straight(text: str) -> str:
    """`text` without marks that turn its direction: for places that draw no Markdown, such as charts and choices."""
    return _TURNS.sub("", text)


def _escape(text: str) -> str:
    quiet = _SHORTCODE.sub(f":{_WORD_JOINER}", straight(text))
    return _ORDERED.sub(r"\1\\\2", _SPECIAL.sub(r"\\\1", quiet))


def plain(text: str) -> str:
    """`text` on one line, shown exactly as it is: for questions, titles, names."""
    return _escape(" ".join(text.split()))


def code(text: str) -> str:
    """`text` on one line as code: an address in it is not a link."""
    return f"`` {' '.join(straight(text).replace('`', ' ').split())} ``"


def told(text: str) -> str:
    """What the API says, on one line: what it has between backticks is code, the rest is shown exactly as it is."""
    parts = _TICKED.split(" ".join(text.split()))
    return "".join(code(part) if at % 2 else _escape(part) for at, part in enumerate(parts))


def paragraphs(text: str) -> str:
    """Document text as it is, its line breaks kept."""
    lines = (_escape(line.strip()) for line in text.strip().splitlines())
    return "  \n".join(lines)


def marked(text: str, start: int, end: int) -> str:
    """Document text with `text[start:end]` marked. Each line is marked alone: a mark cannot span paragraphs."""
    lines: list[str] = []
    offset = 0
    for line in text.splitlines(keepends=True):
        low, high = max(start - offset, 0), min(end - offset, len(line.rstrip()))
        lines.append(_marked_line(line.rstrip(), low, high) if low < high else _escape(line.strip()))
        offset += len(line)
    return "  \n".join(lines)


def _marked_line(line: str, low: int, high: int) -> str:
    inside = line[low:high]
    if not inside.strip():
        return _escape(line.strip())
    return f"{_escape(line[:low].lstrip())}:orange-background[{_escape(inside.strip())}]{_escape(line[high:])}"


def _outside_code(text: str, change: Callable[[str], str]) -> str:
    text = straight(text)
    pieces: list[str] = []
    last = 0
    for match in _CODE.finditer(text):
        pieces += [change(text[last : match.start()]), _quiet_fence(match.group())]
        last = match.end()
    return "".join([*pieces, change(text[last:])])


def _quiet_fence(code: str) -> str:
    """A fence keeps its text but not its language: `mermaid` would be drawn."""
    return re.sub(r"^( {0,3}(?:`{3,}|~{3,}))[^\n]*", r"\1text", code) if "\n" in code else code


def _full_link(match: re.Match[str]) -> str:
    label, target = match.group(1), match.group(2)
    if not target.lower().startswith(("https://", "http://", "mailto:")) or label == target:
        return target if label == target else label
    return f"{label} ({target})"


def _defuse(text: str) -> str:
    text = _IMAGE.sub(r"\1", text)
    text = _LINK.sub(_full_link, text)
    text = text.replace("](", r"]\(").replace("![", r"!\[")
    text = _DEFINITION.sub(r"\\[\1\\]:", text)
    text = _HEADING.sub(r"**\1**", text)
    text = _UNDERLINE.sub("", text)
    text = _INDENT.sub("   ", text)
    text = text.replace("<", r"\<").replace("[^", r"\[^")
    text = re.sub(r"(?<!\\)\$", r"\\$", text)
    text = _DIRECTIVE.sub(rf"\\:{_WORD_JOINER}", text)
    return _BREAK.sub("  \n", text)


def model_text(text: str) -> str:
    """What a model wrote: lists, emphasis and code stay; images, HTML, maths, headings and directives do not act."""
    return _outside_code(text, _defuse)


def cited_text(text: str, targets: Mapping[int, str]) -> str:
    """`model_text` with its marks `[n]` as links to `targets[n]`, which must be anchors of ours (`#...`).

    Marks of other numbers stay text. These are the only links in it: the text's own were taken out before.
    """
    return _outside_code(text, lambda piece: _MARK.sub(partial(_linked, targets), _defuse(piece)))


def _linked(targets: Mapping[int, str], mark: re.Match[str]) -> str:
    def link(number: re.Match[str]) -> str:
        target = targets.get(int(number.group()))
        return number.group() if target is None else f"[{number.group()}]({target})"

    numbers = mark.group(1).strip()
    if numbers.isdecimal():
        target = targets.get(int(numbers))
        return mark.group() if target is None else rf"[\[{numbers}\]]({target})"
    return rf"\[{re.sub(r'[0-9]+', link, numbers)}\]"
