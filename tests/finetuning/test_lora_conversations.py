"""Conversations as prompts and answers."""

import json
from pathlib import Path

import pytest

from backend.errors import InvalidRequest
from backend.finetuning.lora_conversations import Example, Turn, fitting, read


def written(path: Path, *conversations: list[tuple[str, str]]) -> Path:
    rows = [{"messages": [{"role": role, "content": text} for role, text in one]} for one in conversations]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def words(turns: list[dict[str, str]], answer_follows: bool) -> int:
    return sum(len(turn["content"].split()) for turn in turns) + answer_follows


def example(question: str, answer: str) -> Example:
    return Example((Turn(role="user", content=question),), Turn(role="assistant", content=answer))


def test_each_answer_is_learnt_with_all_that_was_said_before_it(tmp_path: Path) -> None:
    file = written(
        tmp_path / "train.jsonl",
        [("system", "Be brief."), ("user", "One?"), ("assistant", "1"), ("user", "Two?"), ("assistant", "2")],
        [("user", "A question without an answer.")],
        [("assistant", "An answer without a question.")],
    )
    found = read(file)
    assert [(len(one.prompt), one.completion.content) for one in found] == [(2, "1"), (4, "2")]
    assert found[1].row["completion"] == [{"role": "assistant", "content": "2"}]
    assert [turn["content"] for turn in found[1].turns] == ["Be brief.", "One?", "1", "Two?", "2"]


def test_without_a_file_there_are_none(tmp_path: Path) -> None:
    assert read(tmp_path / "validation.jsonl") == ()


@pytest.mark.parametrize("line", ["no JSON", "[]", '{"messages": [{"role": "user"}]}', '{"text": "x"}'])
def test_a_line_that_is_no_conversation_is_named_by_its_number(tmp_path: Path, line: str) -> None:
    file = written(tmp_path / "train.jsonl", [("user", "One?"), ("assistant", "1")])
    file.write_text(file.read_text() + line + "\n")
    with pytest.raises(InvalidRequest, match=r"line 2 of 'train\.jsonl'"):
        read(file)


def test_a_question_that_leaves_no_room_for_an_answer_is_left_out() -> None:
    short, cut, long = example("one two", "three"), example("one two", "three " * 9), example("one " * 9, "two")
    found = fitting([short, cut, long], words, 6)
    assert found.examples == (short, cut)
    assert (found.dropped, found.longest, found.cut) == (1, 6, 1)
    assert (fitting([short], words, 6).longest, fitting([short], words, 6).cut) == (3, 0)
