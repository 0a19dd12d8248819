"""What a job may spend on a model, and what it has spent."""

from dataclasses import dataclass
from decimal import Decimal
from math import ceil
from typing import Final

from backend.agents.prices import Price
from backend.agents.providers.base import NOTHING, Usage

MILLION: Final = 1_000_000


@dataclass(slots=True)
class Budget:
    """Lets a call begin only when it, with all that are under way, cannot exceed the limits. None is no limit.

    A limit in US dollars needs a price. Calls are held at the most that they may take until they are settled; a vendor
    that counts more tokens than we do raises what the following calls are held at.
    """

    tokens: int | None = None
    usd: Decimal | None = None
    price: Price | None = None
    spent: Usage = NOTHING
    spent_usd: Decimal = Decimal(0)
    _held: Usage = NOTHING
    _ratio: float = 1.0

    @property
    def is_idle(self) -> bool:
        """No call is under way."""
        return self._held == NOTHING

    def hold(self, most: Usage) -> Usage | None:
        """What the call is held at, or None when it does not fit in beside the others."""
        call = Usage(ceil(most.input_tokens * self._ratio), most.output_tokens)
        after = self._held + call
        if self.tokens is not None and (self.spent + after).total > self.tokens:
            return None
        if self.usd is not None and self.price is not None and self.spent_usd + cost(after, self.price) > self.usd:
            return None
        self._held = after
        return call

    def release(self, held: Usage) -> None:
        """The call ended."""
        self._held -= held

    def settle(self, used: Usage, usd: Decimal | None, *, expected_input: int) -> None:
        """What a call took, and the input that was expected of it."""
        self.spent += used
        self.spent_usd += usd or Decimal(0)
        if expected_input:
            self._ratio = max(self._ratio, used.input_tokens / expected_input)


def cost(usage: Usage, price: Price) -> Decimal:
    """US dollars."""
    return (usage.input_tokens * price.input_usd + usage.output_tokens * price.output_usd) / MILLION
