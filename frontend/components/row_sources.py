"""Where a row of a dataset comes from, as the cells of a table say it: tables take text as it is."""

from collections.abc import Mapping, Sequence
from typing import Final

import pandas as pd
import streamlit as st

from contracts.datasets import RowSource
from frontend.safe_text import straight

ROW_HEIGHT: Final = 36


def source_table(
    columns: Mapping[str, Sequence[str]], sources: Sequence[RowSource], *, widths: Mapping[str, int], key: str, alt: str
) -> None:
    """The columns, and behind them where each row comes from. `widths` in pixels by the name of a column."""
    shown = {name: [straight(text) for text in texts] for name, texts in columns.items()}
    behind = {
        "Rule": [one.rewording or one.reworded_by or "" for one in sources],
        "From": [origin_text(one) for one in sources],
        "FAQ": [faq_link(one) for one in sources],
    }
    texts = {name: st.column_config.TextColumn(width=width) for name, width in widths.items()}
    st.dataframe(
        pd.DataFrame({**shown, **behind}),
        hide_index=True,
        key=key,
        row_height=ROW_HEIGHT,
        height=ROW_HEIGHT * (len(sources) + 1) + 3,
        alt=alt,
        column_config={**texts, "FAQ": st.column_config.LinkColumn(display_text="Open", width="small")},
    )


def origin_text(source: RowSource) -> str:
    if source.file is not None:
        file = straight(source.file)
        return file if source.row is None else f"{file}, row {source.row}"
    parts = [straight(source.section or ""), f"page {source.page}" if source.page is not None else ""]
    return " · ".join(part for part in parts if part)


def faq_link(source: RowSource) -> str | None:
    """Opens the FAQ in the review."""
    return f"/FAQ_Extraction?faq={source.faq_id}" if source.faq_id is not None else None
