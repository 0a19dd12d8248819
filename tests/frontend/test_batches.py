"""Batches on the compare page: how they begin, go on and end, and what was measured."""

from decimal import Decimal

import pytest

from contracts.access import Role
from contracts.batches import BatchDetail, NewBatch
from contracts.comparisons import Promotion
from contracts.datasets import Dataset
from contracts.jobs import JobStatus
from contracts.page import Page
from contracts.problem import Problem
from contracts.providers import Provider
from frontend.api_client import Api, ApiError
from frontend.components.batch_figures import cost_text, metric_text
from frontend.views.batches import judges
from tests.frontend.batching import BATCH, CONTEST, WORDS, batch, contest, failed, job, results
from tests.frontend.comparing import COMPARE, set_up
from tests.frontend.conftest import KeyPages, Pages
from tests.frontend.looking import address, field, keys, labelled, press, words
from tests.mock_openai import MockServer


def told(monkeypatch: pytest.MonkeyPatch, *batches: BatchDetail) -> None:
    """What the API knows; of one that goes on its job too."""
    monkeypatch.setattr(Api, "batches", lambda *_, **__: Page[BatchDetail].model_construct(items=list(batches)))
    monkeypatch.setattr(Api, "batch", lambda *_: batches[0])
    monkeypatch.setattr(Api, "metric_words", lambda _: WORDS)
    monkeypatch.setattr(Api, "contest", lambda *_: contest(batches[0]))
    monkeypatch.setattr(Api, "job", lambda *_: batches[0].job)


# --- how one begins --------------------------------------------------------------------
def test_without_a_dataset_the_tab_leads_to_one(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch)
    page = pages.open(COMPARE, view="batches")
    assert "A dataset is needed first" in words(page)
    assert any("Fine" in link.proto.page for link in page.get("page_link"))


def test_a_batch_is_begun_with_what_was_chosen(
    approved: Pages, dataset: Dataset, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(approved.api, mock)
    asked: list[NewBatch] = []

    def start(_: Api, new: NewBatch) -> BatchDetail:
        asked.append(new)
        return batch(job(JobStatus.RUNNING))

    told(monkeypatch, batch(job(JobStatus.RUNNING)))
    monkeypatch.setattr(Api, "start_batch", start)
    page = approved.open(COMPARE, view="batches")
    # Not run in between: the press that leaves a field brings its last edit with it.
    labelled(page.text_area, "Off-topic questions, one a line").set_value("Who won?\n\n What is love? ")
    labelled(page.number_input, "Questions, at most").set_value(3)
    press(page, "start_batch")
    [new] = asked
    assert (new.dataset_id, new.split, new.limit, new.judge) == (dataset.id, "held_out", 3, None)
    assert new.off_topic == ["Who won?", "What is love?"]
    assert len(new.lanes) == 2
    assert address(page, "batch") == str(BATCH)


@pytest.mark.usefixtures("dataset")
def test_what_the_api_refuses_stays_at_the_form(
    approved: Pages, mock: MockServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    set_up(approved.api, mock)
    told(monkeypatch)

    def refused(*_: object) -> BatchDetail:
        raise ApiError(Problem(title="No", status=409, detail="the contest is closed", code="conflict"))

    monkeypatch.setattr(Api, "start_batch", refused)
    page = press(approved.open(COMPARE, view="batches"), "start_batch")
    assert "The comparison is closed." in words(page)


def test_a_server_without_batches_is_told_as_a_problem(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object, **__: object) -> Page[BatchDetail]:
        raise ApiError(Problem(title="Not found", status=404, detail="no such route", code="not_found"))

    monkeypatch.setattr(Api, "batches", missing)
    page = pages.open(COMPARE, view="batches")
    assert page.error
    assert "yet" not in words(page)


def test_a_judge_is_who_writes_structured_answers() -> None:
    able = Provider(
        name="some",
        label="Some (note)",
        generates=True,
        needs_url=False,
        needs_key=False,
        configured=True,
        base_url=None,
        key_hint=None,
        key_from_environment=False,
        structured_output=True,
        model="large",
        models=["large", "small"],
    )
    unable = able.model_copy(update={"name": "plain", "structured_output": False})
    assert [label for label, _ in judges([able, unable]).values()] == ["large (Some)", "small (Some)"]


# --- how it goes on, and ends ------------------------------------------------------------
def test_one_that_goes_on_says_how_far_and_can_be_cancelled(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(job(JobStatus.RUNNING)))
    page = pages.open(COMPARE, batch=str(BATCH))
    [bar] = page.get("progress")
    assert bar.proto.text == "Asking · 60 of 120 questions"
    assert keys(page, "cancel_") == [str(BATCH)]
    assert "Support, version 1 · held out · 120 questions · 5 off topic" in words(page)


def test_one_that_failed_says_why(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(failed()))
    page = pages.open(COMPARE, batch=str(BATCH))
    assert "Nobody answers.] The first 20 questions." in words(page)
    assert keys(page, "retry_") == [str(BATCH)]
    press(page, "all_batches")
    assert "Nobody answers" in words(page)


def test_one_that_was_stopped_says_why(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = job(JobStatus.CANCELLED, message="the dataset 'Support', version 1, was deleted")
    told(monkeypatch, batch(gone))
    page = pages.open(COMPARE, batch=str(BATCH))
    assert "The dataset 'Support', version 1, was deleted." in words(page)
    assert "cancelled before" not in words(page)
    told(monkeypatch, batch(job(JobStatus.CANCELLED)))
    assert "It was cancelled before it was done." in words(pages.open(COMPARE, batch=str(BATCH)))


def test_what_cannot_end_otherwise_is_not_offered_again(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(failed(status=422, retryable=False)))
    for query in ({"batch": str(BATCH)}, {"view": "batches"}):
        page = pages.open(COMPARE, **query)
        assert "The first 20 questions." in words(page)
        assert not keys(page, "retry_")


def test_what_a_person_can_mend_is_offered_again(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that the provider refused, say."""
    told(monkeypatch, batch(failed(retryable=False)))
    assert keys(pages.open(COMPARE, batch=str(BATCH)), "retry_") == [str(BATCH)]


def test_what_a_batch_shows_is_the_reason_to_promote_by_it(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(results=results()))
    asked: list[tuple[str, Promotion]] = []
    monkeypatch.setattr(Api, "promote", lambda _, name, promotion: asked.append((name, promotion)))
    page = pages.open(COMPARE, view="batches", batch=str(BATCH))
    reason = labelled(page.text_input, "Promote it all the same, because")
    assert reason.value == "A batch of 125 questions: ok finds more: 19 points, 10 to 27"
    press(page, "promote")
    assert asked == [
        ("support-default", Promotion(contest_id=CONTEST, key="key-ok", reason=reason.value)),
    ]


def test_results_say_what_was_measured_and_left_out(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(results=results()))
    page = pages.open(COMPARE, batch=str(BATCH))
    table = page.table[0].value
    assert list(table.columns) == ["Measured", "ok", "small"]
    assert list(table["ok"]) == ["72\u00a0% (60\u00a0% to 81\u00a0%)", "340 ms; 5 % over 1.2 s"]
    assert list(table["small"]) == ["50\u00a0% (41\u00a0% to 59\u00a0%)", "–"]
    said = words(page)
    assert "ok, Hit@5: 2 questions have no value; measured on 118" in said
    assert "small gave no answer to 3 questions" in said
    assert "better on 30, worse on 8, the same on 80, no value on 2; +19 points (+10 to +27)" in said.replace("\\", "")
    assert "How often it is found" in said
    assert [metric.value for metric in page.metric] == ["0.84 USD", "not known"]


def test_the_judge_stands_apart_from_votes(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(results=results()))
    page = pages.open(COMPARE, batch=str(BATCH))
    assert "They count in no verdict of people." in words(page)
    assert "Of 4 pairs it said nothing that could be read." in [str(one.value) for one in page.caption]
    told(monkeypatch, batch(results=results(judged=None)))
    assert "judge" not in words(pages.open(COMPARE, batch=str(BATCH)))


def test_a_question_on_which_they_differ_is_opened(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(results=results()))
    page = pages.open(COMPARE, batch=str(BATCH))
    [comparison] = keys(page, "open_difference_")
    assert field(page.button, f"open_difference_{comparison}").label == "Is it \\*waterproof\\*?"
    press(page, f"open_difference_{comparison}")
    assert address(page, "comparison") == comparison


def test_latencies_are_drawn_and_said(pages: Pages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(results=results()))
    [chart] = pages.open(COMPARE, batch=str(BATCH)).get("vega_lite_chart")
    assert chart.proto.alt == "ok: half of 3 within 340 ms; small: half of 3 within 95 ms"
    told(monkeypatch, batch(results=results(latencies={"key-ok": [], "key-small": []})))
    assert "No answer came" in words(pages.open(COMPARE, batch=str(BATCH)))


def test_a_figure_that_is_not_known_is_a_dash_and_no_zero() -> None:
    assert metric_text(None) == "–"
    assert cost_text(None) == "not known"
    assert (cost_text(Decimal(0)), cost_text(Decimal("0.001"))) == ("0.00 USD", "< 0.01 USD")


def test_who_may_not_start_batches_exports_none(key_pages: KeyPages, monkeypatch: pytest.MonkeyPatch) -> None:
    told(monkeypatch, batch(results=results()))
    page = press(key_pages.sign_in(Role.ANALYST, COMPARE, view="batches"), f"open_batch_{BATCH}")
    assert "What was measured" in words(page)
    assert not page.get("download_button")
    page = press(key_pages.sign_in(Role.ADMIN, COMPARE, view="batches"), f"open_batch_{BATCH}")
    assert len(page.get("download_button")) == 2
