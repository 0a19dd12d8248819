"""Figures from what was measured: who is compared with whom, and what was asked."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from benchmarks.figures import Figure, Target
from benchmarks.rust.contest import Timing, fastest
from benchmarks.rust.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Comparison:
    """In `contest`, the best of `ours` against the best of `peers`; `least` is the ratio that is asked."""

    contest: str
    ours: Sequence[str]
    peers: Sequence[str]
    least: float | None
    threads: int | None = None
    """None: each at its best number of threads."""


def compared(outcome: Outcome, asked: Comparison) -> Figure:
    """Results a second. Who did not run has none, and its target is missed; without its peer there is no target."""
    ours = _best(outcome, asked.contest, asked.ours, asked.threads)
    peer = _best(outcome, asked.contest, asked.peers, asked.threads)
    name = f"{asked.contest}{_threads(asked.threads)}: {' or '.join(asked.ours)} / {' or '.join(asked.peers)}"
    target = Target("ratio at least", asked.least) if asked.least and peer else None
    if ours is None:
        why = {outcome.missing[one] for one in asked.ours if one in outcome.missing}
        note = "did not run: " + ("; ".join(sorted(why)) or "not measured")
        return Figure(name, 0.0, "/s", target, peer=peer.rate if peer else None, note=note)
    note = _said(ours) + (f"; {_said(peer)}" if peer else "; its peer did not run")
    return Figure(name, round(ours.rate, 2), "/s", target, peer=peer.rate if peer else None, note=note)


def scaled(outcome: Outcome, contest: str, name: str, threads: int, least: float) -> Figure:
    """`name` on `threads` against itself on one."""
    many, one = (_best(outcome, contest, [name], count) for count in (threads, 1))
    title = f"{contest}: {name}, {threads} threads / one"
    if many is None or one is None:
        peer = one.rate if one else 1.0
        return Figure(title, 0.0, "/s", Target("ratio at least", least), peer=peer, note=_why(outcome, name))
    return Figure(title, round(many.rate, 2), "/s", Target("ratio at least", least), peer=one.rate)


def share(title: str, done: float | None, most: float | None, least: float) -> Figure:
    """Percent of what the core can do; `done` and `most` in the same unit. None is what did not run."""
    value = 100 * done / most if done and most else 0.0
    note = f"{done:.1f} of {most:.1f}" if done and most else "did not run"
    return Figure(title, round(value, 1), "%", Target("at least", least), note=note)


def measured(outcome: Outcome, key: str, title: str, target: Target, *, peer: str | None = None) -> Figure:
    """A value by its name, and its peer's; 0 where it was not measured."""
    other = outcome.values.get(peer) if peer else None
    if key not in outcome.values:
        needs_peer = target.kind in ("ratio at least", "difference at least")
        return Figure(title, 0.0, "", target, peer=(other or 1.0) if needs_peer else None, note="did not run")
    return Figure(title, round(outcome.values[key], 6), "", target, peer=other)


def noted(figure: Figure, note: str) -> Figure:
    return replace(figure, note=f"{figure.note}; {note}" if figure.note else note)


def rate(outcome: Outcome, contest: str, name: str, threads: int = 1) -> Timing | None:
    return _best(outcome, contest, [name], threads)


def _best(outcome: Outcome, contest: str, names: Sequence[str], threads: int | None) -> Timing | None:
    timings = [one for one in outcome.timings if threads in (None, one.threads)]
    return fastest(timings, contest, names)


def _threads(threads: int | None) -> str:
    if threads is None:
        return ", any threads"
    return f", {threads} thread{'s' if threads > 1 else ''}"


def _said(timing: Timing) -> str:
    each = 1000 * timing.seconds / timing.items
    setting = f" ({timing.setting})" if timing.setting else ""
    return f"{timing.name}{setting} {each:.3g} ms on {timing.threads}"


def _why(outcome: Outcome, name: str) -> str:
    return f"did not run: {outcome.missing.get(name, 'not measured')}"
