"""Where a row of a dataset comes from, as the cells of a table say it: tables take text as it is."""

from contracts.datasets import RowSource


def origin_text(source: RowSource) -> str:
    if source.file is not None:
        return source.file if source.row is None else f"{source.file}, row {source.row}"
    parts = [source.section or "", f"page {source.page}" if source.page is not None else ""]
    return " · ".join(part for part in parts if part)


def faq_link(source: RowSource) -> str | None:
    """Opens the FAQ in the review."""
    return f"/FAQ_Extraction?faq={source.faq_id}" if source.faq_id is not None else None
