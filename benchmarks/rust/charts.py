"""Charts of the results for the crate's README, `rust_accel/docs/*.svg`: readable on a light page and on a dark one."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import altair as alt

from benchmarks import report
from benchmarks.machine import ROOT

FOLDER = ROOT / "rust_accel" / "docs"
OURS, PEERS = "#c2410c", "#64748b"
_CONTESTS = (("one query", "one query"), ("32 queries", "32 at once"), ("1 % pass", "filter, 1 % pass"))
_WIDTH, _STEP = 300, 22
_FONT = "Inter, Helvetica, Arial, sans-serif"


def write(results: Path = report.FOLDER, folder: Path = FOLDER) -> list[Path]:
    """The charts of what `results` holds, one SVG each."""
    folder.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for module, draw in (("rust_embeddings", embeddings), ("rust_search", search)):
        source = results / f"{module}.json"
        if source.exists():
            path = folder / f"{module.removeprefix('rust_')}.svg"
            draw(json.loads(source.read_text(encoding="utf-8"))).save(str(path))
            written.append(path)
    return written


def embeddings(record: dict[str, Any]) -> alt.TopLevelMixin:
    """Sentences a second on one thread."""
    parts = [
        _bars([one for one in record["timings"] if one["contest"] == contest and one["threads"] == 1], title)
        for contest, title in (("60 tokens", "texts of 60 tokens"), ("200 tokens", "texts of 200 tokens"))
    ]
    return _page(parts, "Sentences a second, one thread", record)


def search(record: dict[str, Any]) -> alt.TopLevelMixin:
    """Queries a second on one thread: one at a time, many, and with a filter."""
    parts = []
    for contest, title in _CONTESTS:
        for data, kind in (("real", "real embeddings"), ("synthetic", "clustered vectors")):
            rows = f"{record['values'].get(f'rows {data}', 0):,.0f} {kind}"
            chosen = [
                one for one in record["timings"] if one["contest"] == f"{data}, {contest}" and one["threads"] == 1
            ]
            parts.append(_bars(chosen, f"{rows}, {title}"))
    return _page(parts, "Queries a second, exact search, one thread", record)


def _bars(timings: Sequence[dict[str, Any]], title: str) -> alt.LayerChart | alt.FacetChart:
    values = [
        {"name": one["name"], "rate": one["items"] / one["seconds"], "ours": one["name"].startswith("rust_accel")}
        for one in timings
    ]
    base = alt.Chart(alt.InlineData(values=values)).encode(
        y=alt.Y("name:N", sort="-x", title=None, axis=alt.Axis(labelLimit=200, ticks=False, domain=False)),
        x=alt.X("rate:Q", title=None, axis=alt.Axis(grid=False, tickCount=4, format="~s")),
    )
    bars = base.mark_bar(cornerRadiusEnd=2).encode(
        color=alt.condition("datum.ours", alt.value(OURS), alt.value(PEERS)),
    )
    labels = base.mark_text(align="left", dx=4).encode(text=alt.Text("rate:Q", format=",.3~r"))
    return alt.layer(bars, labels, title=title, width=_WIDTH, height=alt.Step(_STEP))


def _page(parts: Sequence[alt.LayerChart | alt.FacetChart], title: str, record: dict[str, Any]) -> alt.TopLevelMixin:
    subtitle = f"{record['cpu']}, {record['measured_at'][:10]}; each peer at its best setting"
    page: alt.TopLevelMixin = (
        alt.concat(*parts, columns=2, spacing=28)
        .properties(
            title=alt.TitleParams(title, subtitle=subtitle, anchor="start", fontSize=16, offset=16),
            background="white",
            padding=16,
        )
        .configure(font=_FONT)
        .configure_view(strokeWidth=0)
        .configure_axis(labelFontSize=12, labelColor="#1f2937")
        .configure_text(fontSize=12, color="#1f2937")
        .configure_title(fontSize=13, color="#111827", subtitleColor="#4b5563", anchor="start")
    )
    return page
