"""Agents: who answers, with which model, from which collection, and how much of it a day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from backend.agents.factory import AgentFactory
from backend.agents.providers import PROVIDERS
from backend.agents.providers.base import NOTHING, Usage
from backend.db.models import Agent
from backend.errors import BudgetExhausted, Conflict, InvalidRequest
from backend.finetuning import MAKES
from backend.repositories.agents import DEFAULT
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.alias_names import is_model, meaning, searches
from backend.services.names import asked_by, require_free
from backend.services.providers import Answerer, ProviderService, own_model, usable_model
from backend.tracing.track import track
from contracts import agents as wire


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Hold:
    """Tokens that an answer under way is counted with, on a day of UTC (ISO). They stay where its process dies."""

    day: str
    usage: Usage


UNHELD: Final = Hold("", NOTHING)


class AgentService:
    def __init__(
        self,
        uow: UnitOfWork,
        factory: AgentFactory,
        providers: ProviderService,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._uow = uow
        self._factory = factory
        self._providers = providers
        self._now = now

    async def all(self, principal: Principal) -> list[wire.Agent]:
        async with self._uow.read(principal.workspace_id) as tx:
            used, more = await tx.agents.used(self._day()), await tx.agents.more_collections()
            return [_to_wire(row, used.get(row.id, 0), more.get(row.id, [])) for row in await tx.agents.all()]

    async def get(self, principal: Principal, agent_id: UUID) -> wire.Agent:
        async with self._uow.read(principal.workspace_id) as tx:
            return await self._shown(tx, await tx.agents.get(agent_id))

    @track("agents.create")
    async def create(self, principal: Principal, new: wire.AgentNew) -> wire.Agent:
        """Raises `Conflict` for a name or an external id that is taken, `InvalidRequest` for what cannot answer."""
        async with self._uow(principal.workspace_id) as tx:
            require_free(new.name, await asked_by(tx))
            await _check_external_id(tx, new.external_id)
            _check_steps(new.parameters, new.provider)
            agent = Agent(
                id=uuid4(),
                workspace_id=tx.workspace_id,
                name=new.name,
                external_id=new.external_id,
                provider=new.provider,
                model=usable_model(new.model) or "",
                parameters=new.parameters.model_dump(mode="json"),
                fallbacks=_stored(new.fallbacks),
                daily_tokens=new.daily_tokens,
                collection_id=new.collection_id or (await tx.agents.default()).collection_id,
            )
            await self._check(tx, agent)
            await _check_more(tx, agent, new.more_collection_ids)
            await tx.agents.add(agent)
            await tx.agents.give_collections(agent, new.more_collection_ids)
            return await self._shown(tx, agent)

    @track("agents.edit")
    async def edit(self, principal: Principal, agent_id: UUID, edit: wire.AgentEdit) -> wire.Agent:
        """Raises as `create` does. The default agent keeps its name."""
        given = edit.model_fields_set
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            name = edit.name or agent.name
            if agent.name == DEFAULT and name != DEFAULT:
                raise Conflict(f"name: the agent {DEFAULT!r} answers where none is named, so it keeps its name")
            if name != agent.name:
                require_free(name, await asked_by(tx, but_agent=agent.id))
            await _check_external_id(tx, edit.external_id, own=agent.id)
            if edit.collection_id is not None:
                await tx.collections.get(edit.collection_id)
            agent.name = name
            if "external_id" in given:
                agent.external_id = edit.external_id
            if "daily_tokens" in given:
                agent.daily_tokens = edit.daily_tokens
            _choose(agent, edit)
            if edit.parameters is not None:
                _check_steps(edit.parameters, agent.provider)
            await self._check(tx, agent)
            await _give_more(tx, agent, edit.more_collection_ids)
            return await self._shown(tx, agent)

    @track("agents.delete")
    async def delete(self, principal: Principal, agent_id: UUID) -> None:
        """Its conversations stay. Raises `Conflict` for the default agent and for one that an alias means."""
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            if agent.name == DEFAULT:
                raise Conflict(f"the agent {DEFAULT!r} answers where none is named; it cannot be deleted")
            if alias := await tx.aliases.meaning("agent_id", agent.id):
                raise Conflict(f"the alias {alias!r} means this agent; promote another one or roll it back first")
            await tx.agents.remove(agent)

    # --- for whoever asks an agent --------------------------------------------
    async def find(self, tx: Tx, ref: str) -> Agent:
        """By another program's id, by its own or by its name. Raises `NotFound`."""
        return await tx.agents.find(ref)

    async def answerer(self, tx: Tx, agent: Agent) -> Answerer:
        """What the factory makes the agent from. Raises `InvalidRequest` when its provider is not set up."""
        return await self._providers.answerer(tx, agent)

    async def with_model(self, tx: Tx, answerer: Answerer, *, provider: str, model: str) -> Answerer:
        """With another model in the first place, and the agent's own behind it where that one fails. Raises
        `InvalidRequest` where its provider is not installed."""
        choice = await self._providers.choice(tx, provider, model, field="model")
        config = answerer.config
        return replace(answerer, config=replace(config, primary=choice, fallbacks=(config.primary, *config.fallbacks)))

    async def hold(self, tx: Tx, agent: Agent, likely: Usage) -> Hold:
        """Counts what a question is likely to take until `settle` counts what it took, so that questions at the same
        time see each other. Nothing is held for an agent without a limit.

        Raises `BudgetExhausted` until the next midnight of UTC once the day's tokens are used. The answer that uses
        the last of them is given whole.
        """
        if agent.daily_tokens is None:
            return self.unlimited()
        hold = Hold(self._day(), likely)
        used = await tx.agents.used_by(agent.id, hold.day)
        if used >= agent.daily_tokens:
            now = self._now()
            midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
            raise BudgetExhausted(
                f"of the {agent.daily_tokens} tokens that the agent {agent.name!r} has a day, {used} are used or held "
                "for answers under way; ask again a little later, after midnight UTC, or give it more tokens a day",
                (midnight - now).total_seconds(),
            )
        await self._charge(tx, agent.id, hold.day, likely)
        return hold

    def unlimited(self) -> Hold:
        """What `hold` gives for an agent without a limit."""
        return Hold(self._day(), NOTHING)

    async def settle(self, tx: Tx, agent_id: UUID, hold: Hold, used: Usage) -> None:
        """What the answer took, in the place of what was held for it, on the day that it was asked for."""
        await self._charge(tx, agent_id, hold.day, used - hold.usage)

    async def _charge(self, tx: Tx, agent_id: UUID, day: str, usage: Usage) -> None:
        if usage != NOTHING:
            await tx.agents.add_usage(agent_id, day, input_tokens=usage.input_tokens, output_tokens=usage.output_tokens)

    async def _check(self, tx: Tx, agent: Agent) -> None:
        """That the agent could answer; writes the model that its provider chose. Opens no connection."""
        await tx.collections.get(agent.collection_id)
        await _check_retrieval(tx, agent.parameters.get("retrieval_model"))
        await _check_model(tx, agent.model)
        model = await own_model(tx, agent)
        choice = await self._providers.choice(tx, agent.provider, model, field="provider")
        for n, row in enumerate(agent.fallbacks):
            await self._providers.choice(tx, row["provider"], row["model"], field=f"fallbacks[{n}]")
        agent.model = choice.model_name if model == agent.model else agent.model
        self._factory.create_agent((await self._providers.answerer(tx, agent)).config)

    async def _shown(self, tx: Tx, agent: Agent) -> wire.Agent:
        used = await tx.agents.used_by(agent.id, self._day())
        return _to_wire(agent, used, await tx.agents.more_collections_of(agent.id))

    def _day(self) -> str:
        return self._now().date().isoformat()


def _choose(agent: Agent, edit: wire.AgentEdit) -> None:
    """Another provider, and null, takes the provider's default model."""
    if edit.provider is not None and edit.provider != agent.provider:
        agent.provider, agent.model = edit.provider, ""
    if "model" in edit.model_fields_set:
        agent.model = usable_model(edit.model) or ""
    if edit.parameters is not None:
        agent.parameters = edit.parameters.model_dump(mode="json")
    if edit.fallbacks is not None:
        agent.fallbacks = _stored(edit.fallbacks)
    if edit.collection_id is not None:
        agent.collection_id = edit.collection_id


def _check_steps(parameters: wire.AgentParameters, provider: str) -> None:
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


async def _check_model(tx: Tx, name: str) -> None:
    """Raises `InvalidRequest` for an alias of an agent."""
    found = await meaning(tx, name) if name else None
    if found is not None and not is_model(found):
        raise InvalidRequest(
            f"model: the alias {name!r} means the agent {found.name!r}, which is no model; ask the alias by its name, "
            "promote a model to it first, or name another"
        )


async def _check_retrieval(tx: Tx, name: str | None) -> None:
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


async def _give_more(tx: Tx, agent: Agent, wanted: list[UUID] | None) -> None:
    """Those that it has stay where none are given; its first one may be none of them."""
    kept = await tx.agents.more_collections_of(agent.id) if wanted is None else wanted
    await _check_more(tx, agent, kept)
    if wanted is not None:
        await tx.agents.give_collections(agent, wanted)


async def _check_more(tx: Tx, agent: Agent, wanted: Sequence[UUID]) -> None:
    """Raises `NotFound`, and `InvalidRequest` for a collection that the agent would answer from twice."""
    for place, id in enumerate(wanted):
        collection = await tx.collections.get(id)
        if id == agent.collection_id or id in wanted[:place]:
            raise InvalidRequest(
                f"more_collection_ids: the agent answers from {collection.name!r} already; name each collection once"
            )


async def _check_external_id(tx: Tx, external_id: str | None, *, own: UUID | None = None) -> None:
    if external_id is not None and await tx.aliases.meant(external_id) is not None:
        raise Conflict(f"external_id: there is an alias {external_id!r} already; choose another one")
    taken = await tx.agents.of_other_program(external_id) if external_id is not None else None
    if taken is not None and taken.id != own:
        raise Conflict(f"external_id: the agent {taken.name!r} has {external_id!r} already")


def _stored(fallbacks: Sequence[wire.Fallback]) -> list[dict[str, str]]:
    return [{"provider": row.provider, "model": usable_model(row.model) or ""} for row in fallbacks]


def _to_wire(row: Agent, used_today: int, more: Sequence[UUID]) -> wire.Agent:
    stored: dict[str, Any] = {
        name: getattr(row, name)
        for name in ("id", "name", "external_id", "provider", "model", "daily_tokens", "collection_id", "created_at")
    }
    return wire.Agent(
        **stored,
        parameters=wire.AgentParameters.model_validate(row.parameters or {}),
        fallbacks=[wire.Fallback(provider=one["provider"], model=one["model"] or None) for one in row.fallbacks],
        used_today=used_today,
        more_collection_ids=list(more),
        is_default=row.name == DEFAULT,
    )
