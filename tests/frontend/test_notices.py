"""How a problem is shown: in plain words, once."""

from streamlit.testing.v1 import AppTest

from contracts.problem import FieldError, Problem, ValidationProblem


def _script(problems: "list[Problem]") -> None:
    import streamlit as st

    from frontend import state
    from frontend.api_client import ApiError
    from frontend.components.notices import show_problem

    state.session().banner = st.container()
    for number, problem in enumerate(problems):
        show_problem(ApiError(problem), key=f"p{number}")


def _cards(*problems: Problem) -> list[tuple[str, str]]:
    page = AppTest.from_function(_script, default_timeout=30, kwargs={"problems": list(problems)}).run()
    assert not page.exception
    return [(str(card.proto.title), str(card.value)) for card in page.error]


def _problem(code: str, detail: str, title: str = "Not found") -> Problem:
    return Problem(title=title, status=404, detail=detail, code=code, request_id="r1")


NUL = ValidationProblem(
    title="The request is not valid",
    status=422,
    detail="q: must not contain NUL characters",
    code="invalid_request",
    request_id="r1",
    errors=[FieldError(field="q", message="must not contain NUL characters")],
)


def test_a_wrong_field_is_told_once() -> None:
    [(title, text)] = _cards(NUL)
    assert title == "This cannot be used as it is"
    assert text.count("must not contain NUL characters") == 1


def test_several_wrong_fields_are_a_list_and_nothing_else() -> None:
    errors = [FieldError(field="question", message="is empty"), FieldError(field="answer", message="is too long")]
    detail = "question: is empty; answer: is too long"
    [(_, text)] = _cards(NUL.model_copy(update={"errors": errors, "detail": detail}))
    assert text.splitlines()[:2] == ["- question: is empty", "- answer: is too long"]
    assert text.count("is empty") == 1


def test_what_is_not_there_is_told_without_its_id() -> None:
    [(title, text)] = _cards(_problem("not_found", "no conversation '00000000-0000-4000-8000-000000000000'"))
    assert title == "This is not here any more"
    assert "0000" not in text
    assert "Reference r1" in text


def test_one_problem_of_several_calls_is_one_card() -> None:
    assert len(_cards(NUL, NUL.model_copy(update={"request_id": "r2"}), _problem("not_found", "no FAQ 'x'"))) == 2


def test_a_field_is_called_as_on_the_page() -> None:
    [(_, text)] = _cards(_problem("budget_spent", "ask again after midnight UTC, or raise daily_tokens", "Spent"))
    assert text.startswith("Ask again after midnight UTC, or raise Tokens a day.")


def test_the_title_is_not_said_again_as_the_detail() -> None:
    [(title, text)] = _cards(_problem("http_error", "I am a teapot", "I am a teapot"))
    assert title == "I am a teapot"
    assert "teapot" not in text


def test_a_detail_is_a_sentence() -> None:
    [(_, text)] = _cards(_problem("file_too_large", "the file has 3 MB, more than 2", "The file is too large"))
    assert text.startswith("The file has 3 MB, more than 2.")
