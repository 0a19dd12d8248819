"""What an agent's settings must be, so that it can answer. Each raises `InvalidRequest`, unless it says more."""

from collections.abc import Sequence
from uuid import UUID

from backend.agents.providers import PROVIDERS
from backend.db.models import Agent
from backend.errors import Conflict, InvalidRequest
from backend.finetuning import MAKES
from backend.repositories.uow import Tx
from backend.services.alias_names import is_model, meaning, searches
from contracts import agents as wire


def check_steps(parameters: wire.AgentParameters, provider: str) -> None:
    """Raises `InvalidRequest`. The usual steps fit every provider: rules take those that it cannot."""
    steps = parameters.steps
    twice = next((step for step in steps if steps.count(step) > 1), None)
    if twice is not None:
        raise InvalidRequest(f"parameters.steps: {twice!r} is there twice; name each step once")
    vendor = PROVIDERS.vendors.get(provider)
    if vendor is None or (vendor.capabilities.generates and vendor.capabilities.structured_output):
        return
    chosen = [step for step in steps if step not in wire.AgentParameters().steps]
    if chosen:
        raise InvalidRequest(
            f"parameters.steps: the provider {provider!r} cannot take {chosen}; choose a model that writes, or leave "
            "these steps to the rules"
        )


async def check_model(tx: Tx, name: str) -> None:
    """Raises `InvalidRequest` for an alias of an agent."""
    found = await meaning(tx, name) if name else None
    if found is not None and not is_model(found):
        raise InvalidRequest(
            f"model: the alias {name!r} means the agent {found.name!r}, which is no model; ask the alias by its name, "
            "promote a model to it first, or name another"
        )


async def check_retrieval(tx: Tx, name: str | None) -> None:
    """Raises `InvalidRequest` for what is neither tuned retrieval nor an alias of one."""
    if name is None:
        return
    if (found := await meaning(tx, name)) is not None:
        if not searches(found):
            raise InvalidRequest(
                f"parameters.retrieval_model: the alias {name!r} means {found.name!r}, which is no tuned retrieval; "
                "promote one to it first, or name another"
            )
        return
    model = await tx.tuning.named(name)
    if model is None or MAKES[model.method] != "retrieval":
        known = sorted(one.name for one in await tx.tuning.all_models() if MAKES[one.method] == "retrieval")
        raise InvalidRequest(f"parameters.retrieval_model: no tuned retrieval {name!r}; known: {known}")


async def check_more(tx: Tx, agent: Agent, wanted: Sequence[UUID]) -> None:
    """Raises `NotFound`, and `InvalidRequest` for a collection that the agent would answer from twice."""
    for place, id in enumerate(wanted):
        collection = await tx.collections.get(id)
        if id == agent.collection_id or id in wanted[:place]:
            raise InvalidRequest(
                f"more_collection_ids: the agent answers from {collection.name!r} already; name each collection once"
            )


async def check_external_id(tx: Tx, external_id: str | None, *, own: UUID | None = None) -> None:
    if external_id is not None and await tx.aliases.meant(external_id) is not None:
        raise Conflict(f"external_id: there is an alias {external_id!r} already; choose another one")
    taken = await tx.agents.of_other_program(external_id) if external_id is not None else None
    if taken is not None and taken.id != own:
        raise Conflict(f"external_id: the agent {taken.name!r} has {external_id!r} already")
