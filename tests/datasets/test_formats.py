"""Datasets as files: what is written is read again, and what is wrong is named by row and field."""

import contextlib
import csv
import io
import json
import tracemalloc
from pathlib import Path
from typing import get_args
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from backend.datasets import formats
from backend.datasets.formats import Form, Imported, active, export, inert, read
from backend.datasets.rows import FileSource, Provenance, Row, Split
from backend.datasets.shapes import LONGEST_TEXT
from backend.errors import UnreadableDataset
from tests.datasets.building import example, row
from tests.datasets.strategies import rows

FORMS: tuple[Form, ...] = get_args(Form)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "file"


def reread(path: Path, made: list[Row], form: Form, *, with_metadata: bool = True) -> list[Imported]:
    path.write_text("".join(export(made, form, with_metadata=with_metadata)), encoding="utf-8", newline="")
    return list(read(path, "data"))


def imported(path: Path, content: str | bytes, **options: object) -> list[Imported]:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read(path, "data.file", **options))  # type: ignore[arg-type]  # passed on


def refused(path: Path, content: str | bytes, **options: object) -> str:
    with pytest.raises(UnreadableDataset) as caught:
        imported(path, content, **options)
    return str(caught.value)


def said(found: list[Imported]) -> list[tuple[str, str, str | None]]:
    return [(one.example.question, one.example.answer, one.example.system) for one in found]


@pytest.mark.parametrize("form", FORMS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(made=st.lists(rows(), min_size=1, max_size=5))
def test_rows_survive_every_form(path: Path, form: Form, made: list[Row]) -> None:
    found = reread(path, made, form)
    assert [one.example.in_split(one.split or Split.TRAIN) for one in found] == made
    assert all(one.split is not None for one in found)


HARD = [
    "=1+1",
    "'=1",
    "''@x",
    "\tx",
    "\rx",
    "a\r\nb\rc\nd",
    'say "hi", ok',
    ";,\t",
    "é ß 你 🙂",
    "\u2028x\x85\x0by",
    " pad ",
    "{",
    "[",
    "'",
]


@pytest.mark.parametrize("form", FORMS)
def test_hard_texts_survive_every_form(path: Path, form: Form) -> None:
    made = [row(text, text, faq=number) for number, text in enumerate(HARD)]
    assert said(reread(path, made, form)) == [(text, text, None) for text in HARD]


@pytest.mark.parametrize("form", FORMS)
def test_without_metadata_the_texts_survive(path: Path, form: Form) -> None:
    made = [example(system="Be brief.").in_split(Split.HELD_OUT), row()]
    found = reread(path, made, form, with_metadata=False)
    assert said(found) == [(one.question, one.answer, one.system) for one in made]
    assert [one.split for one in found] == ([Split.HELD_OUT, Split.TRAIN] if form == "csv" else [None, None])
    assert [one.example.provenance for one in found] == [Provenance(FileSource("data", n)) for n in (1, 2)]


def test_openai_gets_nothing_but_messages() -> None:
    [line] = export([example(system="Be brief.").in_split(Split.TRAIN)], "openai", with_metadata=False)
    assert json.loads(line) == {
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "How do I pay?"},
            {"role": "assistant", "content": "By card."},
        ]
    }


def test_alpaca_is_one_array_with_a_row_in_each_line() -> None:
    text = "".join(export([row(), row()], "alpaca", with_metadata=False))
    assert json.loads(text) == [{"instruction": "How do I pay?", "input": "", "output": "By card.", "system": ""}] * 2
    assert len(text.splitlines()) == 4
    assert json.loads("".join(export([], "alpaca", with_metadata=True))) == []


def test_metadata_has_one_schema_for_every_row() -> None:
    made = [row(), example().in_split(Split.TRAIN)]
    lines = [json.loads(line) for line in export(made, "sharegpt", with_metadata=True)]
    assert {tuple(line["metadata"]["provenance"]) for line in lines} == {
        (
            "faq_id",
            "faq_revision",
            "document_id",
            "section",
            "page",
            "file",
            "row",
            "reworded_by",
            "rewording",
            "reworded_from",
        )
    }


def test_no_cell_of_a_csv_file_is_a_formula() -> None:
    text = "".join(export([row(bad, bad) for bad in ("=x", "+x", "-x", "@x", "\tx", "\rx")], "csv", with_metadata=True))
    cells = [cell for record in csv.reader(io.StringIO(text, newline="")) for cell in record]
    assert not [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell]


@given(st.text(st.sampled_from("'=+-@\t\ra"), max_size=6))
def test_inert_has_a_way_back(cell: str) -> None:
    assert active(inert(cell)) == cell
    assert inert(cell)[:1] not in set("=+-@\t\r")


def test_export_is_written_a_row_at_a_time() -> None:
    taken: list[int] = []

    def made() -> object:
        for number in range(3):
            taken.append(number)
            yield row()

    pieces = export(made(), "openai", with_metadata=False)  # type: ignore[arg-type]  # a generator of rows
    next(pieces)
    assert taken == [0]


OPENAI = json.dumps({"messages": [{"role": "user", "content": "Q?"}, {"role": "assistant", "content": "A."}]})
ALPACA = json.dumps({"instruction": "Q?", "input": "", "output": "A."})
SHAREGPT = json.dumps({"conversations": [{"from": "human", "value": "Q?"}, {"from": "gpt", "value": "A."}]})


@pytest.mark.parametrize("line", [OPENAI, ALPACA, SHAREGPT])
@pytest.mark.parametrize(
    "frame", ["{0}\n{0}\n", "{0}\r\n\r\n{0}", "[{0},{0}]", "\n [\n {0} ,\r\n{0}\n]\n\n", "\ufeff{0}\n{0}"]
)
def test_a_form_is_found_from_the_content(path: Path, line: str, frame: str) -> None:
    found = imported(path, frame.format(line))
    assert said(found) == [("Q?", "A.", None)] * 2
    assert [one.example.provenance.source for one in found] == [FileSource("data.file", 1), FileSource("data.file", 2)]
    assert found[0].example.id != found[1].example.id


@pytest.mark.parametrize("divider", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_csv_with_any_divider_and_line_end(path: Path, divider: str, end: str) -> None:
    lines = [("Answer", "tags", " Question ", "Split"), ('"A, ""b""; c"', "x", "Q?", "test"), ("B", "", "R?", "")]
    found = imported(path, end.join(divider.join(cells) for cells in lines) + end + end)
    assert said(found) == [("Q?", 'A, "b"; c', None), ("R?", "B", None)]
    assert [one.split for one in found] == [Split.HELD_OUT, None]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1", "cp1252"])
@pytest.mark.parametrize(
    "text", ["question,answer\nWürde?,Ça va à £5\n", '{"instruction": "Würde?", "output": "Ça va à £5"}']
)
def test_any_encoding_of_documents(path: Path, encoding: str, text: str) -> None:
    assert said(imported(path, text.encode(encoding))) == [("Würde?", "Ça va à £5", None)]


def test_the_export_of_faqs_is_read(path: Path) -> None:
    head = "question,answer,status,confidence,document,section,page,tags\r\n"
    assert said(imported(path, head + 'Q?,\'=A,approved,1.0,a.pdf,Paying,3,"a, b"\r\n')) == [("Q?", "=A", None)]


def chat(*messages: object) -> str:
    return json.dumps({"messages": list(messages)})


def share(*turns: tuple[str, str], **more: object) -> str:
    return json.dumps({"conversations": [{"from": speaker, "value": text} for speaker, text in turns], **more})


def alpaca(**fields: object) -> str:
    return json.dumps({"instruction": "Q", "output": "A", **fields})


USER, ASSISTANT = {"role": "user", "content": "Q"}, {"role": "assistant", "content": "A"}
TEXT = {"type": "text", "text": "Q"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (chat({"role": "developer", "content": "S"}, USER, ASSISTANT), ("Q", "A", "S")),
        (chat({"role": "user", "content": [TEXT, TEXT]}, {**ASSISTANT, "weight": 1}), ("QQ", "A", None)),
        (share(("user", "Q"), ("chatgpt", "A"), system="S"), ("Q", "A", "S")),
        (share(("system", "S"), ("human", "Q"), ("gpt", "A")), ("Q", "A", "S")),
        (alpaca(input="Text", system=None, history=[]), ("Q\nText", "A", None)),
        (alpaca(instruction=" ", output=""), (" ", "", None)),
    ],
)
def test_variants_in_use_are_read(path: Path, line: str, expected: tuple[str, str, str | None]) -> None:
    assert said(imported(path, line)) == [expected]


TURNS = [("user", "Q"), ("assistant", "A"), ("user", "And then?"), ("assistant", "B")]


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ({"messages": [{"role": role, "content": text} for role, text in TURNS]}, "messages"),
        ({"conversations": [{"from": role, "value": text} for role, text in TURNS]}, "conversations"),
        ({"instruction": "And then?", "output": "B", "history": [["Q", "A"]]}, "history"),
    ],
)
def test_of_several_turns_the_first_stands_alone(path: Path, value: object, field: str) -> None:
    content = f"{ALPACA}\n{json.dumps(value)}"
    assert f"'data.file', row 2, {field}: it has several turns" in refused(path, content)
    assert said(imported(path, content, turns="first"))[1] == ("Q", "A", None)


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("", "'data.file' is empty"),
        (" \r\n\t", "'data.file' is empty"),
        ("[]", "'data.file' has no rows"),
        ("question,answer\n", "'data.file' has no rows"),
        ("name,answer\nx,y\n", "neither JSON nor CSV with one column question and one answer; it begins 'name,answer'"),
        ("question,prompt,answer\nx,y,z\n", "one column question"),
        (b"\x89PNG\r\n\x1a\n\x00\x00", "neither JSON nor CSV"),
        ("question,answer\na,b\nc\n", "row 2, row: it has 1 cells, the header has 2"),
        ("question,answer\na,b,c\n", "row 1, row: it has 3 cells, the header has 2"),
        ('question,answer\na,"b"c\n', "row 1, row: it is not CSV"),
        ('question,answer\na,b\na,"b\n', "row 2, row: it is not CSV"),
        ("question,answer,split\na,b,other\n", "row 1, split: 'other' is none of 'train', 'validation', 'held_out'"),
        ('question,answer,source\na,b,"{""page"": 1}"\n', "row 1, provenance: it has neither a faq_id"),
        ("question,answer\na,b\x00c\n", "row 1, row: it contains a NUL character"),
        ("question,answer\na,b\n".encode("utf-16-le"), "NUL character: the file is none of text"),
        ("question,answer\na,b\n".encode("utf-16") + b"x", "after row 0: it is not text in utf-16"),
        (f"{ALPACA}\n{{bad", "row 2, row: it is not JSON: Expecting property name enclosed in double quotes, column 2"),
        (f"{ALPACA}\n3", "row 2, row: it is a number, not an object"),
        ('{"a": 1}', "row 1, row: it has neither messages, conversations nor instruction, but 'a'"),
        ('{"a":' + "[" * 200_000, "row 1, row: it is not JSON: it is nested too deeply"),
        ('{"a":' + "1" * 5_000 + "}", "row 1, row: it is not JSON: a number is too long"),
        ('{"instruction": "Q"}', "row 1, output: it is missing"),
        ('{"instruction": 7, "output": "A"}', "row 1, instruction: it is a number, not a text"),
        ('{"instruction": "Q", "output": "a\\u0000"}', "row 1, output: it contains a NUL character"),
        ('{"instruction": "Q", "output": "\\ud800"}', "row 1, output: it contains half of a character"),
        (alpaca(split=3), "row 1, split: '3' is none of"),
        (alpaca(metadata={"provenance": {"file": "\ud800", "row": 1}}), "provenance.file"),
        (alpaca(metadata={"provenance": 1}), "row 1, provenance: it is not an object"),
        (alpaca(history=[["Q"]]), "row 1, history"),
        (alpaca(output="x" * (LONGEST_TEXT + 1)), "row 1, output: it has 100001 characters"),
        (chat(), "row 1, messages: user and assistant must take turns, after a system prompt or none; it is nobody"),
        (chat(USER), "it is user"),
        (chat(ASSISTANT, USER), "it is assistant, user"),
        (chat(USER, USER, ASSISTANT), "it is user, user, assistant"),
        (chat(USER, {"role": "system", "content": "S"}, ASSISTANT), "it is user, system, assistant"),
        (chat(USER, ASSISTANT, USER), "it is user, assistant, user"),
        (chat(USER, {"role": "tool", "content": "A"}), "row 1, messages[1].role: 'tool' is unknown; known: 'system'"),
        (chat(USER, {"role": "assistant", "content": None}), "row 1, messages[1].content: it is missing"),
        (chat(USER, {**ASSISTANT, "weight": 0}), "row 1, messages[1].weight: it is 0"),
        (chat(USER, {**ASSISTANT, "tool_calls": [{}]}), "row 1, messages[1].tool_calls: only texts"),
        (chat({"role": "user", "content": [{"type": "image_url"}]}, ASSISTANT), "messages[0].content[0]: only texts"),
        (chat("x"), "row 1, messages[0]: it is a text, not an object"),
        ('{"messages": {}}', "row 1, messages: it is an object, not a list"),
        ('{"conversations": [{"from": "bot", "value": "x"}]}', "row 1, conversations[0].from: 'bot' is unknown"),
        ('{"conversations": [], "tools": "[x]"}', "row 1, tools: only texts"),
        (f"[{ALPACA} {ALPACA}]", "row 2, row: ']' is expected, not '{'"),
        (f"[{ALPACA},]", "row 2, row: '{' is expected, not ']'"),
        (f"[{ALPACA}", "row 2, row: ']' is missing"),
        (f"[{ALPACA}] x", "row 2, row: something follows the end of the array"),
        (f"[{ALPACA},3]", "row 2, row: '{' is expected, not '3'"),
        ('[{"instruction": "Q", "outp', "row 1, row: it is not JSON: Unterminated string"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_row_and_field(path: Path, content: str | bytes, what: str) -> None:
    assert what in refused(path, content)


def test_more_rows_than_the_limit_are_refused(path: Path) -> None:
    assert len(imported(path, f"{ALPACA}\n" * 3, most_rows=3)) == 3
    assert "'data.file' has more than 2 rows; divide it" in refused(path, f"{ALPACA}\n" * 3, most_rows=2)


def test_rows_come_before_the_file_is_read_to_its_end(path: Path) -> None:
    path.write_text(f"{ALPACA}\nbad")
    found = read(path, "data")
    assert next(found).example.question == "Q?"
    with pytest.raises(UnreadableDataset, match="row 2"):
        next(found)


@pytest.mark.parametrize(
    "start", ["{", "[{", '[{"instruction": "', "question", 'question,answer\na,"', '{"instruction": "']
)
@pytest.mark.parametrize("filling", ["x", '"a"\n', " "])
def test_one_giant_row_is_refused_in_little_memory(path: Path, start: str, filling: str) -> None:
    """The limit is a tenth of the file, and memory a part of the file."""
    size = 24_000_000
    with path.open("w") as file:
        file.write(start)
        for _ in range(24):
            file.write(filling * (size // 24 // len(filling)))
    tracemalloc.start()
    try:
        with pytest.raises(UnreadableDataset):
            list(read(path, "data"))
        assert tracemalloc.get_traced_memory()[1] < size / 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('{"instruction": "' + "x" * 200, "row 1, row: it has more than 100 characters"),
        (f"{ALPACA}\n" + '{"instruction": "' + "x" * 200, "row 2, row: it has more than 100 characters"),
        (
            f"[{ALPACA}," + '{"instruction": "' + "x" * 200,
            "row 2, row: it is not JSON, or has more than 100 characters",
        ),
        ("question,answer\na,b\na," + "b" * 200, "row 2, row: it has more than 100 characters"),
        (
            'question,answer\na,b\na,"' + "b\n" * 60,
            "row 2, row: it has more than 100 characters; is a quote not closed?",
        ),
    ],
)
def test_a_row_over_the_limit_says_so(path: Path, monkeypatch: pytest.MonkeyPatch, content: str, what: str) -> None:
    monkeypatch.setattr(formats, "LONGEST_ROW", 100)
    assert what in refused(path, content)


def test_the_limit_is_that_of_each_row(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LONGEST_ROW", 100)
    for content in (f"{ALPACA}\n" * 20, "question,answer\n" + "Q?,A.\n" * 100, f"[{','.join([ALPACA] * 20)}]"):
        assert set(said(imported(path, content))) == {("Q?", "A.", None)}


def test_large_rows_of_an_array_are_read_across_blocks(path: Path) -> None:
    value = {"instruction": "Q", "output": "é" * (LONGEST_TEXT - 1)}
    found = imported(path, json.dumps([value] * 8, ensure_ascii=False))
    assert [len(one.example.answer) for one in found] == [LONGEST_TEXT - 1] * 8


KEYS = ["messages", "role", "content", "conversations", "from", "value", "instruction", "output"]
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["user", "assistant", "human", "gpt"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.binary(max_size=120) | st.text(max_size=120).map(str.encode) | JSON.map(lambda value: json.dumps(value).encode())
)
def test_any_file_is_read_or_refused(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with contextlib.suppress(UnreadableDataset):
        list(read(path, "data"))


def test_blocks_do_not_change_what_is_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = "".join(export([row(hard, hard, faq=n) for n, hard in enumerate(HARD)], "alpaca", with_metadata=True))
    whole = imported(path, text)
    monkeypatch.setattr(formats, "_BLOCK", 1)
    assert imported(path, text) == whole
    assert whole[0].example.provenance.source == row("x", "x", faq=0).provenance.source
    assert isinstance(whole[0].example.id, UUID)
