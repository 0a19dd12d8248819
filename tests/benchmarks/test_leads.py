"""The benchmark of lead extraction: what is evidence, and what is not shown of the held-out set."""

from datetime import date

import pytest

from benchmarks import leads
from benchmarks.leads_set.judging import Found, is_evidence
from benchmarks.leads_set.labels import Item, Label, Message, Piece

ITEM = Item(
    id="one",
    language="en",
    today=date(2026, 3, 4),
    region="US",
    messages=(
        Message(role="user", text="I'm Ann"),
        Message(role="assistant", text="Thanks, Ann. And your last name, is it Ann Lee?"),
        Message(role="user", text="Lee, yes"),
    ),
    own_fields=(),
    fields={"name": Label(value="Ann Lee", span="Lee", message=2, pieces=(Piece(span="Ann", message=0),))},
    history=(),
)


@pytest.mark.parametrize(("span", "message"), [("Lee", 2), ("Lee, yes", 2), ("Ann", 0)])
def test_words_that_share_some_with_the_label_or_a_piece_are_evidence(span: str, message: int) -> None:
    assert is_evidence(ITEM, "name", Found("Ann Lee", span, message))


@pytest.mark.parametrize(
    ("field", "span", "message"),
    [("name", "yes", 2), ("name", "Lee", 0), ("name", "Ann Lee", 1), ("name", "", 2), ("role", "Lee", 2)],
)
def test_other_words_and_those_of_the_assistant_are_none(field: str, span: str, message: int) -> None:
    assert not is_evidence(ITEM, field, Found("Ann Lee", span, message))


def test_what_is_missed_of_the_held_out_set_is_never_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["leads", "--split", "held_out", "--wrong"])

    with pytest.raises(SystemExit):
        leads.main()
    assert "no rule may be made" in capsys.readouterr().err


async def test_an_item_is_judged_field_by_field() -> None:
    scores = leads.Scores()

    faults = list(leads.judged(ITEM, await leads.extracted(ITEM), scores))

    assert faults == []
    assert (scores.every.right, scores.every.found, scores.every.due) == (1, 1, 1)
