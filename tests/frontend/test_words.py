"""Words as people read them."""

import pytest

from frontend.components.words import distinct, everyday, latency_text, sentence, short_model


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        ("the PDF is damaged", "The PDF is damaged."),
        ("Nothing was lost.", "Nothing was lost."),
        ("is it empty?", "Is it empty?"),
        ("'a.pdf' is empty", "'a.pdf' is empty."),
        ("", ""),
    ],
)
def test_a_detail_is_shown_as_a_sentence(detail: str, shown: str) -> None:
    assert sentence(detail) == shown


@pytest.mark.parametrize(
    ("model", "shown"),
    [
        ("/home/me/models/some-model.gguf", "some-model.gguf"),
        ("C:\\models\\some-model.gguf", "some-model.gguf"),
        ("/home/me/models/Qwen-0.5B", "Qwen-0.5B"),
        ("C:\\models\\Qwen-0.5B", "Qwen-0.5B"),
        ("meta-llama/llama-4", "meta-llama/llama-4"),
    ],
)
def test_a_model_that_is_a_file_or_a_folder_is_shown_by_its_name(model: str, shown: str) -> None:
    assert short_model(model) == shown


@pytest.mark.parametrize(("milliseconds", "shown"), [(0.2, "< 1 ms"), (999.4, "999 ms"), (1500, "1.5 s")])
def test_no_time_is_nothing(milliseconds: float, shown: str) -> None:
    assert latency_text(milliseconds) == shown


def test_names_to_choose_from_differ() -> None:
    names = {1: "guide.pdf", 2: "guide.pdf", 3: "guide.pdf (2)", 4: "guide.pdf", 5: "other.pdf"}
    shown = distinct(names)
    assert list(shown) == list(names)
    assert list(shown.values()) == ["guide.pdf", "guide.pdf (2)", "guide.pdf (2) (2)", "guide.pdf (3)", "other.pdf"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The contest is closed", "The comparison is closed"),
        ("two of the lanes have the same target", "two of the answers have the same target"),
        ("lanes[0] and lanes[2] are the same", "the first one and the third one are the same"),
        ("a contestant in a plane", "a contestant in a plane"),
    ],
)
def test_the_terms_of_the_api_are_said_as_the_pages_call_them(said: str, shown: str) -> None:
    assert everyday(said) == shown
