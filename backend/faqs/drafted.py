"""What a model is asked to give: entries of an FAQ as JSON."""

from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, create_model, field_validator

from backend.agents.providers.quoting import units_of
from backend.faqs.grounding import find_quote
from backend.faqs.pieces import Piece

QUESTION: Final = 150
ANSWER: Final = 400
"""Characters. A small model comes to no end by itself."""


class DraftedFaq(BaseModel):
    """A question that the passage answers."""

    question: str
    answer: str
    quote: str = Field(description="the words of the passage that the answer rests on, copied exactly")


class DraftedFaqs(BaseModel):
    """Entries of an FAQ, each with the words of the passage that it rests on."""

    faqs: list[DraftedFaq]

    @field_validator("faqs", mode="before")
    @classmethod
    def _without_cut_entry(cls, faqs: object) -> object:
        """The last entry of an answer that was cut off may lack some of its fields; the others are whole."""
        if not isinstance(faqs, list) or len(faqs) < 2 or not isinstance(faqs[-1], dict):
            return faqs
        return faqs if faqs[-1].keys() >= DraftedFaq.model_fields.keys() else faqs[:-1]


def held_to(piece: Piece) -> type[DraftedFaqs]:
    """For a model that decodes along a schema: each quote is a sentence of the piece, each text ends in time.

    SmolLM2-135M gave no draft of the sample's first six sections without it, 47 to 99 s each: it wrote quotes anew and
    came to no end. Held to sentences it takes 2 to 40 s.
    """
    quotes = tuple(dict.fromkeys(unit.text for unit in units_of(piece.text) if find_quote(unit.text, piece.text)))
    if not quotes:
        return DraftedFaqs
    one_of: Any = Literal[quotes]
    entry = create_model(
        "DraftedFaq",
        __base__=DraftedFaq,
        question=(Annotated[str, Field(max_length=QUESTION)], ...),
        answer=(Annotated[str, Field(max_length=ANSWER)], ...),
        quote=(one_of, ...),
    )
    entries = Annotated[list[entry], Field(max_length=piece.most)]
    return create_model("DraftedFaqs", __base__=DraftedFaqs, faqs=(entries, ...))
