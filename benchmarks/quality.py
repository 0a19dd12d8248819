"""Retrieval quality and draft quality, from `benchmarks.retrieval` and `benchmarks.drafts`.

Retrieval: the questions of `NEXUS_BENCH_QUESTIONS` over Debian's manuals; the peer of the MRR is MiniLM with the
weights .4/.6 in another runtime. "near" are the same questions with their answer taken out, "far" are questions about
other things: what is answered there is answered wrongly. Drafts: shares of approved drafts in the judged samples.
"""

import asyncio

from benchmarks import drafts, retrieval
from benchmarks.figures import Figure, Target, Unavailable

_SHOWN = (("hit@1", ""), ("hit@5", ""), ("answered", ""), ("near_answered", ", wrongly"), ("far_answered", ", wrongly"))


def measure() -> list[Figure]:
    return [*retrieval_figures(), *draft_figures()]


def retrieval_figures() -> list[Figure]:
    if not retrieval.QUESTIONS.exists():
        raise Unavailable(f"no questions at {str(retrieval.QUESTIONS)!r}; set NEXUS_BENCH_QUESTIONS")
    if not retrieval.sources():
        raise Unavailable("no manuals; install the Debian packages perl-doc, developers-reference and harden-doc")
    rows = asyncio.run(retrieval.measure(retrieval.QUESTIONS))
    return [figure for row in rows for figure in _row(row)]


def _row(row: dict[str, object]) -> list[Figure]:
    manual = str(row["manual"])
    note = (
        f"{row['questions']} questions, {row['passages']} passages, {row['not_in_text']} left out: not in this version"
    )
    target = Target("difference at least", -0.03)
    mrr = Figure(f"MRR, {manual}", _float(row["MRR"]), "", target, peer=_float(row["peer_MRR"]), note=note)
    return [mrr, *(Figure(f"{name}{how}, {manual}", _float(row[name]), "") for name, how in _SHOWN)]


def draft_figures() -> list[Figure]:
    verdicts = list(drafts.judged())
    confident = [is_good for _, confidence, is_good in verdicts if confidence >= drafts.CONFIDENT]
    likely = [is_good for _, confidence, is_good in verdicts if drafts.LIKELY < confidence < drafts.CONFIDENT]
    sizes = drafts._sizes().values()
    density = 1500 * sum(size["drafts"] for size in sizes) / sum(size["words"] for size in sizes)
    return [
        _share("drafts approved, confidence >= .8", confident, 0.85),
        _share("drafts approved, confidence .5 to .8", likely, 0.60),
        Figure("drafts per 1,500 words", round(density, 2), "", Target("at least", 1)),
    ]


def _share(name: str, verdicts: list[bool], least: float) -> Figure:
    note = f"{sum(verdicts)} of {len(verdicts)} judged"
    return Figure(name, round(sum(verdicts) / len(verdicts), 3), "", Target("at least", least), note=note)


def _float(value: object) -> float:
    assert isinstance(value, int | float)
    return float(value)
