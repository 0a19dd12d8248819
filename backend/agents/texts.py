"""Sentences that the product says itself. The same words wherever they are said, so that they can be recognised."""

NOT_FOUND = "I could not find this in the documents."
NOT_ANSWERED = "The model did not answer, and without documents nothing stands in for it."


def says_not_found(answer: str) -> bool:
    """Whether an answer opens with the sentence that the prompt asks for when the passages do not answer."""
    opening = " ".join(answer.split()).lstrip("\"'*_`> “”").casefold()
    return opening.startswith(NOT_FOUND.rstrip(".").casefold())
