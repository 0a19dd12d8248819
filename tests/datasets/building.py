"""Rows for tests."""

from dataclasses import replace
from uuid import UUID

from backend.datasets.rows import Example, FaqSource, FileSource, Provenance, Rewording, Row, Split

FAQ = UUID(int=7)


def example(
    question: str = "How do I pay?",
    answer: str = "By card.",
    *,
    faq: int = 7,
    revision: int = 1,
    rewording: Rewording | None = None,
    system: str | None = None,
) -> Example:
    source = FaqSource(UUID(int=faq), revision, UUID(int=99), "Paying", 3)
    return Example(question, answer, Provenance(source, rewording), system)


def row(question: str = "How do I pay?", answer: str = "By card.", *, faq: int = 7, split: str = "train") -> Row:
    return example(question, answer, faq=faq).in_split(Split(split))


def imported(question: str, answer: str, *, file: str = "old.csv", at: int = 1) -> Example:
    return Example(question, answer, Provenance(FileSource(file, at)))


def moved(row: Row, split: Split) -> Row:
    return replace(row, split=split)
