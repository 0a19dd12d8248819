"""Sentences that the product says itself. The same words wherever they are said, so that they can be recognised."""

NOT_FOUND = "I could not find this in the documents."
NOT_ANSWERED = "The model did not answer, and without documents nothing stands in for it."
"""Of what only quotes, where the model was asked without documents."""


def says_not_found(answer: str) -> bool:
    """Whether an answer opens with the sentence that the prompt asks for when the passages do not answer, or with that
    of what stands in where there are none."""
    opening = " ".join(answer.split()).lstrip("\"'*_`> “”").casefold()
    return opening.startswith(tuple(one.rstrip(".").casefold() for one in (NOT_FOUND, NOT_ANSWERED)))
