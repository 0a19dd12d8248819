import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.retrieval.answerability import Calibration, content_words, is_answerable, term_coverage


@pytest.mark.parametrize(
    ("cosine", "coverage", "expected"),
    [
        (0.44, 0.0, True),
        (0.43, 0.0, False),
        (0.30, 1.0, True),
        (0.28, 1.0, False),
        (0.37, 0.5, True),
        (-0.2, 1.0, False),
    ],
)
def test_meaning_and_words_together_reach_the_threshold(cosine: float, coverage: float, expected: bool) -> None:
    assert is_answerable(cosine, coverage) is expected


def test_a_collection_has_its_own_calibration() -> None:
    strict = Calibration(threshold=0.8, coverage_weight=0.1)
    assert not strict.is_answerable(0.6, 1.0)
    assert strict.is_answerable(0.75, 0.5)
    assert is_answerable(0.6, 0.0, threshold=0.6)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("How do I reset my password?", ["reset", "password"]),
        ("What is C++ or C#?", ["c++", "c#"]),
        ("It doesn't auto-renew, does it?", ["auto", "renew"]),
        ("the company's VPN", ["company", "vpn"]),
        ("Wie kann ich meine Rechnung ändern?", ["rechnung", "ändern"]),
        ("Comment changer l'adresse ?", ["changer", "adresse"]),
        ("¿Cómo puedo cancelar mi pedido?", ["cancelar", "pedido"]),
        ("the man page of node.js 22", ["man", "page", "node", "js", "22"]),
        ("What is it?", []),
        ("", []),
    ],
)
def test_content_words_leave_out_what_every_question_has(text: str, words: list[str]) -> None:
    assert content_words(text) == words


def test_coverage_is_the_share_of_distinct_question_words_found_anywhere() -> None:
    texts = ["Reset it in the settings.", "A PASSWORD has twelve characters."]
    assert term_coverage("How do I reset my password?", texts) == 1.0
    assert term_coverage("reset reset password invoice", texts) == pytest.approx(2 / 3)
    assert term_coverage("What is it?", texts) == 0.0
    assert term_coverage("password", []) == 0.0


@given(st.text(), st.lists(st.text(), max_size=3))
def test_coverage_is_a_share(query: str, texts: list[str]) -> None:
    assert 0.0 <= term_coverage(query, texts) <= 1.0
    if content_words(query):
        assert term_coverage(query, [query]) == 1.0
