from collections import Counter
from pathlib import Path
from statistics import median

import pytest

from benchmarks.retrieval_set import hardness, manuals
from benchmarks.retrieval_set.hardness import Gold, KeywordSearch, Overlap, Question
from benchmarks.retrieval_set.manuals import Manual, Passage, Section


@pytest.fixture(scope="module")
def questions() -> list[Question]:
    return hardness.load()


def passage(manual: str, title: str, text: str, ordinal: int = 0) -> Passage:
    return Passage(Section(manual, "page.html", ordinal, (title,), text), 0, len(text))


def asked(question: str, *gold: Gold, id: str = "toast-01", overlap: Overlap | None = None) -> Question:
    return Question(
        id=id, kind="answerable", manual="toast", split="tune", question=question, gold=gold, overlap=overlap
    )


CORPUS = [
    passage("toast", "Burnt bread", "Turn the knob to a lower number, and the slices stay pale."),
    passage("toast", "Crumbs", "Pull out the tray below and empty it once a week.", ordinal=1),
    passage("kettle", "Lime", "Boil vinegar in the kettle; the knob is not needed."),
]
PALE = Gold(manual="toast", quote="Turn the knob to a lower number, and")


def test_the_questions_hold_together(questions: list[Question]) -> None:
    assert list(hardness.structure_faults(questions)) == []
    assert len({one.id for one in questions}) == len(questions)


def test_there_are_as_many_of_each_kind_as_planned(questions: list[Question]) -> None:
    assert Counter(one.kind for one in questions) == {"answerable": 120, "near": 35, "off": 25}


def test_every_manual_and_kind_is_halved_by_the_split(questions: list[Question]) -> None:
    groups = {(one.kind, one.manual) for one in questions}
    for kind, manual in groups:
        halves = Counter(one.split for one in questions if (one.kind, one.manual) == (kind, manual))
        assert abs(halves["tune"] - halves["test"]) <= 1, (kind, manual)
    assert Counter(one.split for one in questions) == {"tune": 90, "test": 90}


def test_questions_are_sorted_by_manual_and_gold_names_known_manuals(questions: list[Question]) -> None:
    order = [(one.manual or "~", one.id) for one in questions]
    assert order == sorted(order)
    held = {manual.key for manual in manuals.MANUALS}
    asked_over = {manual.key for manual in manuals.MANUALS if manual.asked}
    assert {gold.manual for one in questions for gold in one.gold} <= held
    assert {one.manual for one in questions} == asked_over | {None}


def test_half_of_the_answerable_questions_are_over_question_headings(questions: list[Question]) -> None:
    headings = {manual.key: manual.asked for manual in manuals.MANUALS}
    assert Counter(headings[one.manual] for one in questions if one.manual and one.gold) == {
        "questions": 60,
        "nouns": 60,
    }


def test_the_words_of_a_question_give_little_away(questions: list[Question]) -> None:
    overlaps = [one.overlap for one in questions if one.overlap]
    assert all(0 <= share <= 1 for one in overlaps for share in (one.words, one.stems))
    assert median(one.stems for one in overlaps) <= hardness.MOST_OVERLAP


@pytest.mark.parametrize(
    ("one", "other"),
    [("rule", "rules"), ("copy", "copies"), ("stop", "stopped"), ("stop", "stopping"), ("make", "making")],
)
def test_forms_of_a_word_have_one_stem(one: str, other: str) -> None:
    assert hardness.stem(one) == hardness.stem(other)


@pytest.mark.parametrize(("one", "other"), [("access", "acces"), ("ring", "r"), ("bed", "b"), ("tell", "tel")])
def test_a_stem_keeps_what_is_no_ending(one: str, other: str) -> None:
    assert hardness.stem(one) != other


def test_the_overlap_counts_the_heading_and_the_best_passage() -> None:
    measured = hardness.overlap("Why are knobs burnt daily?", CORPUS[:2])

    assert measured == Overlap(words=0.33, stems=0.67)
    assert hardness.overlap("Why are knobs burnt daily?", []) == Overlap(words=0, stems=0)


def test_keyword_search_ranks_sections_by_their_best_passage() -> None:
    text = "The knob is round. Turn the knob."
    section = Section("toast", "page.html", 2, ("Knob",), text)
    parts = [Passage(section, 0, 18), Passage(section, 19, len(text))]
    search = KeywordSearch([*CORPUS, *parts])

    found = search.sections("where is the knob?")

    assert found[0] == section.key
    assert len(found) == len(set(found)) == 3
    assert search.rank("where is the knob?", frozenset({CORPUS[1].section.key})) == 0
    assert search.rank("empty tray", frozenset({CORPUS[1].section.key})) == 1
    search.close()


def test_ranks_are_those_of_the_gold_sections() -> None:
    assert hardness.ranks([asked("my slices are black", PALE), asked("vinegar knob", PALE)], CORPUS) == [1, 2]


def test_a_question_that_fits_its_corpus_has_no_fault() -> None:
    fitting = asked("my slices are black", PALE, overlap=Overlap(words=0.5, stems=0.5))

    assert list(hardness.corpus_faults([fitting], CORPUS)) == []
    assert hardness.gold_passages(fitting, CORPUS) == [CORPUS[0]]


@pytest.mark.parametrize(
    ("gold", "said"),
    [
        (Gold(manual="toast", quote="there is no such sentence"), "no passage"),
        (Gold(manual="toast", quote="the knob"), "kettle/page.html#0"),
        (Gold(manual="kettle", quote="Turn the knob to a lower number, and"), "toast/page.html#0"),
    ],
)
def test_a_quote_that_is_not_where_it_should_be_is_told_with_the_id(gold: Gold, said: str) -> None:
    faults = list(hardness.corpus_faults([asked("my slices are black", gold)], CORPUS))

    assert faults[0].startswith("toast-01: ")
    assert said in faults[0]


def test_an_overlap_that_is_out_of_date_is_told_with_the_measured_one() -> None:
    stale = asked("my slices are black", PALE, overlap=Overlap(words=0.1, stems=0.1))

    assert list(hardness.corpus_faults([stale], CORPUS)) == [
        "toast-01: the overlap is Overlap(words=0.5, stems=0.5), the file says Overlap(words=0.1, stems=0.1)"
    ]


def test_what_is_wrong_without_a_corpus_is_told_with_the_id() -> None:
    measured = Overlap(words=0.0, stems=0.0)
    faults = hardness.structure_faults(
        [
            asked("my slices are black", PALE, overlap=measured),
            asked("My slices are black!", PALE, id="toast-02", overlap=measured),
            asked("too short", Gold(manual="toast", quote="tiny"), id="toast-03"),
            Question(id="toast-03", kind="off", manual="toast", split="test", question="who are you today"),
        ]
    )

    assert sorted(faults) == [
        "toast-01: asked twice",
        "toast-02: asked twice",
        "toast-02: is for tune, but by the rule for test",
        "toast-03: 'why' does not fit the kind 'off'",
        "toast-03: 2 questions have this id",
        "toast-03: 2 words, not 4 to 25",
        "toast-03: a quote of 4 characters, not 30 to 120: 'tiny'",
        "toast-03: gold and overlap do not fit the kind 'answerable'",
        "toast-03: is for tune, but by the rule for test",
        "toast-03: manual 'toast' does not fit the kind 'off'",
    ]


def test_a_set_that_is_too_easy_or_small_is_told() -> None:
    easy = asked("turn the knob lower", PALE, overlap=Overlap(words=1.0, stems=1.0))

    assert len(list(hardness.limit_faults([easy], [1], distractors=10))) == 3
    hard = asked("turn the knob lower", PALE, overlap=Overlap(words=0.2, stems=0.2))
    assert list(hardness.limit_faults([hard], [7], distractors=2_000)) == []


def test_manuals_are_read_by_our_own_pipeline_with_unique_section_keys(tmp_path: Path) -> None:
    (tmp_path / "docs" / "more").mkdir(parents=True)
    (tmp_path / "docs" / "a.html").write_text("<h1>Bread</h1><p>Pale.</p><h2>Crumbs</h2><p>A tray.</p>")
    (tmp_path / "docs" / "more" / "a.html").write_text("<h1>Lime</h1><p>Vinegar.</p>")
    (tmp_path / "docs" / "more" / "b.html").write_text("<html><body></body></html>")
    manual = Manual("toast", "toast-doc", "docs", "a more/* more/a")

    read = manuals.passages([manual], tmp_path)

    assert [one.section.key for one in read] == ["toast/a.html#0", "toast/a.html#1", "toast/more/a.html#0"]
    assert read[1].text == "Bread > Crumbs\nA tray."


def test_packages_whose_manuals_are_not_there_are_missing(tmp_path: Path) -> None:
    assert manuals.missing(tmp_path) == manuals.packages()
    assert len(manuals.packages()) == len(set(manuals.packages()))
