"""What a model that decodes along a schema can say."""

import pytest
from pydantic import ValidationError

from backend.agents.providers.base import Capabilities, Done, Structured, Usage
from backend.embeddings.hashing import HashingEmbedder
from backend.faqs.drafted import ANSWER, QUESTION, DraftedFaqs, held_to
from backend.faqs.llm import ModelExtractor
from backend.faqs.pieces import Piece, pieces_of
from backend.retrieval.verification import Verifier
from tests.agents.scripted import ScriptedProvider
from tests.faqs.building import section

FREE = "Orders above fifty euros are sent free of charge."
TEXT = f'{FREE} "Smaller" ones cost five euros within the country.\n\n- By ship: nine weeks\n- By air: two days'
HELD = Capabilities(structured_output=True, holds_to_schema=True)


def piece(text: str = TEXT) -> Piece:
    [found] = pieces_of(section("Delivery", text))
    return found


def entry(question: str = "When is delivery free?", answer: str = FREE, quote: str = FREE) -> dict[str, str]:
    return {"question": question, "answer": answer, "quote": quote}


def test_quotes_are_the_sentences_and_lists_of_the_piece() -> None:
    schema = held_to(piece()).model_json_schema()["$defs"]["DraftedFaq"]["properties"]
    assert schema["quote"]["enum"] == [
        FREE,
        '"Smaller" ones cost five euros within the country.',
        "- By ship: nine weeks\n- By air: two days",
    ]


@pytest.mark.parametrize(
    "wrong",
    [entry(quote="Orders are free."), entry(question="q" * (QUESTION + 1)), entry(answer="a" * (ANSWER + 1))],
)
def test_what_is_not_held_is_no_value(wrong: dict[str, str]) -> None:
    form = held_to(piece())
    assert isinstance(form.model_validate({"faqs": [entry()]}), DraftedFaqs)
    with pytest.raises(ValidationError):
        form.model_validate({"faqs": [wrong]})
    with pytest.raises(ValidationError):
        form.model_validate({"faqs": [entry()] * (piece().most + 1)})


def test_an_entry_that_was_cut_is_left_out_here_too() -> None:
    found = held_to(piece()).model_validate({"faqs": [entry(), {"question": "When is"}]})
    assert [one.question for one in found.faqs] == ["When is delivery free?"]


@pytest.mark.parametrize("is_held", [True, False])
async def test_only_those_that_hold_to_a_schema_get_it(*, is_held: bool) -> None:
    said = (Structured(DraftedFaqs.model_validate({"faqs": [entry()]})), Done(Usage(1, 1), "stop", "m"))
    provider = ScriptedProvider(said, capabilities=HELD if is_held else Capabilities(structured_output=True))
    found = await ModelExtractor(provider, "m", Verifier(HashingEmbedder())).draft(piece())
    assert len(found.drafts) == 1
    [request] = provider.requests
    assert request.output_type is not None
    assert ("enum" in str(request.output_type.model_json_schema())) is is_held
