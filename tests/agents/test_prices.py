import pytest

from backend.agents.prices import cost_usd
from backend.agents.providers.base import Usage


def test_a_known_model_has_a_price_that_grows_with_the_tokens() -> None:
    small, large = (cost_usd("openai", "gpt-5-mini", Usage(n, n)) for n in (1_000, 100_000))
    assert small is not None
    assert large is not None
    assert 0 < small < large < 10


@pytest.mark.parametrize(
    ("provider", "model"),
    [
        ("openai", "no-such-model"),
        ("openai", ""),
        ("openai-compatible", "gpt-5-mini"),
        ("builtin", "builtin"),
        ("x", "y"),
    ],
)
def test_an_unknown_price_is_none_and_never_zero(provider: str, model: str) -> None:
    assert cost_usd(provider, model, Usage(10, 10)) is None
