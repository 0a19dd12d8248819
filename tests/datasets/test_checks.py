"""Before any job: what is wrong with a dataset, with what value, in which rows."""

from dataclasses import replace
from decimal import Decimal
from uuid import UUID

import numpy as np
import pytest

from backend.datasets.checks import Code, Finding, Report, Terms, check, tokens_of
from backend.datasets.nearness import Item
from backend.datasets.rephrasing import HELD_OUT_RULES, TRAINING_RULES, reworded
from backend.datasets.rows import Example, FaqSource, Provenance, Rewording, Row, Split
from backend.datasets.splits import split
from backend.faqs.dedup import Vectors
from benchmarks import samples
from tests.datasets.building import example, row

LONG = "Open the settings, choose Billing and then Invoices, and press the button to download them as one file."
KEY = "sk-" + "proj-" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"
SUBJECTS = [
    "boiler",
    "kettle",
    "gate",
    "badge",
    "locker",
    "invoice",
    "payroll",
    "projector",
    "window",
    "lift",
    "alarm",
    "bicycle",
]


def good(count: int = 12) -> list[Row]:
    """Rows about different things: the last is held out, the one before it is for validation."""
    made = [row(f"How do I use the {SUBJECTS[n]}?", f"With its {SUBJECTS[n]} card.", faq=n + 1) for n in range(count)]
    made[-1] = replace(made[-1], split=Split.HELD_OUT)
    made[-2] = replace(made[-2], split=Split.VALIDATION)
    return made


def apart(rows: list[Row]) -> Vectors:
    return np.eye(len(rows), dtype=np.float32)


def report(rows: list[Row], vectors: Vectors | None = None, **terms: int | Decimal) -> Report:
    chosen = Terms(**{"row_tokens": 200, "fewest_rows": 2, **terms})  # type: ignore[arg-type]  # passed on
    return check(rows, apart(rows) if vectors is None else vectors, chosen)


def only(rows: list[Row], code: Code, **terms: int) -> Finding:
    findings = report(rows, None, **terms).findings
    assert [finding.code for finding in findings] == [code], findings
    return findings[0]


def test_a_good_dataset_has_no_findings() -> None:
    found = report(good())
    assert found.findings == ()
    assert found.can_train
    assert found.rows == {Split.TRAIN: 10, Split.VALIDATION: 1, Split.HELD_OUT: 1}


@pytest.mark.parametrize("field", ["question", "answer"])
def test_an_empty_text_is_an_error(field: str) -> None:
    rows = good()
    rows[3] = replace(rows[3], **{field: " \n"})  # type: ignore[arg-type]  # one of two texts
    finding = only(rows, "empty")
    assert (finding.severity, finding.rows) == ("error", (rows[3].id,))
    assert f"1 row has no {field}" in finding.text


def test_a_row_over_the_limit_is_a_warning_with_its_tokens() -> None:
    rows = good()
    rows[3] = replace(rows[3], answer="word " * 200)
    finding = only(rows, "overlong")
    assert (finding.severity, finding.rows) == ("warning", (rows[3].id,))
    assert f"more than 200 tokens, the longest about {tokens_of(rows[3])} ('How do I use the badge?')" in finding.text
    assert report(rows, row_tokens=tokens_of(rows[3])).findings == ()


def test_too_few_training_rows_are_an_error_and_nothing_held_out_a_warning() -> None:
    assert "10 training rows are too few, 50 are needed" in only(good(), "too_few_rows", fewest_rows=50).text
    rows = [replace(one, split=Split.TRAIN) for one in good()]
    assert only(rows, "no_held_out").severity == "warning"
    assert report(rows).can_train


def test_a_row_that_is_there_twice_is_a_warning() -> None:
    rows = good()
    rows[3] = replace(rows[2], question="how do I  use the gate?")
    vectors = apart(rows)
    finding = only(rows, "duplicate")
    assert finding.rows == (rows[3].id,)
    assert report(rows, vectors).can_train
    rows[3] = replace(rows[2], question="How do I use a gate?")
    assert report(rows).findings == ()


def test_two_answers_to_one_question_are_a_warning_that_shows_both() -> None:
    rows = good()
    rows[3] = replace(rows[3], question=rows[2].question)
    finding = only(rows, "conflicting_answers")
    assert set(finding.rows) == {rows[2].id, rows[3].id}
    assert "'With its gate card.' and 'With its badge card.'" in finding.text


@pytest.mark.parametrize("side", [Split.VALIDATION, Split.HELD_OUT])
def test_near_questions_in_two_parts_are_a_leak(side: Split) -> None:
    rows = good()
    vectors = apart(rows)
    at = next(n for n, one in enumerate(rows) if one.split is side)
    vectors[at] = vectors[0]
    [finding] = report(rows, vectors).findings
    assert (finding.code, finding.severity) == ("leak", "error")
    assert finding.rows == (rows[0].id, rows[at].id)
    assert f"({side}) asks nearly the same as 'How do I use the boiler?' (train)" in finding.text
    assert not report(rows, vectors).can_train
    vectors[at] = vectors[12 - 1 if at == 10 else 10]
    assert report(rows, vectors).findings[0].code == "leak"


def test_near_questions_in_one_part_are_none() -> None:
    rows = good()
    vectors = apart(rows)
    vectors[1] = vectors[0]
    assert report(rows, vectors).findings == ()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"provenance": good()[0].provenance}, "comes from the same FAQ as"),
        ({"question": "How can I use a boiler?"}, "has the same words as"),
        ({"answer": LONG.replace("one file", "a single file")}, "has nearly the same answer as"),
    ],
)
def test_a_leak_says_what_is_near(change: dict[str, object], why: str) -> None:
    rows = good()
    rows[0] = replace(rows[0], answer=LONG)
    rows[-1] = replace(rows[-1], **change)  # type: ignore[arg-type]  # fields of a row
    assert why in only(rows, "leak").text


def test_a_group_of_the_review_in_two_parts_is_a_leak() -> None:
    rows = good()
    groups = [None] * len(rows)
    groups[0] = groups[-1] = UUID(int=5)  # type: ignore[call-overload]  # groups of some rows
    [finding] = check(rows, apart(rows), Terms(200, 2), groups=groups).findings
    assert "is in one group of the review with" in finding.text


def test_splits_have_no_leaks_by_the_same_measure() -> None:
    random = np.random.default_rng(3)
    rows = [row(f"How do I use thing {n}{'abc'[n % 3]}?", f"So {n}.", faq=n // 2 + 1) for n in range(60)]
    vectors = random.normal(size=(20, 3)).astype(np.float32)[np.arange(60) % 20]
    parts = split([Item.of(one) for one in rows], vectors).splits
    found = report([replace(one, split=parts[one.id]) for one in rows], vectors)
    assert [finding.code for finding in found.findings if finding.code == "leak"] == []


def test_without_vectors_a_warning_says_what_was_not_compared() -> None:
    [finding] = check(good(), None, Terms(200, 2)).findings
    assert (finding.code, finding.severity) == ("meaning_not_compared", "warning")


@pytest.mark.parametrize(
    ("field", "text"),
    [
        ("answer", "People ask: how do I use the bicycle? Nobody knows."),
        ("question", "Say, how do I use the bicycle in rain?"),
    ],
)
def test_a_held_out_question_within_a_training_row_is_a_warning(field: str, text: str) -> None:
    rows = good()
    rows[0] = replace(rows[0], **{field: text})  # type: ignore[arg-type]  # one of two texts
    finding = only(rows, "held_out_text")
    assert (finding.severity, finding.rows) == ("warning", (rows[-1].id,))


def test_a_held_out_answer_within_a_training_answer_is_an_error() -> None:
    rows = good()
    rows[-1] = replace(rows[-1], answer="Turn the small key to the left and wait.")
    rows[0] = replace(rows[0], answer=f"{LONG} {LONG.upper()} Then turn the small key to the left and wait. {LONG}!")
    finding = only(rows, "leak", row_tokens=900)
    assert (finding.severity, set(finding.rows)) == ("error", {rows[0].id, rows[-1].id})
    assert "has an answer that holds, or stands in, that of" in finding.text


def test_a_short_held_out_text_within_a_training_row_is_chance() -> None:
    rows = good()
    rows[-1] = replace(rows[-1], question="What is RAID?", answer="Yes, it is.")
    rows[0] = replace(rows[0], answer="Asked what is RAID, we say yes, it is.")
    assert report(rows).findings == ()


def test_a_held_out_question_by_a_rule_of_training_is_a_warning() -> None:
    rule, other = (Rewording("rule", name, "How?") for name in ("how can I", "how to"))
    rows = good()
    rows[0] = replace(rows[0], provenance=replace(rows[0].provenance, rewording=rule))
    rows[-1] = replace(rows[-1], provenance=replace(rows[-1].provenance, rewording=other))
    assert report(rows).findings == ()
    rows[-1] = replace(rows[-1], provenance=replace(rows[-1].provenance, rewording=rule))
    assert only(rows, "same_rule").rows == (rows[-1].id,)


@pytest.mark.parametrize("field", ["question", "answer", "system"])
def test_a_secret_is_an_error_that_does_not_repeat_it(field: str) -> None:
    rows = good()
    rows[3] = replace(rows[3], **{field: f"Use {KEY} for it."})  # type: ignore[arg-type]  # one of three texts
    finding = only(rows, "secret")
    assert (finding.severity, finding.rows) == ("error", (rows[3].id,))
    assert "1 row has a secret by its form: OpenAI key sk…R8" in finding.text
    assert KEY[5:-2] not in finding.text


@pytest.mark.parametrize(
    "text", ["Signed iDq8ZkP0aX3vB7nM2sT5wY9c1ui by the key.", "Write password = hunter2pass there."]
)
def test_what_may_be_no_secret_is_a_warning(text: str) -> None:
    rows = good()
    rows[0] = replace(rows[0], answer=text)
    finding = only(rows, "secret")
    assert finding.severity == "warning"
    assert "see whether it is one" in finding.text


def test_no_other_finding_repeats_a_secret() -> None:
    rows = good()
    rows[2] = replace(rows[2], question=f"Is {KEY} right?", answer=f"Yes, {'x' * 40} {KEY}")
    rows[3] = replace(rows[2], answer="word " * 300)
    rows[4] = replace(rows[2], question=rows[2].question.lower())
    rows[-1] = replace(rows[2], split=Split.HELD_OUT)
    found = report(rows)
    codes = {finding.code for finding in found.findings}
    assert codes >= {"overlong", "duplicate", "conflicting_answers", "leak", "held_out_text", "secret"}
    assert not any(KEY[8:16] in finding.text or KEY[8:16].lower() in finding.text for finding in found.findings)


def test_personal_data_is_a_warning() -> None:
    rows = good()
    rows[3] = replace(rows[3], answer="Ask ann@fernhollow.co.uk.")
    finding = only(rows, "personal_data")
    assert finding.severity == "warning"
    assert "e-mail address …@fernhollow.co.uk" in finding.text


def test_tokens_and_cost_are_those_of_the_training_rows_in_all_epochs() -> None:
    rows = good()
    tokens = sum(tokens_of(one) for one in rows[:10])
    found = report(rows, epochs=3, price_usd=Decimal("25"))
    assert (found.tokens, found.trained_tokens) == (tokens, 3 * tokens)
    assert found.cost_usd == Decimal(25) * 3 * tokens / 1_000_000
    assert report(rows, epochs=3).cost_usd is None
    assert report(rows, price_usd=Decimal(0)).cost_usd == 0


def test_a_system_prompt_counts() -> None:
    plain = example().in_split(Split.TRAIN)
    assert tokens_of(replace(plain, system="Be brief.")) > tokens_of(plain)


def test_an_empty_dataset_says_so() -> None:
    found = check([], np.zeros((0, 8), dtype=np.float32), Terms(200))
    assert {finding.code for finding in found.findings} == {"too_few_rows", "no_held_out"}


def reworded_row(of: Row, question: str, split: Split) -> Row:
    source = replace(of.provenance, rewording=Rewording("rule", "how to", of.question))
    return replace(of, question=question, provenance=source, split=split)


def test_paraphrases_that_are_near_by_their_form_are_no_leak_and_one_apart_from_its_question_is() -> None:
    rows = good()
    assert rows[0].split is not rows[-1].split
    near = [
        reworded_row(rows[0], "How to do it?", rows[0].split),
        reworded_row(rows[-1], "How to do it!", rows[-1].split),
    ]
    assert "leak" not in {finding.code for finding in report([*rows, *near]).findings}
    apart = reworded_row(rows[0], "How to do that?", rows[-1].split)
    finding = only([*rows, apart], "leak")
    assert "comes from the same FAQ as" in finding.text


@pytest.mark.parametrize("seed", [1, 2])
def test_what_was_split_by_the_same_measure_has_no_leak(seed: int) -> None:
    examples = [
        Example(faq["question"], faq["answer"], Provenance(FaqSource(UUID(int=n + 1), 1)))
        for n, faq in enumerate(samples.faqs(400, seed))
    ]
    parts = split([Item.of(one) for one in examples], None, seed=str(seed)).splits
    rows = [
        made.in_split(parts[one.id])
        for one in examples
        for made in (one, *reworded(one, TRAINING_RULES if parts[one.id] is Split.TRAIN else HELD_OUT_RULES, most=3))
    ]
    assert "leak" not in {finding.code for finding in check(rows, None, Terms(500)).findings}
