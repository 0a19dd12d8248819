"""What the contests are made of: texts, questions, operations, outcomes on disk."""

import gzip
import json
from pathlib import Path

import numpy as np
import pytest

from benchmarks.figures import Unavailable
from benchmarks.rust import models, peak, questions, texts
from benchmarks.rust.contest import Timing
from benchmarks.rust.outcome import Outcome

ROFF = """.TH LS 1
.SH NAME
\\fBls\\fR lists what a folder holds, one name after the other, sorted by letters \\- unless told otherwise.

.nf
short
"""


@pytest.fixture
def pages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    page = tmp_path / "man" / "ls.1.gz"
    page.parent.mkdir()
    page.write_bytes(gzip.compress(ROFF.encode()))
    (tmp_path / "page.html").write_text("<p>" + "Ten plain words that a browser shows to its reader. " * 40 + "</p>")
    monkeypatch.setattr(texts, "files", lambda: [page, tmp_path / "page.html", tmp_path / "absent.txt"])
    return tmp_path


@pytest.mark.usefixtures("pages")
def test_prose_is_found_without_its_markup() -> None:
    found = list(texts.paragraphs())

    assert (
        found[0] == "ls lists what a folder holds, one name after the other, sorted by letters - unless told otherwise."
    )
    assert len(found) == 2
    assert "<" not in found[1]


@pytest.mark.usefixtures("pages")
def test_texts_have_about_the_tokens_that_were_asked_for() -> None:
    found = texts.of_tokens(20, 3, lambda batch: np.array([len(text.split()) + 6 for text in batch]))

    assert [len(text.split()) for text in found] == [15, 15, 15]


@pytest.mark.usefixtures("pages")
def test_too_few_texts_are_said_not_padded() -> None:
    with pytest.raises(Unavailable, match="only 0 texts of 60 tokens"):
        texts.of_tokens(60, 1, lambda batch: np.zeros(len(batch), np.int64))


def test_every_question_of_the_samples_has_an_answer() -> None:
    asked = dict(questions.pairs())

    assert "Forgot password" in asked["How do I reset my password?"]
    assert all(question.endswith("?") and len(answer) > 40 for question, answer in asked.items())


def test_a_question_hits_when_its_own_answer_is_the_nearest() -> None:
    places = {"q1": [1.0, 0.0], "q2": [0.0, 1.0], "a1": [0.9, 0.1], "a2": [0.8, 0.2]}

    found = questions.hit_at_1(
        lambda batch: np.array([places[text] for text in batch], np.float32), [("q1", "a1"), ("q2", "a2")]
    )

    assert found == 1.0


def test_operations_are_those_of_the_matrix_products(tmp_path: Path) -> None:
    config = {"hidden_size": 4, "intermediate_size": 8, "num_hidden_layers": 2}
    (tmp_path / "config.json").write_text(json.dumps(config))

    # Three tokens: four 4x4 and two 4x8 products a layer, and twice three by three scores of width 4.
    assert peak.operations(tmp_path, [3]) == 2 * (2 * 3 * (4 * 16 + 2 * 32) + 2 * 2 * 9 * 4)


def test_an_outcome_is_read_as_it_was_written(tmp_path: Path) -> None:
    outcome = Outcome([Timing("60", "ours", "x", 2, 0.5, 10)], {"cosine": 0.5}, {"int8": "no"})
    outcome.write(tmp_path / "outcome.json")

    assert Outcome.read(tmp_path / "outcome.json") == outcome


def test_a_model_that_is_not_there_is_said_with_where_it_belongs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(models.FOLDER, str(tmp_path))

    with pytest.raises(Unavailable, match=f"no all-mpnet-base-v2 in '{tmp_path}'"):
        models.mpnet()


def test_other_weights_are_not_measured_under_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(models.FOLDER, str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"other")

    with pytest.raises(Unavailable, match="holds other weights: sha256 'd9298a10"):
        models.mpnet()


def test_the_better_of_two_measurements_of_the_core_stays() -> None:
    assert peak.higher({"a": 1.0, "b": 2.0}, {"a": 3.0}) == {"a": 3.0, "b": 2.0}
