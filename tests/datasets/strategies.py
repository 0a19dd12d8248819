"""Rows of any kind, for properties."""

from hypothesis import strategies as st

from backend.datasets.rows import Example, FaqSource, FileSource, Provenance, Rewording, Row, Split

_WORDS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1, max_size=60)
TEXTS = _WORDS.filter(lambda text: bool(text.strip()))
_NUMBERS = st.integers(1, 10_000)


def provenances() -> st.SearchStrategy[Provenance]:
    faqs = st.builds(
        FaqSource, st.uuids(), _NUMBERS, st.none() | st.uuids(), st.just("") | _WORDS, st.none() | _NUMBERS
    )
    files = st.builds(FileSource, _WORDS, _NUMBERS)
    rewordings = st.builds(Rewording, st.sampled_from(["rule", "model"]), _WORDS, TEXTS)
    return st.builds(Provenance, faqs | files, st.none() | rewordings)


def examples() -> st.SearchStrategy[Example]:
    return st.builds(Example, TEXTS, TEXTS, provenances(), st.none() | TEXTS)


def rows() -> st.SearchStrategy[Row]:
    return st.builds(Example.in_split, examples(), st.sampled_from(Split))
