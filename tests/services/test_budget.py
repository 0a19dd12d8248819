"""A budget is never exceeded, and never refuses what fits."""

from decimal import Decimal

from backend.agents.prices import Price
from backend.agents.providers.base import Usage
from backend.services.budget import Budget, cost

PRICE = Price(Decimal("0.50"), Decimal("2"))


def test_a_call_begins_only_when_it_fits_beside_those_under_way() -> None:
    budget = Budget(tokens=1_000)
    first = budget.hold(Usage(300, 200))
    assert first == Usage(300, 200)
    assert budget.hold(Usage(300, 201)) is None
    second = budget.hold(Usage(300, 200))
    assert second is not None
    budget.release(first)
    budget.settle(Usage(100, 50), None, expected_input=150)
    assert budget.hold(Usage(100, 250)) == Usage(100, 250)
    assert budget.hold(Usage(1, 0)) is None


def test_nothing_under_way_is_told() -> None:
    budget = Budget(tokens=10)
    assert budget.is_idle
    assert budget.hold(Usage(5, 6)) is None
    assert budget.is_idle
    held = budget.hold(Usage(5, 5))
    assert held is not None
    assert not budget.is_idle
    budget.release(held)
    assert budget.is_idle


def test_dollars_are_counted_at_the_price() -> None:
    assert cost(Usage(2_000_000, 500_000), PRICE) == Decimal("2")
    budget = Budget(usd=Decimal("0.003"), price=PRICE)
    held = budget.hold(Usage(2_000, 1_000))
    assert held is not None
    assert budget.hold(Usage(1, 0)) is None
    budget.release(held)
    budget.settle(Usage(2_000, 0), Decimal("0.001"), expected_input=2_000)
    assert budget.hold(Usage(0, 1_001)) is None
    assert budget.hold(Usage(0, 1_000)) is not None


def test_a_vendor_that_counts_more_raises_what_calls_are_held_at() -> None:
    budget = Budget(tokens=10_000)
    budget.settle(Usage(300, 10), None, expected_input=200)
    assert budget.hold(Usage(1_000, 100)) == Usage(1_500, 100)
    budget.settle(Usage(100, 10), None, expected_input=200)
    assert budget.hold(Usage(1_000, 100)) == Usage(1_500, 100)


def test_without_limits_everything_fits() -> None:
    budget = Budget()
    assert all(budget.hold(Usage(10**9, 10**9)) for _ in range(5))
