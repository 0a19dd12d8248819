"""What was asked of the crate, row by row."""

from benchmarks.figures import Figure, Target
from benchmarks.rust import encoders, indexes, process
from benchmarks.rust.embedding import LEAST_LETTERS, LENGTHS, SHORT, set_name
from benchmarks.rust.outcome import Outcome
from benchmarks.rust.searching import PASSING, filtered, many_queries, one_query
from benchmarks.rust.verdicts import Comparison, compared, measured, noted, rate, scaled, share

AVX2 = "AVX2, 60 tokens"
F32, BF16, FAST, ACCURATE = (encoders.ours_name(precision) for precision in encoders.PRECISIONS)
INT8 = (FAST, ACCURATE)


def embedding(outcome: Outcome, threads: int) -> list[Figure]:
    """`threads`: the largest number of them that was measured."""
    figures: list[Figure] = []
    for length in LENGTHS:
        title = set_name(length)
        figures.append(compared(outcome, Comparison(title, [BF16], [encoders.ORT_FP32], 2.5, 1)))
        for count in sorted({1, threads}):
            figures.append(compared(outcome, Comparison(title, [BF16], [encoders.OV_BF16], 1.3, count)))
        figures.append(compared(outcome, Comparison(title, [FAST], [encoders.ORT_INT8], 2.0, 1)))
        figures.append(compared(outcome, Comparison(title, [ACCURATE], [encoders.ORT_INT8], 1.6, 1)))
        if threads > 1:
            figures += [scaled(outcome, title, name, threads, 1.9) for name in (F32, BF16, *INT8)]
    figures.append(compared(outcome, Comparison(SHORT, [BF16], [encoders.OV_BF16], 2.0)))
    figures.append(compared(outcome, Comparison(SHORT, [FAST], [encoders.ORT_INT8], 2.0)))
    figures += [_peak(outcome, "bf16", BF16, 90), _peak(outcome, "int8", FAST, 75)]
    return [*figures, *_accuracy(outcome), *_avx2(outcome), *_process(outcome)]


def mpnet(outcome: Outcome, threads: int) -> list[Figure]:
    """As `embedding`, of all-mpnet-base-v2."""
    figures: list[Figure] = []
    for length in LENGTHS:
        title = set_name(length)
        figures += [compared(outcome, Comparison(title, [name], [encoders.ORT_FP32], 2.3, 1)) for name in (BF16, *INT8)]
        figures.append(compared(outcome, Comparison(title, [BF16], [encoders.OV_BF16], None, 1)))
        figures += [compared(outcome, Comparison(title, [name], [BF16], 1.0, 1)) for name in INT8]
        if threads > 1:
            figures += [scaled(outcome, title, name, threads, 1.9) for name in (BF16, *INT8)]
    figures.append(compared(outcome, Comparison(SHORT, [BF16], [encoders.ORT_FP32], None)))
    figures.append(_peak(outcome, "bf16", BF16, 90))
    return [*figures, *_accuracy(outcome), *_loads(outcome, None, None)]


def _peak(outcome: Outcome, kind: str, name: str, least: float) -> Figure:
    title = set_name(LENGTHS[0])
    found = rate(outcome, title, name)
    operations = outcome.values.get(f"operations {title}", 0.0)
    done = operations / found.seconds / 1e9 if found else None
    most = outcome.values.get(f"peak {kind}")
    figure = share(f"{title}, 1 thread: {kind}, share of the core's peak", done, most, least)
    return noted(figure, "GFLOP/s; tokenising counts as time")


def _accuracy(outcome: Outcome) -> list[Figure]:
    """Of the least cosine with the float64 reference what is missing to 1: of .9999 a table shows nothing but 1."""
    longer = f"cosine over {LEAST_LETTERS} characters"
    peers = [name for name in encoders.PEERS if f"cosine, {name}" in outcome.values]
    figures = [
        *(_shortfall(outcome, "cosine", name, 1e-4) for name in (F32, BF16)),
        _shortfall(outcome, longer, ACCURATE, 2e-3),
        *(_shortfall(outcome, "cosine", name, None) for name in (*INT8, *peers) if f"cosine, {name}" in outcome.values),
    ]
    for name in (BF16, *INT8):
        target = Target("difference at least", -0.01)
        figures.append(measured(outcome, f"hit@1, {name}", f"hit@1, {name}", target, peer=f"hit@1, {F32}"))
    return [
        noted(one, f"{outcome.values.get('questions', 0):.0f} questions") if "hit" in one.name else one
        for one in figures
    ]


def _shortfall(outcome: Outcome, what: str, name: str, most: float | None) -> Figure:
    """One that did not run has all to lose."""
    key = f"{what}, {name}"
    target = Target("at most", most) if most else None
    note = "" if key in outcome.values else "did not run"
    return Figure(f"1 - least {key}", float(f"{1 - outcome.values.get(key, 0.0):.2g}"), "", target, note=note)


def _avx2(outcome: Outcome) -> list[Figure]:
    onnx = compared(outcome, Comparison(AVX2, [F32], [encoders.ORT_FP32], 1.0, 1))
    vino = compared(outcome, Comparison(AVX2, [F32], [encoders.OV_FP32], None, 1))
    return [
        noted(onnx, "ONNX Runtime has no switch for it: it ran with all that the CPU has"),
        noted(vino, "OpenVINO with ONEDNN_MAX_CPU_ISA=AVX2"),
    ]


def _process(outcome: Outcome) -> list[Figure]:
    figures: list[Figure] = []
    one, many = (outcome.values.get(key) for key in (process.ONE_CALLER, process.MANY_CALLERS))
    if one and many:
        note = f"{1000 * many:.2f} ms against {1000 * one:.2f} ms for one"
        title = f"{process.CALLERS} embeds at once through the service, time of one"
        figures.append(Figure(title, round(many / one, 2), "x", Target("at most", 6), note=note))
    return [*figures, *_loads(outcome, Target("at most", 80), Target("at most", 60))]


def _loads(outcome: Outcome, milliseconds: Target | None, megabytes: Target | None) -> list[Figure]:
    figures: list[Figure] = []
    for precision in encoders.PRECISIONS:
        name = encoders.ours_name(precision)
        if (seconds := outcome.values.get(f"{process.LOAD}, {name}")) is not None:
            held = outcome.values[f"{process.MEMORY}, {name}"] / 1e6
            figures.append(Figure(f"load, {name}", round(1000 * seconds, 1), "ms", milliseconds))
            figures.append(Figure(f"memory beyond the file, {name}", round(held, 1), "MB", megabytes))
    return figures


def search(outcome: Outcome, data: str) -> list[Figure]:
    rows = f"{data}, {outcome.values[f'rows {data}']:,.0f} rows"
    f32, int8 = (indexes.ours_name(storage) for storage in ("f32", "int8"))
    flat = [indexes.FLAT]
    figures = [_bandwidth(outcome, data, f32, 4, 95), _bandwidth(outcome, data, int8, 1, 90)]
    for title in (one_query(data), many_queries(data)):
        # Panorama is exact too and leaves rows out early: a flat index of another kind has a verdict of its own.
        figures += [compared(outcome, Comparison(title, [int8], [peer], 4.5, 1)) for peer in (*flat, indexes.PANORAMA)]
        figures.append(compared(outcome, Comparison(title, [f32], flat, None, 1)))
        figures.append(_recall(outcome, title, int8))
    for passing in PASSING:
        title = filtered(data, passing)
        figures.append(compared(outcome, Comparison(title, [int8], flat, 3.0, 1)))
        figures.append(compared(outcome, Comparison(title, [f32], flat, None, 1)))
        figures.append(_recall(outcome, title, int8))
    return [noted(figure, rows) if at == 0 else figure for at, figure in enumerate(figures)]


def _bandwidth(outcome: Outcome, data: str, name: str, width: int, least: float) -> Figure:
    title = one_query(data)
    found = rate(outcome, title, name)
    bytes_read = int(outcome.values[f"rows {data}"] * outcome.values[f"width {data}"]) * width
    done = bytes_read * found.rate / 1e9 if found else None
    most = outcome.values.get(f"stream {bytes_read}, {data}")
    figure = share(f"{title}: {name}, share of a streaming sum", done, most, least)
    return noted(figure, "GB/s")


def _recall(outcome: Outcome, title: str, name: str) -> Figure:
    return measured(outcome, f"recall, {title}, {name}", f"{title}: {name}, recall@10", Target("at least", 1.0))
