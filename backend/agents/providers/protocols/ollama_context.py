"""How much of a prompt an Ollama server is asked to read (`num_ctx`)."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Final

SMALLEST: Final = 4096
"""Tokens: Ollama's own default on machines without a large GPU."""
ANSWER: Final = 2048
"""Tokens that are left for an answer without a limit, a model's reasoning among them."""
_MODELS: Final = 64

Trained = Callable[[str], Awaitable[int | None]]
"""A model's name -> the tokens that it was trained to read; None where the server does not tell."""


@dataclass(slots=True)
class _Model:
    context: int = SMALLEST
    trained: int | None = None


@dataclass(slots=True)
class ContextSizes:
    """The context that each model of each server is asked for, in tokens.

    Left to itself Ollama loads a model with a small context and cuts what is longer, the oldest messages first, without
    a word: of a long prompt the passages or the instructions are gone, and the answer looks as if they had said
    nothing. So every request names a context that holds its prompt and its answer: the next power of two, at most what
    the model was trained for.

    A model is loaded anew for another context, which takes seconds, and a larger one takes more memory. Hence the
    coarse steps, and no model is asked for less than it had before.
    """

    _models: dict[tuple[str, str], _Model] = field(default_factory=dict)

    async def of(self, server: str, model: str, tokens: int, trained: Trained) -> int:
        """For a prompt and an answer of so many tokens together."""
        known = self._models.pop((server, model), None) or _Model()
        self._models[server, model] = known
        if len(self._models) > _MODELS:  # names may come from a request
            del self._models[next(iter(self._models))]
        if tokens > known.context:
            known.trained = known.trained or await trained(model)
            wanted = 1 << (tokens - 1).bit_length()
            known.context = max(known.context, min(wanted, known.trained or wanted))
        return known.context


CONTEXTS: Final = ContextSizes()
"""Of this process: chats and jobs ask one server from several event loops."""
