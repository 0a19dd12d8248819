"""Agents: who answers, with which model, from which collection, and how much of it a day."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta
from typing import Final
from uuid import UUID, uuid4

from backend.agents.factory import AgentFactory
from backend.agents.providers.base import NOTHING, Usage
from backend.agents.templates import completed
from backend.db.models import Agent, utc_now
from backend.errors import BudgetExhausted, Conflict, Forbidden, InvalidRequest, NotFound
from backend.jobs.base import JobRunner
from backend.repositories.agents import DEFAULT
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.permissions import Permission, may
from backend.security.principal import Principal
from backend.services.agent_checks import check_external_id, check_model, check_more, check_retrieval, check_steps
from backend.services.agent_knowledge import Ingesting, check_may_give, take_in
from backend.services.agent_states import standing_of, standings_of
from backend.services.agent_versions import keep_change, keep_first, version_of, versions_of
from backend.services.agent_views import settings_of, to_wire
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
        ingest: Ingesting,
        runner: JobRunner,
        *,
        now: Callable[[], datetime] = _utc_now,
    ) -> None:
        self._uow = uow
        self._factory = factory
        self._providers = providers
        self._ingest = ingest
        self._runner = runner
        self._now = now

    async def all(self, principal: Principal, *, archived: bool = False) -> list[wire.Agent]:
        """Those that are in use, or those that are `archived`."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows = [row for row in await tx.agents.all() if (row.archived_at is not None) == archived]
            used, more = await tx.agents.used(self._day()), await tx.agents.more_collections()
            states = await standings_of(tx, rows)
            return [to_wire(row, used.get(row.id, 0), more.get(row.id, []), states[row.id]) for row in rows]

    async def get(self, principal: Principal, agent_id: UUID) -> wire.Agent:
        async with self._uow.read(principal.workspace_id) as tx:
            return await self._shown(tx, await tx.agents.get(agent_id))

    @track("agents.create")
    async def create(self, principal: Principal, new: wire.AgentNew) -> wire.Agent:
        """Raises `Conflict` for a name or an external id that is taken and for a FAQ that is not approved, `NotFound`
        for knowledge that is not there, `Forbidden` for whoever may not approve the FAQs that are given, and
        `InvalidRequest` for what cannot answer."""
        new = completed(new)
        check_may_give(principal, new)
        async with self._uow(principal.workspace_id) as tx:
            require_free(new.name, await asked_by(tx))
            await check_external_id(tx, new.external_id)
            collection_id, job_id = await take_in(tx, new, self._ingest)
            return await self._added(tx, principal, new, collection_id=collection_id, job_id=job_id)

    @track("agents.duplicate")
    async def duplicate(self, principal: Principal, agent_id: UUID, new: wire.AgentDuplicate) -> wire.Agent:
        """Another agent with the same settings, under a name of its own. Raises as `create` does."""
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            require_free(new.name, await asked_by(tx))
            settings = await settings_of(tx, agent)
            copy = wire.AgentNew(name=new.name, **dict(settings))
            note = f"a copy of {agent.name!r}"
            return await self._added(
                tx, principal, copy, collection_id=agent.collection_id, job_id=agent.job_id, note=note
            )

    @track("agents.edit")
    async def edit(self, principal: Principal, agent_id: UUID, edit: wire.AgentEdit) -> wire.Agent:
        """Raises as `create` does, and `Conflict` where the agent was changed since the `version` that is given. The
        default agent keeps its name."""
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            if edit.version not in (None, agent.version):
                raise Conflict(
                    f"version: the agent {agent.name!r} was changed meanwhile: it is at version {agent.version}, not "
                    f"{edit.version}; look at it again, then repeat the change"
                )
            _check_may_change(principal, agent)
            await _rename(tx, agent, edit)
            await self._change(tx, principal, agent, edit)
            return await self._shown(tx, agent)

    @track("agents.roll_back")
    async def roll_back(self, principal: Principal, agent_id: UUID, wanted: wire.AgentRollback) -> wire.Agent:
        """Its settings are again what they were; that is a new version. Names stay.

        Raises `NotFound` for a version that it never had, and `Conflict` for one that could not answer any more.
        """
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            _check_may_change(principal, agent)
            version = await version_of(tx, agent, wanted.version)
            edit = wire.AgentEdit(**dict(version.settings))
            try:
                await self._change(tx, principal, agent, edit, note=f"as in version {version.number}")
            except (InvalidRequest, NotFound) as exc:
                raise Conflict(f"the agent cannot be again as in version {version.number}: {exc}") from exc
            return await self._shown(tx, agent)

    @track("agents.retry")
    async def retry(self, principal: Principal, agent_id: UUID) -> wire.Agent:
        """What it was created with is taken in again. Raises `Conflict` where that did not fail."""
        async with self._uow.read(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            standing = await standing_of(tx, agent)
        if agent.job_id is None or standing.state != "not_ready":
            raise Conflict(f"the agent {agent.name!r} is {standing.state}; there is nothing to retry")
        await self._runner.retry(principal.workspace_id, agent.job_id)
        return await self.get(principal, agent_id)

    async def versions(self, principal: Principal, agent_id: UUID) -> list[wire.AgentVersion]:
        """Newest first."""
        async with self._uow.read(principal.workspace_id) as tx:
            return await versions_of(tx, await tx.agents.get(agent_id))

    @track("agents.archive")
    async def archive(self, principal: Principal, agent_id: UUID) -> wire.Agent:
        """It answers nothing until it is restored. Raises `Conflict` for the default agent, and for one that an alias
        means."""
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            await _check_spare(tx, agent, "archived")
            agent.archived_at = agent.archived_at or utc_now()
            await tx.session.flush()
            return await self._shown(tx, agent)

    @track("agents.restore")
    async def restore(self, principal: Principal, agent_id: UUID) -> wire.Agent:
        """Raises `InvalidRequest` for one that could not answer any more."""
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            agent.archived_at = None
            await self._check(tx, agent)
            await tx.session.flush()
            return await self._shown(tx, agent)

    @track("agents.delete")
    async def delete(self, principal: Principal, agent_id: UUID) -> None:
        """Its conversations stay. Raises `Conflict` for the default agent and for one that an alias means."""
        async with self._uow(principal.workspace_id) as tx:
            agent = await tx.agents.get(agent_id)
            await _check_spare(tx, agent, "deleted")
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

    async def with_default(self, tx: Tx, answerer: Answerer) -> Answerer:
        """With the default agent's model behind its own, where that is another one and is set up."""
        try:
            choice = (await self._providers.answerer(tx)).config.primary
        except InvalidRequest:
            return answerer
        config = answerer.config
        if any((one.config.name, one.model_name) == (choice.config.name, choice.model_name) for one in config.choices):
            return answerer
        return replace(answerer, config=replace(config, fallbacks=(*config.fallbacks, choice)))

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

    async def _added(
        self,
        tx: Tx,
        principal: Principal,
        new: wire.AgentNew,
        *,
        collection_id: UUID,
        job_id: UUID | None = None,
        note: str = "",
    ) -> wire.Agent:
        check_steps(new.parameters, new.provider)
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
            collection_id=collection_id,
            persona=new.persona.model_dump(mode="json", exclude_none=True),
            lead_fields=new.lead_fields.model_dump(mode="json") if new.lead_fields is not None else None,
            consent_text=new.consent_text,
            retention_days=new.retention_days,
            job_id=job_id,
        )
        await self._check(tx, agent)
        await check_more(tx, agent, new.more_collection_ids)
        await tx.agents.add(agent)
        await tx.agents.give_collections(agent, new.more_collection_ids)
        await keep_first(tx, agent, principal.name, note)
        return await self._shown(tx, agent)

    async def _change(
        self, tx: Tx, principal: Principal, agent: Agent, edit: wire.AgentEdit, *, note: str = ""
    ) -> None:
        before = await settings_of(tx, agent)
        if edit.collection_id is not None:
            await tx.collections.get(edit.collection_id)
        _choose(agent, edit)
        if edit.parameters is not None:
            check_steps(edit.parameters, agent.provider)
        await self._check(tx, agent)
        await _give_more(tx, agent, edit.more_collection_ids)
        await keep_change(tx, agent, before, principal.name, note)

    async def _check(self, tx: Tx, agent: Agent) -> None:
        """That the agent could answer; writes the model that its provider chose. Opens no connection."""
        await tx.collections.get(agent.collection_id)
        await check_retrieval(tx, agent.parameters.get("retrieval_model"))
        await check_model(tx, agent.model)
        model = await own_model(tx, agent)
        choice = await self._providers.choice(tx, agent.provider, model, field="provider")
        for n, row in enumerate(agent.fallbacks):
            await self._providers.choice(tx, row["provider"], row["model"], field=f"fallbacks[{n}]")
        agent.model = choice.model_name if model == agent.model else agent.model
        self._factory.create_agent((await self._providers.answerer(tx, agent)).config)

    async def _shown(self, tx: Tx, agent: Agent) -> wire.Agent:
        used = await tx.agents.used_by(agent.id, self._day())
        more = await tx.agents.more_collections_of(agent.id)
        return to_wire(agent, used, more, await standing_of(tx, agent))

    def _day(self) -> str:
        return self._now().date().isoformat()


async def _rename(tx: Tx, agent: Agent, edit: wire.AgentEdit) -> None:
    """Raises `Conflict` for what is taken, and for the default agent."""
    name = edit.name or agent.name
    if agent.name == DEFAULT and name != DEFAULT:
        raise Conflict(f"name: the agent {DEFAULT!r} answers where none is named, so it keeps its name")
    if name != agent.name:
        require_free(name, await asked_by(tx, but_agent=agent.id))
    await check_external_id(tx, edit.external_id, own=agent.id)
    agent.name = name
    if "external_id" in edit.model_fields_set:
        agent.external_id = edit.external_id


def _choose(agent: Agent, edit: wire.AgentEdit) -> None:
    """Another provider, and null, takes the provider's default model."""
    given = edit.model_fields_set
    if edit.provider is not None and edit.provider != agent.provider:
        agent.provider, agent.model = edit.provider, ""
    if "model" in given:
        agent.model = usable_model(edit.model) or ""
    if edit.parameters is not None:
        agent.parameters = edit.parameters.model_dump(mode="json")
    if edit.fallbacks is not None:
        agent.fallbacks = _stored(edit.fallbacks)
    if edit.collection_id is not None:
        agent.collection_id = edit.collection_id
    if edit.persona is not None:
        agent.persona = edit.persona.model_dump(mode="json", exclude_none=True)
    if "lead_fields" in given:
        agent.lead_fields = edit.lead_fields.model_dump(mode="json") if edit.lead_fields is not None else None
    for name in ("daily_tokens", "consent_text", "retention_days"):
        if name in given:
            setattr(agent, name, getattr(edit, name))


async def _give_more(tx: Tx, agent: Agent, wanted: list[UUID] | None) -> None:
    """Those that it has stay where none are given; its first one may be none of them."""
    kept = await tx.agents.more_collections_of(agent.id) if wanted is None else wanted
    await check_more(tx, agent, kept)
    if wanted is not None:
        await tx.agents.give_collections(agent, wanted)


def _check_may_change(principal: Principal, agent: Agent) -> None:
    """Raises `Forbidden`."""
    if agent.name == DEFAULT and not may(principal.role, Permission.SETTINGS_WRITE):
        raise Forbidden(f"the agent {DEFAULT!r} answers where none is named; ask an admin to change it")


async def _check_spare(tx: Tx, agent: Agent, done: str) -> None:
    """Raises `Conflict` for an agent that others stand on; `done` is what it cannot be."""
    if agent.name == DEFAULT:
        raise Conflict(f"the agent {DEFAULT!r} answers where none is named; it cannot be {done}")
    if alias := await tx.aliases.meaning("agent_id", agent.id):
        raise Conflict(f"the alias {alias!r} means this agent; promote another one or roll it back first")


def _stored(fallbacks: Sequence[wire.Fallback]) -> list[dict[str, str]]:
    return [{"provider": row.provider, "model": usable_model(row.model) or ""} for row in fallbacks]
