"""Retrieval quality on paraphrased questions over real manuals: `python -m benchmarks.retrieval [questions.json]`.

The questions file maps `perlfaq` and `debian-manuals` to lists of {query, headings}. The texts come from Debian's
packages perl-doc, developers-reference and harden-doc; what is not installed is left out and said so. Every question
is also asked with its answer taken out of the collection: what is then answered is answered wrongly.
"""

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from typing import Final

from backend.embeddings.base import Vectors
from backend.embeddings.native import NativeEmbedder
from backend.parsing.chunking import PASSAGE_TOKENS
from backend.parsing.work import Arguments
from backend.parsing.work import main as read_document
from backend.retrieval.answerability import Calibration, term_coverage

QUESTIONS: Final = Path(os.environ.get("NEXUS_BENCH_QUESTIONS", "../shared/reference/retrieval/tuning_questions.json"))
PEER: Final = {"perlfaq": 0.70, "debian-manuals": 0.33}
"""MRR of MiniLM .4 heading + .6 heading and body in ONNX Runtime, the row to hold."""
WEIGHTS: Final = (0.4, 0.6)
FAR: Final = (
    "who won the football world cup in 1998",
    "how do I prune an apple tree",
    "what is the capital of Australia",
    "best temperature to roast a chicken",
    "how tall is the Eiffel tower",
    "symptoms of vitamin D deficiency",
    "when was the French revolution",
    "how do I tune a guitar",
    "what does a mortgage broker do",
    "recipe for vegan chocolate cake",
)


@dataclass(frozen=True, slots=True)
class Piece:
    """One passage of a manual."""

    heading: str
    text: str


@dataclass(frozen=True, slots=True)
class Corpus:
    name: str
    pieces: Sequence[Piece]
    heads: Vectors
    bodies: Vectors


@dataclass(frozen=True, slots=True)
class Best:
    """What the answer threshold sees of a question."""

    score: float
    coverage: float


def sources() -> dict[str, list[Path]]:
    """The files of each manual that is installed."""
    pods = sorted(Path("/usr/share/perl").glob("5*/pod/perlfaq[0-9].pod"))
    manuals = [Path("/usr/share/developers-reference/developers-reference.html")]
    manuals += sorted(Path("/usr/share/doc/harden-doc/html/en-US").glob("*.html"))
    found = {"perlfaq": pods, "debian-manuals": [path for path in manuals if path.exists()]}
    return {name: paths for name, paths in found.items() if paths}


def as_html(path: Path, folder: Path) -> Path:
    """POD as HTML by perl's own converter; HTML as it is."""
    if path.suffix != ".pod":
        return path
    target = folder / f"{path.stem}.html"
    subprocess.run(["pod2html", f"--infile={path}", f"--outfile={target}", "--cachedir", str(folder)], check=True)
    return target


def pieces_of(path: Path) -> list[Piece]:
    from backend.parsing.base import Passage, Section

    sections: dict[int, Section] = {}
    pieces: list[Piece] = []
    arguments = Arguments(path=path, media_type="text/html", passage_tokens=PASSAGE_TOKENS)
    for record in read_document(arguments, lambda _done, _total: None):
        if isinstance(record, Section):
            sections[record.ordinal] = record
        elif isinstance(record, Passage):
            section = sections[record.section]
            body = section.text[record.start : record.end]
            pieces.append(Piece(section.title, f"{' > '.join(section.title_path)}\n{body}"))
    return pieces


async def corpus(name: str, paths: Iterable[Path], embedder: NativeEmbedder) -> Corpus:
    with tempfile.TemporaryDirectory() as folder:
        pieces = [piece for path in paths for piece in pieces_of(as_html(path, Path(folder)))]
    heads = await embedder.embed([piece.heading or piece.text for piece in pieces], kind="document")
    bodies = await embedder.embed([piece.text for piece in pieces], kind="document")
    return Corpus(name, pieces, heads, bodies)


def ranked(corpus: Corpus, query: Vectors, *, without: frozenset[str] = frozenset()) -> list[tuple[float, int]]:
    """(score, piece) of the best piece of each section, best first."""
    scores = WEIGHTS[0] * (corpus.heads @ query) + WEIGHTS[1] * (corpus.bodies @ query)
    best: dict[str, tuple[float, int]] = {}
    for row, score in enumerate(scores.tolist()):
        heading = plain(corpus.pieces[row].heading)
        if heading not in without and score > best.get(heading, (-2.0,))[0]:
            best[heading] = (score, row)
    return sorted(best.values(), reverse=True)


def plain(heading: str) -> str:
    return re.sub(r"[^a-z0-9]+", " ", re.sub(r"^[\d.]+\s*", "", heading).lower()).strip()


def features(corpus: Corpus, question: str, found: Sequence[tuple[float, int]]) -> Best:
    texts = [corpus.pieces[row].text for _, row in found[:3]]
    return Best(found[0][0], term_coverage(question, texts))


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the rank of its answer (0 when it is not among the first 20), and what the threshold saw."""

    rank: int
    found: Best
    without: Best


def ask(corpus: Corpus, question: str, query: Vectors, headings: Sequence[str]) -> Asked:
    wanted = frozenset(plain(heading) for heading in headings)
    found = ranked(corpus, query)
    places = [n for n, (_, row) in enumerate(found[:20], 1) if plain(corpus.pieces[row].heading) in wanted]
    gone = ranked(corpus, query, without=wanted)
    return Asked(places[0] if places else 0, features(corpus, question, found), features(corpus, question, gone))


async def measure(questions: Path) -> list[dict[str, object]]:
    embedder = NativeEmbedder()
    wanted = json.loads(questions.read_text())
    rows: list[dict[str, object]] = []
    for name, paths in sources().items():
        texts = await corpus(name, paths, embedder)
        known = {plain(piece.heading) for piece in texts.pieces}
        usable = [q for q in wanted[name] if any(plain(heading) in known for heading in q["headings"])]
        queries = await embedder.embed([q["query"] for q in usable], kind="query")
        asked = [ask(texts, q["query"], v, q["headings"]) for q, v in zip(usable, queries, strict=True)]
        far = await embedder.embed(FAR, kind="query")
        off = [features(texts, q, ranked(texts, v)) for q, v in zip(FAR, far, strict=True)]
        rows.append(summary(name, texts, asked, off, len(wanted[name]) - len(usable)))
    return rows


def summary(name: str, texts: Corpus, asked: Sequence[Asked], off: Sequence[Best], lost: int) -> dict[str, object]:
    mrr = mean(1 / one.rank if one.rank else 0.0 for one in asked)
    return {
        "manual": name,
        "passages": len(texts.pieces),
        "questions": len(asked),
        "not_in_text": lost,
        "hit@1": round(mean(one.rank == 1 for one in asked), 3),
        "hit@5": round(mean(0 < one.rank <= 5 for one in asked), 3),
        "MRR": round(mrr, 3),
        "peer_MRR": PEER[name],
        "difference": round(mrr - PEER[name], 3),
        "answered": round(mean(answers(one.found) for one in asked), 3),
        "near_answered": round(mean(answers(one.without) for one in asked), 3),
        "far_answered": round(mean(answers(one) for one in off), 3),
    }


def answers(found: Best) -> bool:
    return Calibration().is_answerable(found.score, found.coverage)


def main() -> int:
    questions = Path(sys.argv[1]) if len(sys.argv) > 1 else QUESTIONS
    if not questions.exists():
        print(f"retrieval: no questions at {questions}; set NEXUS_BENCH_QUESTIONS")
        return 0
    if not sources():
        print("retrieval: install the Debian packages perl-doc, developers-reference and harden-doc")
        return 0
    for row in asyncio.run(measure(questions)):
        print(json.dumps(row))
    return 0


if __name__ == "__main__":
    sys.exit(main())
