"""Long sections are asked about in parts."""

from backend.agents.tokens import tokens_in
from backend.faqs.pieces import PIECE, pieces_of
from tests.faqs.building import section

PARAGRAPH = "Orders above fifty euros are sent free of charge, and smaller ones cost five euros within the country."


def test_a_section_of_usual_length_is_one_piece() -> None:
    [piece] = pieces_of(section(("Orders", "Delivery"), PARAGRAPH))
    assert (piece.text, piece.title, piece.part) == (PARAGRAPH, "Orders > Delivery", 0)


def test_a_section_with_too_few_words_is_not_asked_about() -> None:
    assert list(pieces_of(section("Empty"))) == []
    assert list(pieces_of(section("Short", "See above."))) == []


def test_a_long_section_is_divided_between_its_blocks() -> None:
    long = section("Rules", *[f"{n}: {PARAGRAPH}" for n in range(100)])
    pieces = list(pieces_of(long))
    assert len(pieces) > 3
    assert [piece.part for piece in pieces] == list(range(len(pieces)))
    assert all(tokens_in(piece.text) <= PIECE for piece in pieces)
    assert all(piece.text[0].isdigit() and piece.text.endswith("country.") for piece in pieces)
    assert "\n\n".join(piece.text for piece in pieces) == long.text


def test_a_block_that_is_too_long_is_divided_between_words() -> None:
    words = " ".join(f"word{n}" for n in range(5_000))
    pieces = list(pieces_of(section("Log", words)))
    assert "".join(piece.text for piece in pieces) == words
    assert all(tokens_in(piece.text) <= PIECE for piece in pieces)
    assert all(piece.text.startswith("word") for piece in pieces)


def test_a_text_without_spaces_is_divided_too() -> None:
    text = "説明" * 3_000
    pieces = list(pieces_of(section("説明", text)))
    assert "".join(piece.text for piece in pieces) == text
    assert all(tokens_in(piece.text) <= PIECE for piece in pieces)


def test_a_key_changes_with_what_the_model_sees() -> None:
    [first] = pieces_of(section("Orders", PARAGRAPH))
    [same] = pieces_of(section("Orders", PARAGRAPH, ordinal=7))
    [renamed] = pieces_of(section("Parcels", PARAGRAPH))
    [changed] = pieces_of(section("Orders", PARAGRAPH.replace("five", "six")))
    assert first.key == same.key
    assert len({first.key, renamed.key, changed.key}) == 3
