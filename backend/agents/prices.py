"""What an answer cost, by genai-prices."""

from dataclasses import dataclass
from decimal import Decimal

from backend.agents.providers.base import Usage
from backend.agents.providers.vendors import PROVIDERS

_SAMPLE = 1_000
"""Tokens that a price is asked for: long prompts of some models cost more for each."""


@dataclass(frozen=True, slots=True)
class Price:
    """US dollars for a million tokens."""

    input_usd: Decimal
    output_usd: Decimal


def cost_usd(provider: str, model: str, usage: Usage) -> Decimal | None:
    """US dollars; None when the vendor or the model has no known price."""
    vendor = PROVIDERS.vendors.get(provider)
    if vendor is None or vendor.price_id is None or not model:
        return None
    import genai_prices  # 0.3 s: only those who use a priced vendor wait for it

    counted = genai_prices.Usage(input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)
    try:
        return genai_prices.calc_price(counted, model, provider_id=vendor.price_id).total_price
    except LookupError:
        return None


def price_of(provider: str, model: str) -> Price | None:
    """What a short prompt pays; None when that is not known."""
    given = cost_usd(provider, model, Usage(_SAMPLE, 0))
    taken = cost_usd(provider, model, Usage(0, _SAMPLE))
    if given is None or taken is None:
        return None
    return Price(given * 1_000_000 / _SAMPLE, taken * 1_000_000 / _SAMPLE)
