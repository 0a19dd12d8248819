"""A family's table of strategies: name -> lazy factory, with the optional extra it needs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Generic, TypeVar

from backend.errors import MissingExtra, StartRefused, UnknownStrategy

F = TypeVar("F", bound=Callable[..., object])


@dataclass(frozen=True, slots=True)
class Row(Generic[F]):
    """One strategy. `load` imports the implementation and returns its factory."""

    load: Callable[[], F]
    extra: str | None = None
    needs: str | None = None


def installing(extra: str | None) -> str:
    """What to do about a missing extra."""
    return (
        f"run `make {extra}` in the folder of AI Nexus, or `pip install '.[{extra}]'` in its environment, and start it "
        "again"
    )


class Registry(Generic[F]):
    """Strategies of one family by name. `get` raises `UnknownStrategy` or `MissingExtra`."""

    def __init__(self, kind: str, rows: Mapping[str, Row[F]]) -> None:
        self._kind = kind
        self._rows = dict(rows)

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._rows)

    def get(self, name: str) -> F:
        row = self._rows.get(name)
        if row is None:
            raise UnknownStrategy(f"no {self._kind} {name!r}; known: {sorted(self._rows)}")
        if row.needs is not None and find_spec(row.needs) is None:
            raise MissingExtra(f"the {self._kind} {name!r} is not installed: {installing(row.extra)}")
        return row.load()


def chosen(registry: Registry[F], name: str, variable: str) -> F:
    """What a setting names. Raises `StartRefused` for what is not there or lacks its packages: no start would help."""
    try:
        return registry.get(name)
    except (UnknownStrategy, MissingExtra) as exc:
        raise StartRefused(f"{variable}: {exc}") from exc
