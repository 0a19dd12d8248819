"""The contests of embedding, for one number of threads: texts of about 60 and 200 tokens, and one short query."""

import hashlib
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.rust import cache, peak, questions, texts
from benchmarks.rust.contest import Contender, Timing, contest
from benchmarks.rust.encoders import ORT_FP32, OV_FP32, PEERS, Encoder, ours, ours_name, peers
from benchmarks.rust.models import Model, minilm
from benchmarks.rust.outcome import Outcome
from rust_accel import Embedder

LENGTHS = (60, 200)
FP32 = (ORT_FP32, OV_FP32)
SHORT = "one short query"
SANE = 0.95
"""Cosine below which a program is not slow or coarse but wrong."""
LEAST_LETTERS = 20
"""Shorter texts are left out of the cosine of int8."""


def set_name(tokens: int) -> str:
    return f"{tokens} tokens"


def measure(model: Model, threads: int, *, quick: bool, program: Path, against: Sequence[str] | None = None) -> Outcome:
    """All contests at `threads`; on one thread also accuracy and what the core can do.

    `against`: None is all peers; chosen ones are not asked the questions of `_hits`.
    """
    outcome = Outcome()
    encoders, refused = ours(model, threads)
    others, missing = peers(model, threads, PEERS if against is None else against)
    outcome.missing.update(refused | missing)
    every = [*encoders, *others]
    counter = Embedder(model.folder, precision="f32", threads=threads)
    sets = {n: texts.of_tokens(n, _texts(model, quick=quick), counter.count_tokens) for n in LENGTHS}
    check(model, every, [*sets[LENGTHS[0]][:3], texts.QUERY], counter)
    top = peak.measure(program) if threads == 1 else {}
    for tokens, sample in sets.items():
        outcome.timings.extend(_race(set_name(tokens), every, sample, threads, rounds=2 if quick else 6))
        outcome.values[f"operations {set_name(tokens)}"] = peak.operations(
            model.folder, counter.count_tokens(sample).tolist()
        )
    outcome.timings.extend(_race(SHORT, every, [texts.QUERY], threads, rounds=3 if quick else 12, repeats=20))
    if threads == 1:
        outcome.values.update(peak.higher(top, peak.measure(program)))
        sample = _sample(sets, 6 if quick else 24)
        _accuracy(outcome, every, sample, _reference(model, sample, counter))
        _hits(outcome, every if against is None else encoders, quick=quick)
    return outcome


def _texts(model: Model, *, quick: bool) -> int:
    """Of a set; a quick look is at a fifth of them."""
    return max(model.texts // 5, 3) if quick else model.texts


def measure_f32(threads: int, *, quick: bool) -> Outcome:
    """For another instruction set, forced by the environment: our f32 and the peers' fp32 on texts of 60 tokens."""
    outcome = Outcome()
    model = minilm()
    counter = Embedder(model.folder, precision="f32", threads=threads)
    others, missing = peers(model, threads, FP32)
    outcome.missing.update(missing)
    sample = texts.of_tokens(LENGTHS[0], _texts(model, quick=quick), counter.count_tokens)
    chosen = [Encoder(ours_name("f32"), counter.isa, counter.embed), *others]
    outcome.timings.extend(_race(set_name(LENGTHS[0]), chosen, sample, threads, rounds=2 if quick else 6))
    return outcome


def check(model: Model, encoders: Sequence[Encoder], sample: list[str], counter: Embedder) -> None:
    """Raises ValueError for a program that computes something else, a graph kept from an older builder among them."""
    truth = _reference(model, sample, counter)
    for one in encoders:
        least = float(np.einsum("nd,nd->n", one.encode(sample), truth).min())
        if not least >= SANE:
            raise ValueError(f"{one.name!r} ({one.setting}) has cosine {least:.4f}; empty {str(cache.folder())!r}?")


def _race(
    title: str, encoders: Sequence[Encoder], sample: list[str], threads: int, *, rounds: int, repeats: int = 1
) -> list[Timing]:
    contenders = [
        Contender(one.name, one.setting, partial(one.encode, sample), len(sample))
        for one in encoders
        if len(sample) > 1 or "batch" not in one.setting or one.setting.endswith("batch 1")
    ]
    return contest(title, contenders, rounds, threads=threads, repeats=repeats)


def _accuracy(outcome: Outcome, every: Sequence[Encoder], sample: list[str], truth: NDArray[np.float32]) -> None:
    """The least cosine with `truth` of every program."""
    long = [at for at, text in enumerate(sample) if len(text) > LEAST_LETTERS]
    for one in {encoder.name: encoder for encoder in every}.values():
        cosines = np.einsum("nd,nd->n", one.encode(sample), truth)
        outcome.values[f"cosine, {one.name}"] = float(cosines.min())
        outcome.values[f"cosine over {LEAST_LETTERS} characters, {one.name}"] = float(cosines[long].min())


def _hits(outcome: Outcome, encoders: Sequence[Encoder], *, quick: bool) -> None:
    """hit@1 of each: minutes a program when the model is large."""
    asked = questions.pairs()[: 60 if quick else None]
    for one in {encoder.name: encoder for encoder in encoders}.values():
        outcome.values[f"hit@1, {one.name}"] = questions.hit_at_1(one.encode, asked)
    outcome.values["questions"] = len(asked)


def _sample(sets: dict[int, list[str]], count: int) -> list[str]:
    """Some of each set, and sentences and queries of every length below them."""
    mixed = [text for sample in sets.values() for text in sample[:count]]
    words = " ".join(mixed).split()
    short = [" ".join(words[at * 7 : at * 7 + 1 + at % 24]) for at in range(2 * count)]
    return [*mixed, *short, *(question for question, _ in questions.pairs()[:count]), texts.QUERY]


def _reference(model: Model, sample: Sequence[str], counter: Embedder) -> NDArray[np.float32]:
    """Unit vectors of the float64 encoder that our tests compare with, from disk when these texts were seen before."""
    from tests.rust_accel.reference import Encoder as Exact

    def make() -> NDArray[np.float32]:
        exact = Exact.read(model.folder)
        return np.array([exact.vector(ids) for ids in counter.token_ids(sample)], np.float32)

    digest = hashlib.sha256("\0".join(sample).encode()).hexdigest()[:16]
    return cache.kept(f"{model.revision}-exact-{digest}", make)
