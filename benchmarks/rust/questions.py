"""Does a precision find the same answers? Real questions, each asked of all answers.

The questions are the headings of Perl's FAQ (Debian's package perl-doc) and of the sample documents in `docs/samples`
that end in a question mark, the answers are the texts below them.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.machine import ROOT
from benchmarks.rust.encoders import Encode

_HEADING = re.compile(r"^(?:=head2|#{2,4}) (.+)$", re.MULTILINE)
_FORMAT = re.compile(r"[A-Z]<+\s*([^<>|]*)\|?[^<>]*>+")


def pairs() -> list[tuple[str, str]]:
    """(question, answer), each question once."""
    files = sorted(Path("/usr/share/perl").glob("5*/pod/perlfaq[0-9].pod"))
    files += sorted((ROOT / "docs" / "samples" / "source").glob("*.md"))
    return list({question: (question, answer) for path in files for question, answer in _of(path)}.values())


def _of(path: Path) -> Iterator[tuple[str, str]]:
    parts = _HEADING.split(path.read_text(encoding="utf-8", errors="replace"))
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        question, answer = (" ".join(_FORMAT.sub(r"\1", text).split()) for text in (heading, body))
        if question.endswith("?") and len(answer) > 40:
            yield question, answer


def hit_at_1(encode: Encode, asked: list[tuple[str, str]]) -> float:
    """The share (0..1) of questions whose own answer has the highest cosine of all answers."""
    questions, answers = (encode([pair[at] for pair in asked]) for at in (0, 1))
    best = np.argmax(questions @ answers.T, axis=1)
    return float(np.mean(best == np.arange(len(asked))))
