"""Every row that was asked for is there, whether or not its contender ran."""

from benchmarks.rust import encoders, indexes, process, targets
from benchmarks.rust.contest import Timing
from benchmarks.rust.outcome import Outcome


def embedded() -> Outcome:
    """bf16 exactly at its bounds, int8 refused."""
    found = Outcome(missing={targets.ACCURATE: "no precision 'int8'"})
    for contest, threads in (("60 tokens", 1), ("60 tokens", 2), ("200 tokens", 1), ("200 tokens", 2)):
        for name, seconds in ((targets.BF16, 1.0), (encoders.ORT_FP32, 2.5), (encoders.OV_BF16, 1.3)):
            found.timings.append(Timing(contest, name, "", threads, seconds / threads, 10))
    found.values.update({"operations 60 tokens": 9e9, "peak bf16": 10.0, "peak int8": 20.0, "questions": 300})
    found.values.update({f"cosine, {targets.BF16}": 0.99995, f"hit@1, {targets.BF16}": 0.69})
    found.values.update({f"hit@1, {targets.F32}": 0.70, process.ONE_CALLER: 0.001, process.MANY_CALLERS: 0.006})
    return found


def test_bf16_at_its_bounds_meets_them_and_the_refused_int8_misses_its_own() -> None:
    verdicts = {figure.name: figure.verdict for figure in targets.embedding(embedded(), 2)}

    met = {name for name, verdict in verdicts.items() if verdict == "met"}
    assert f"60 tokens, 1 thread: {targets.BF16} / {encoders.ORT_FP32}" in met
    assert f"200 tokens, 2 threads: {targets.BF16} / {encoders.OV_BF16}" in met
    assert f"60 tokens: {targets.BF16}, 2 threads / one" in met
    assert {"60 tokens, 1 thread: bf16, share of the core's peak", f"1 - least cosine, {targets.BF16}"} <= met
    assert {f"hit@1, {targets.BF16}", "50 embeds at once through the service, time of one"} <= met
    assert not any("int8" in name for name in met)


def test_mpnet_asks_of_bytes_that_they_are_no_slower_than_bf16() -> None:
    found = embedded()
    found.timings.append(Timing("60 tokens", targets.FAST, "", 1, 1.0, 10))

    verdicts = {figure.name: figure.verdict for figure in targets.mpnet(found, 2)}

    assert verdicts[f"60 tokens, 1 thread: {targets.FAST} / {targets.BF16}"] == "met"
    assert verdicts[f"60 tokens, 1 thread: {targets.ACCURATE} / {targets.BF16}"] == "missed"
    assert verdicts[f"200 tokens, 1 thread: {targets.BF16} / {encoders.ORT_FP32}"] == "met"


def test_search_compares_with_the_bandwidth_over_the_same_bytes() -> None:
    f32, int8 = (indexes.ours_name(storage) for storage in ("f32", "int8"))
    found = Outcome(values={"rows real": 1000, "width real": 384, "stream 1536000, real": 10.0})
    found.timings.append(Timing("real, one query", f32, "", 1, 4 * 1536000 / 9.6e9, 4))
    found.timings.append(Timing("real, one query", indexes.FLAT, "", 1, 1.0, 4))

    rows = {figure.name: figure for figure in targets.search(found, "real")}

    share = rows[f"real, one query: {f32}, share of a streaming sum"]
    assert (share.value, share.verdict) == (96.0, "met")
    assert rows[f"real, one query, 1 thread: {int8} / {indexes.FLAT}"].verdict == "missed"
    assert sum(figure.verdict == "missed" for figure in rows.values()) == 8
