"""Which part of a section answers, and what is wrong with it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from backend.faqs.words import TASKS
from backend.parsing.base import Block

ENOUGH = 380
ENOUGH_STEPS = 650
MOST = 900
MOST_WITH_LIST = 1600
HALF = 0.5
SHORT = 60
SHORTEST = 25
_REST_WORTH_TAKING = 250

_ATTACHED = frozenset({"list", "ordered", "code", "table", "quote"})
_INTRODUCES = re.compile(r"\b(?:following|below|as follows|like this)\b")
_LISTS = frozenset({"list", "ordered"})
_FOOTER = re.compile(r"(?:©|copyright (?:©|\(c\)|\d))", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?…][\"”’')\]]{0,2}(?=\s|$)")
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|etc|vs|cf|approx|resp|fig|no|sec|dr|mr|mrs|st|al|ca|bzw|z\.b|d\.h|[A-Z]))\.$", re.I
)
_LIST_MARK = re.compile(r"^(\s*)(?:[•‣◦●▪∙·*–—o-]|(\d{1,3})[.)]|\(?([a-z])[.)])\s+", re.IGNORECASE)


class Fault(StrEnum):
    """What a reviewer would object to. The value is shown to them."""

    SHORT = "answer is short"
    CUT = "answer is cut"
    ONLY_CODE = "answer is only code"
    POINTER = "answer points elsewhere"
    ANNOUNCES = "answer announces what follows"
    DANGLING = "answer starts in mid-thought"
    OPEN = "answer ends with a colon"
    UNFINISHED = "text is marked as unfinished"
    HISTORY = "answer is dated"
    PERSONAL = "author speaks"
    PART = "answer is less than half of its section"


@dataclass(frozen=True, slots=True)
class Answer:
    """`text[start:end]` of the section, tidied. `share` is its part of the text it was chosen from, 0..1.

    `first` is the beginning of its prose in one line, at most 400 characters; `has_steps`: code or numbers.
    """

    start: int
    end: int
    text: str
    faults: frozenset[Fault]
    share: float
    has_steps: bool = False
    first: str = ""


def choose(text: str, blocks: Sequence[Block], *, enough: int = ENOUGH, shortest: int = SHORTEST) -> Answer | None:
    """The first whole blocks of about `enough` characters, with the list or code that a colon introduces.

    Looks at a bounded number of characters, however long the text is. None when there is nothing worth quoting.
    """
    runs = _without_announcement(text, _runs(text, blocks))
    if not runs:
        return None
    total = max(1, blocks[-1].end - runs[0].start)
    blocks = runs
    last, cut = _last_block(text, blocks, enough)
    start, end = blocks[0].start, blocks[last].end
    if cut is not None:
        end = cut
    end = _without_open_end(text, blocks[: last + 1], end)
    used = [block for block in blocks[: last + 1] if block.start < end]
    tidy = "\n\n".join(tidied(text[block.start : min(block.end, end)], block.kind) for block in used)
    if len(tidy) < shortest:
        return None
    opening = next((block.start for block in used if block.kind not in ("code", "table")), start)
    first = " ".join(text[opening : min(opening + 400, end)].split())
    share = (end - start) / total
    faults = _faults(tidy, first, used, cut is not None) | ({Fault.PART} if share < HALF else set())
    has_steps = any(block.kind in ("ordered", "code") for block in used)
    return Answer(start, end, tidy, faults, share, has_steps, first)


def _runs(text: str, blocks: Sequence[Block]) -> list[Block]:
    """Blocks with the items of a list joined, up to somewhat more than an answer can hold; no page footers."""
    runs: list[Block] = []
    for block in blocks:
        if runs and block.start - runs[0].start > 2 * MOST_WITH_LIST:
            break
        if _FOOTER.match(text, block.start):
            continue
        if runs and block.kind in _LISTS and runs[-1].kind in _LISTS:
            runs[-1] = runs[-1].model_copy(update={"end": block.end})
        else:
            runs.append(block)
    return runs


def _without_announcement(text: str, blocks: Sequence[Block]) -> Sequence[Block]:
    """Drop "This section describes ..." when something follows it."""
    if len(blocks) > 1 and blocks[0].end - blocks[0].start < 300:
        first = text[blocks[0].start : blocks[0].end]
        if _ANNOUNCEMENT.match(first) and not first.rstrip().endswith(":") and blocks[1].kind == "paragraph":
            return blocks[1:]
    return blocks


def _last_block(text: str, blocks: Sequence[Block], enough: int) -> tuple[int, int | None]:
    """Index of the last block taken, and where to cut it when it must be cut."""
    start, at, taken = blocks[0].start, 0, -1
    while at < len(blocks):
        unit_end = _unit(text, blocks, at)
        size = blocks[unit_end].end - start
        opens = unit_end > at or blocks[at].kind in _ATTACHED
        if size > (MOST_WITH_LIST if opens else MOST):
            break
        taken, at = unit_end, unit_end + 1
        rest = blocks[-1].end - blocks[taken].end
        if size >= enough and (rest > _REST_WORTH_TAKING or size + rest > MOST + 200):
            break
    if taken >= 0:
        return taken, None
    return _cut(text, blocks)


def _unit(text: str, blocks: Sequence[Block], at: int) -> int:
    """The last block that must stay with block `at`: what its colon introduces."""
    end = at
    while end + 1 < len(blocks) and _opens(text, blocks, end) and end - at < 3:
        end += 1
    while end > at and end + 1 < len(blocks) and blocks[end + 1].kind in _ATTACHED and end - at < 12:
        if blocks[end + 1].end - blocks[at].start > MOST_WITH_LIST:
            break
        end += 1
    return end


def _opens(text: str, blocks: Sequence[Block], at: int) -> bool:
    """The block ends with a colon, or speaks of the "following" list that comes next."""
    block = blocks[at]
    if block.kind in ("code", "table"):
        return False
    if text[max(block.start, block.end - 3) : block.end].rstrip().endswith(":"):
        return True
    is_near = blocks[at + 1].kind in _ATTACHED if at + 1 < len(blocks) else False
    return is_near and bool(_INTRODUCES.search(text, max(block.start, block.end - 120), block.end))


def _without_open_end(text: str, used: Sequence[Block], end: int) -> int:
    """Leave out a last sentence that is not finished, or whose colon introduces what is not part of the answer."""
    block = used[-1]
    if block.kind != "paragraph" or _FINISHED.search(text, max(block.start, end - 6), end):
        return end
    ends = [match.end() for match in _SENTENCE_END.finditer(text, block.start, end)]
    if ends and ends[-1] < end:
        return ends[-1]
    is_open = text[max(block.start, end - 3) : end].rstrip().endswith(":")
    return used[-2].end if is_open and len(used) > 1 else end


_FINISHED = re.compile(r"[.!?…][\"”’')\]\d]{0,4}\s*\Z")


def _cut(text: str, blocks: Sequence[Block]) -> tuple[int, int]:
    """The first unit alone is too long: cut it at its last sentence or line within the limit."""
    first = blocks[0]
    if first.end - first.start <= MOST and len(blocks) > 1:
        last, limit = 1, first.start + MOST_WITH_LIST - 400
    else:
        last, limit = 0, first.start + MOST
    block = blocks[last]
    window = text[block.start : limit]
    if block.kind in _ATTACHED - {"quote"}:
        line = window.rfind("\n")
        return last, block.start + (line if line > 0 else len(window))
    ends = [
        match.end() for match in _SENTENCE_END.finditer(window) if not _ABBREVIATION.search(window[: match.end()][-8:])
    ]
    return last, block.start + (ends[-1] if ends else max(window.rfind(" "), 1))


def tidied(text: str, kind: str) -> str:
    """White space collapsed; list markers, code and tables as Markdown. The words stay as they are."""
    if kind == "code":
        return "```\n" + text.strip("\n") + "\n```"
    if kind in ("list", "ordered", "table"):
        lines = (line for line in text.split("\n") if line.strip())
        if kind == "table":
            return "\n".join(" ".join(line.split()) for line in lines)
        return "\n".join(_list_line(line) for line in lines)
    return " ".join(text.replace("\u00ad", "").split())


def _list_line(line: str) -> str:
    match = _LIST_MARK.match(line)
    if match is None:
        return "  " + " ".join(line.split())
    indent = " " * (2 * min(len(match[1].expandtabs(2)) // 2, 4))
    rest = " ".join(line[match.end() :].split())
    mark = f"{match[2]}." if match[2] else f"{match[3]})" if match[3] and match[3] != "o" else "-"
    return f"{indent}{mark} {rest}"


# --- faults -----------------------------------------------------------------
_ANNOUNCEMENT = re.compile(
    r"(?:in )?(?:this|the (?:following|next|rest|remainder)|these|here)\s(?:\w+\s){0,3}?"
    r"(?:chapters?|sections?|subsections?|documents?|pages?|appendix|parts?|examples?|tables?|lists?|paragraphs?|notes?)\b",
    re.IGNORECASE,
)
_DANGLING = re.compile(
    r"(?:this|that|these|those|it|its|they|their|them|he|she|such|another|also|however|but|thus|therefore|hence|so|"
    r"then|and|or|nor|second(?:ly)?|third(?:ly)?|yet|otherwise|instead|moreover|"
    r"furthermore|additionally|in addition|besides|again|finally|"
    r"similarly|likewise|as (?:mentioned|noted|said|stated|described|explained|shown|you can see|above|before)|"
    r"the (?:above|latter|former|same|other|previous|preceding|second|third)|in (?:this|that|these|those|both|such)|"
    r"for (?:this|that|these|those)|at this|on the other hand|next|now|there(?:by|fore)|both|neither|one such|"
    r"here|above|below|first of all|since then|unlike (?:this|the))\b",
    re.IGNORECASE,
)
_POINTER = re.compile(
    r"(?:please )?(?:see|refer to|consult|have a look|take a look|look at|as described in|for (?:more|further)|"
    r"more (?:information|details)|details|read|check out|is described|are described|discussed in|documented in)\b",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"\b(?:FIXME|TODO|TBD|XXX|to be written|to be done|not yet written|lorem ipsum)\b")
_PERSONAL = re.compile(r"\bI(?:'m|'ve|’m|’ve)?(?= [a-z])")
_DATED = re.compile(
    r"\b(?:as of|at the time of|since|until|in|for) (?:this writing|writing|(?:19|20)[0-2]\d)\b", re.IGNORECASE
)


def _faults(tidy: str, first: str, used: Sequence[Block], is_cut: bool) -> frozenset[Fault]:
    found = {Fault.CUT} if is_cut else set()
    if len(tidy) < SHORT:
        found.add(Fault.SHORT)
    if all(block.kind in ("code", "table") for block in used):
        found.add(Fault.ONLY_CODE)
    if len(tidy) < 220 and _POINTER.search(tidy) and _is_pointer(tidy):
        found.add(Fault.POINTER)
    if _ANNOUNCEMENT.match(first) or (len(tidy) < 300 and any(map(_ANNOUNCEMENT.match, sentences(tidy)))):
        found.add(Fault.ANNOUNCES)
    elif _DANGLING.match(first) or first[:1].islower():
        found.add(Fault.DANGLING)
    if tidy.rstrip().endswith((":", ",", ";")):
        found.add(Fault.OPEN)
    if _UNFINISHED.search(tidy):
        found.add(Fault.UNFINISHED)
    if _DATED.search(tidy):
        found.add(Fault.HISTORY)
    if len(_PERSONAL.findall(tidy)) >= 2:
        found.add(Fault.PERSONAL)
    return frozenset(found)


def _is_pointer(tidy: str) -> bool:
    """Most sentences of a short answer send the reader away."""
    parts = sentences(tidy)
    return sum(_sends_away(part) for part in parts) * 2 > len(parts)


def _sends_away(sentence: str) -> bool:
    found = _POINTER.search(re.sub(r"\([^()]*\)", "", sentence))
    return found is not None and len(sentence) < 130 and found.start() < len(sentence) / 2


def sentences(text: str, limit: int = 2000) -> list[str]:
    """Sentences of the first `limit` characters, without breaking at abbreviations."""
    text, found, start = text[:limit], [], 0
    for match in _SENTENCE_END.finditer(text):
        if _ABBREVIATION.search(text[max(start, match.end() - 8) : match.end()]):
            continue
        found.append(text[start : match.end()].strip())
        start = match.end()
    if text[start:].strip():
        found.append(text[start:].strip())
    return found


_INSTRUCTION = re.compile(
    r"\b(?:you (?:can|may|should|must|need|have to|will need|want|could|might|ought|simply|just|do)|"
    r"(?:can|should|must|may) be (?:\w+ ){0,2}?\w+ed\b|use the|using the|make sure|be sure|"
    r"(?:is|are) (?:done|used|set|enabled|disabled|created|configured|performed) (?:by|with|using|via|through|in)|"
    r"by (?:\w+ly )?\w+ing|run(?:ning)? the|type|first,|click|press|choose|"
    r"it is (?:possible|recommended|enough|sufficient))\b",
    re.IGNORECASE,
)


def instructs(answer: Answer) -> float:
    """How much the answer tells what to do, 0..1: steps, code, "you can", sentences that begin with a verb."""
    parts = sentences(answer.text)
    told = sum(bool(_INSTRUCTION.search(part)) for part in parts)
    ordered = sum(_first_word(part) in TASKS or bool(re.match(r"To \w+ .*, ", part[:200])) for part in parts)
    return min(1.0, 0.5 * answer.has_steps + 0.3 * min(told, 2) + 0.3 * min(ordered, 2))


def _first_word(sentence: str) -> str:
    return sentence.split(" ", 1)[0].strip("-*(\"'").lower() if sentence else ""
