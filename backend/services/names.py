"""Names mean one thing each, however they are written: of agents, models and aliases together, and of datasets."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from backend.errors import Conflict
from backend.repositories.uow import Tx
from contracts.base import read_alike


@dataclass(frozen=True, slots=True)
class Named:
    """What has a name: `an agent`, `a model`, `an alias` or `a dataset`."""

    kind: str
    name: str


async def asked_by(tx: Tx, *, but_agent: UUID | None = None) -> list[Named]:
    """All that programs ask by its name, models that are being trained included. Reads the names of the workspace."""
    agents = await tx.agents.names()
    return [
        *(Named("an agent", name) for agent_id, name in agents.items() if agent_id != but_agent),
        *(Named("a model", name) for name in await tx.tuning.names()),
        *(Named("an alias", alias.name) for alias in await tx.aliases.all()),
    ]


def twin(name: str, known: Iterable[Named]) -> Named | None:
    """The one that a reader takes for the same."""
    wanted = read_alike(name)
    return next((one for one in known if read_alike(one.name) == wanted), None)


def require_free(name: str, known: Iterable[Named]) -> None:
    """Raises `Conflict`, which names what the name is taken for."""
    found = twin(name, known)
    if found is None:
        return
    if found.name == name:
        raise Conflict(f"name: there is {found.kind} {name!r} already; choose another name")
    raise Conflict(
        f"name: there is {found.kind} {found.name!r} already, and {name!r} differs from it only in case or in signs "
        "that nobody sees; choose another name"
    )


async def require_dataset_name(tx: Tx, name: str) -> None:
    """The same name again is the next version. Raises `Conflict` for one that only reads the same."""
    names = await tx.datasets.names()
    if name not in names:
        require_free(name, (Named("a dataset", one) for one in names))
