"""A row says where it came from, and the hash of a dataset says everything about its rows."""

import json
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.datasets.rows import (
    Example,
    FaqSource,
    FileSource,
    Provenance,
    Rewording,
    Row,
    Split,
    content_hash,
    provenance_from_json,
    provenance_to_json,
)
from tests.datasets.building import example, imported, row
from tests.datasets.strategies import provenances, rows


def test_an_id_tells_source_revision_and_wording_apart() -> None:
    one = example()
    assert one.id == example(answer="By another card.").id == one.in_split(Split.TRAIN).id
    others = {one.id, example(faq=8).id, example(revision=2).id, example("How can I pay?").id, imported("x", "y").id}
    assert len(others) == 5
    assert one.id.version == 5


def test_an_id_is_the_same_tomorrow() -> None:
    assert example().id == UUID("2f62966e-7cb9-550c-be8c-b2ce181f67e0")


def test_a_row_of_a_file_is_another_than_that_of_a_faq_with_the_same_name() -> None:
    faq = Example("q", "a", Provenance(FaqSource(UUID(int=7), 1)))
    file = Example("q", "a", Provenance(FileSource(str(UUID(int=7)), 1)))
    assert faq.id != file.id


def test_the_origin_follows_from_the_provenance() -> None:
    assert example().origin == "faq"
    assert example(rewording=Rewording("rule", "way", "How do I pay?")).origin == "paraphrase"
    assert imported("q", "a").origin == "imported"


@pytest.mark.parametrize("blank", ["", " \n", None])
def test_a_blank_system_prompt_is_none(blank: str | None) -> None:
    assert example(system=blank).system is None
    assert example(system="Be brief.").in_split(Split.TRAIN).system == "Be brief."


@given(st.lists(rows(), max_size=6).flatmap(lambda made: st.tuples(st.just(made), st.permutations(made))))
def test_the_hash_does_not_depend_on_the_order(orders: tuple[list[Row], list[Row]]) -> None:
    assert content_hash(orders[0]) == content_hash(orders[1])


def test_the_hash_is_the_same_tomorrow() -> None:
    assert (
        content_hash([row(), row("Wie zahle ich? €", faq=8)])
        == "94b19faa2ab736ee207df890a9cf46e5c5dd42b03f1707675613d579309703e1"
    )


@pytest.mark.parametrize(
    "changed",
    [
        replace(row(), question="How do I pay ?"),
        replace(row(), answer="By card!"),
        replace(row(), system="Be brief."),
        replace(row(), split=Split.HELD_OUT),
        replace(row(), provenance=Provenance(FaqSource(UUID(int=7), 2, UUID(int=99), "Paying", 3))),
        replace(row(), provenance=Provenance(FaqSource(UUID(int=7), 1, None, "Paying", 3))),
        replace(row(), provenance=Provenance(FaqSource(UUID(int=7), 1, UUID(int=99), "Pay", 3))),
        replace(row(), provenance=Provenance(FaqSource(UUID(int=7), 1, UUID(int=99), "Paying", 4))),
        replace(row(), provenance=Provenance(row().provenance.source, Rewording("rule", "way", "x"))),
        replace(row(), provenance=Provenance(FileSource("a.csv", 1))),
    ],
)
def test_any_change_changes_the_hash(changed: Row) -> None:
    assert content_hash([changed]) != content_hash([row()])


def test_a_row_twice_is_another_dataset() -> None:
    assert len({content_hash([]), content_hash([row()]), content_hash([row(), row()])}) == 3


def test_what_stands_in_one_field_cannot_pass_for_another() -> None:
    assert content_hash([row('a","answer":"b', "c")]) != content_hash([row("a", 'b","answer":"c')])


@given(provenances())
def test_provenance_survives_json(provenance: Provenance) -> None:
    assert provenance_from_json(json.loads(json.dumps(provenance_to_json(provenance)))) == provenance


@pytest.mark.parametrize(
    ("value", "what"),
    [
        (None, "not an object"),
        ({}, "neither a faq_id nor a file"),
        ({"faq_id": "7"}, "faq_id is not a UUID"),
        ({"faq_id": 7}, "faq_id is not a text"),
        ({"file": "a", "row": "1"}, "row is not a whole number"),
        ({"file": "a", "row": True}, "row is not a whole number"),
        ({"file": "a", "row": 1, "rewording": "way"}, "reworded_by is 'rule' or 'model'"),
        ({"file": "a", "row": 1, "rewording": "x", "reworded_by": "me", "reworded_from": "q"}, "reworded_by"),
    ],
)
def test_what_is_no_provenance_is_refused_with_the_key(value: object, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        provenance_from_json(value)
