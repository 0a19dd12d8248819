"""What an answer cost, by genai-prices."""

from decimal import Decimal

from backend.agents.providers.base import Usage
from backend.agents.providers.vendors import PROVIDERS


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
