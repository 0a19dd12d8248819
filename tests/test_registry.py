import pytest

from backend.agents.providers import PROVIDERS
from backend.embeddings import EMBEDDERS
from backend.errors import MissingExtra, UnknownStrategy
from backend.faqs import EXTRACTORS
from backend.leads import EXTRACTORS as LEAD_EXTRACTORS
from backend.parsing import READERS
from backend.registry import Registry, Row
from backend.vectors import VECTOR_STORES


def greeter() -> str:
    return "hello"


ROWS = Registry(
    "greeter",
    {
        "plain": Row(lambda: greeter),
        "fancy": Row(lambda: greeter, extra="fancy", needs="a_package_that_nobody_has"),
        "present": Row(lambda: greeter, extra="json", needs="json"),
    },
)


def test_a_strategy_is_found_by_its_name() -> None:
    assert ROWS.get("plain")() == "hello"
    assert ROWS.names == ("plain", "fancy", "present")


def test_an_unknown_name_is_told_with_the_known_ones() -> None:
    with pytest.raises(UnknownStrategy, match=r"no greeter 'shy'; known: \['fancy', 'plain', 'present'\]"):
        ROWS.get("shy")


def test_a_missing_package_is_told_with_the_extra_that_brings_it() -> None:
    with pytest.raises(MissingExtra, match=r"the greeter 'fancy' is not installed: run `make fancy` in the folder"):
        ROWS.get("fancy")


def test_an_extra_that_is_installed_is_no_obstacle() -> None:
    assert ROWS.get("present")() == "hello"


def test_nothing_is_imported_before_it_is_asked_for() -> None:
    def fails() -> object:
        raise ImportError("loaded too early")

    registry = Registry("thing", {"lazy": Row(fails)})  # type: ignore[type-var]  # it never returns
    assert registry.names == ("lazy",)
    with pytest.raises(ImportError, match="too early"):
        registry.get("lazy")


OPTIONAL = {"local"}
"""Their packages are not in the base install; `make test-local` has them."""


@pytest.mark.parametrize("family", [PROVIDERS, EMBEDDERS, EXTRACTORS, LEAD_EXTRACTORS, READERS, VECTOR_STORES])
def test_every_row_of_every_family_loads(family: Registry[object]) -> None:  # type: ignore[type-var]
    assert family.names
    for name in family.names:
        try:
            loaded = family.get(name)
        except MissingExtra:
            assert name in OPTIONAL
            continue
        assert callable(loaded)
