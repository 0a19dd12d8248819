"""Promotion: an alias moves to a contestant that won, and back; each move is kept with its evidence."""

from collections.abc import Mapping
from typing import Final
from uuid import uuid4

from backend.agents.providers import PROVIDERS, builtin
from backend.db.comparing import Alias, AliasMove, AuditEvent
from backend.errors import Conflict, InvalidRequest, NotFound
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.alias_names import is_model, searches
from backend.services.answering import Answering
from backend.services.contestants import entries_of, names_of
from backend.services.contests import detail_of
from backend.services.names import asked_by, require_free
from backend.tracing.track import track
from contracts import comparisons as wire
from contracts.page import Page

UNDECIDED_CODE: Final = "undecided"


class Undecided(Conflict):
    """The votes do not say that this contestant is better."""

    code, title = UNDECIDED_CODE, "Nothing was promoted"


class AliasService:
    def __init__(self, uow: UnitOfWork, answering: Answering) -> None:
        self._uow = uow
        self._answering = answering

    async def all(self, principal: Principal) -> list[wire.Alias]:
        """By name."""
        async with self._uow.read(principal.workspace_id) as tx:
            return [await _to_wire(tx, alias) for alias in await tx.aliases.all()]

    async def get(self, principal: Principal, name: str) -> wire.Alias:
        """Raises `NotFound`."""
        async with self._uow.read(principal.workspace_id) as tx:
            return await _to_wire(tx, await tx.aliases.get(name))

    @track("aliases.promote")
    async def promote(self, principal: Principal, name: str, promotion: wire.Promotion) -> wire.Alias:
        """Raises `NotFound` for the contest and for an agent or a model that is gone, `InvalidRequest` for who took no
        part in it, `Conflict` for a name that a model or an agent has and for what agents on the alias cannot follow it
        to, and `Undecided` where the votes do not say so and no reason is given."""
        async with self._uow(principal.workspace_id) as tx:
            contest = await detail_of(tx, await tx.comparisons.contest(promotion.contest_id))
            contestant = _contestant(contest, promotion.key)
            await _check_name(tx, name)
            await _check_there(tx, contestant)
            await _check_followed(tx, name, contestant)
            verdict = contest.verdict
            [entry] = await entries_of(tx, self._answering, "", [contestant.target])
            if entry.contestant.key != contestant.key and not promotion.reason:
                raise Undecided(
                    f"{contestant.name!r} has changed since it was compared ({entry.contestant.about}), and no vote "
                    "was for what it is now; compare it again, or give a reason to promote it all the same"
                )
            is_decided = verdict.decided and verdict.best == entry.contestant.key
            if not is_decided and not promotion.reason:
                shown = names_of(contest.contestants)[contestant.key]
                raise Undecided(
                    f"the votes do not say that {shown!r} is better ({verdict.text}); collect more, or give a reason "
                    "to promote it all the same"
                )
            move = AliasMove(
                id=uuid4(),
                workspace_id=tx.workspace_id,
                alias=name,
                contestant=entry.contestant.model_dump(mode="json"),
                contest_id=contest.id,
                verdict=verdict.text,
                is_decided=is_decided,
                reason=promotion.reason,
                author=principal.name,
            )
            await tx.aliases.put(move)
            details = {
                "to": contestant.name,
                "key": contestant.key,
                "verdict": verdict.text,
                "reason": promotion.reason,
            }
            await _note(tx, principal, "alias.promoted" if is_decided else "alias.overridden", name, details)
            return await _to_wire(tx, await tx.aliases.get(name))

    @track("aliases.roll_back")
    async def roll_back(self, principal: Principal, name: str, rollback: wire.Rollback) -> wire.Alias:
        """To what the alias meant before. Raises `Conflict` where that is nothing, gone, a model that cannot be asked
        now or one to which agents on the alias cannot follow it."""
        async with self._uow(principal.workspace_id) as tx:
            alias = await tx.aliases.get(name)
            moves = await tx.aliases.moves(name)
            held = moves[alias.move_id]
            before = moves.get(held.before_id) if held.before_id is not None else None
            if before is None:
                raise Conflict(f"the alias {name!r} meant nothing before; promote something else instead")
            contestant = wire.Contestant.model_validate(before.contestant)
            try:
                await _check_there(tx, contestant)
            except NotFound as exc:
                raise Conflict(
                    f"{contestant.name!r}, which the alias {name!r} meant before, was deleted; promote something else "
                    "to it"
                ) from exc
            await _check_followed(tx, name, contestant)
            await entries_of(tx, self._answering, "", [contestant.target])
            alias.move_id = before.id
            details = {"from": held.contestant["name"], "to": before.contestant["name"], "reason": rollback.reason}
            await _note(tx, principal, "alias.rolled_back", name, details)
            await tx.session.flush()
            return await _to_wire(tx, alias)

    @track("aliases.delete")
    async def delete(self, principal: Principal, name: str) -> None:
        """With its moves. Raises `NotFound`, and `Conflict` while an agent uses it."""
        async with self._uow(principal.workspace_id) as tx:
            alias = await tx.aliases.get(name)
            held = await _to_wire(tx, alias)
            if held.agents:
                raise Conflict(f"the agent {held.agents[0]!r} uses the alias {name!r}; give it something else first")
            await tx.aliases.remove(alias)
            await _note(tx, principal, "alias.deleted", name, {"from": held.current.contestant.name})

    async def events(self, principal: Principal, slice_: Slice) -> Page[wire.AuditEvent]:
        """Who did what, newest first."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.aliases.events(slice_)
        items = [
            wire.AuditEvent(
                id=row.id, at=row.at, actor=row.actor, action=row.action, subject=row.subject, details=row.details
            )
            for row in rows
        ]
        return Page(items=items, next_cursor=cursor)


def _contestant(contest: wire.Contest, key: str) -> wire.Contestant:
    found = next((one for one in contest.contestants if one.key == key), None)
    if found is None:
        known = [one.key for one in contest.contestants]
        raise InvalidRequest(f"key: {key!r} took no part in this contest; choose one of {known}")
    return found


async def _check_there(tx: Tx, contestant: wire.Contestant) -> None:
    """Raises `NotFound` for an agent or a model that was deleted meanwhile."""
    if contestant.agent_id is not None:
        await tx.agents.get(contestant.agent_id)
    if contestant.model_id is not None:
        await tx.tuning.model(contestant.model_id)


async def _check_followed(tx: Tx, name: str, contestant: wire.Contestant) -> None:
    """Raises `Conflict` where agents search with the alias and this is no tuned retrieval, or answer with it and this
    is an agent: they would go on as before, and say nothing of it."""
    agents = await tx.agents.all()
    searching = [repr(one.name) for one in agents if one.parameters.get("retrieval_model") == name]
    if searching and not searches(contestant):
        raise Conflict(
            f"{contestant.name!r} is no tuned retrieval, and these agents search with the alias {name!r}: "
            f"{', '.join(searching)}; give them another retrieval_model, or none, first, or choose another alias"
        )
    answering = [repr(one.name) for one in agents if one.model == name]
    if answering and not is_model(contestant):
        raise Conflict(
            f"{contestant.name!r} is an agent, with documents and instructions of its own, and these agents have the "
            f"alias {name!r} as their model: {', '.join(answering)}; give them another model first, or choose another "
            "alias, which programs then ask by its name"
        )


async def _check_name(tx: Tx, name: str) -> None:
    """One that is an alias already is moved."""
    if await tx.agents.of_other_program(name) is not None:
        raise Conflict(f"name: there is an agent {name!r} already; choose another name for the alias")
    is_new = await tx.aliases.meant(name) is None
    require_free(name, [one for one in await asked_by(tx) if is_new or one.name != name])
    if is_new and await _is_asked(tx, name):
        raise Conflict(
            f"name: a provider has a model {name!r}, which agents may ask; choose another name for the alias"
        )


async def _is_asked(tx: Tx, name: str) -> bool:
    """Whether it is a model of a provider, as far as that is known: agents on it would follow the alias."""
    of_agents = {agent.model for agent in await tx.agents.all()}
    of_vendors = {model for vendor in PROVIDERS.vendors.values() for model in (*vendor.default_models, vendor.name)}
    return name in of_agents | of_vendors | {builtin.MODEL}


async def _note(tx: Tx, principal: Principal, action: str, subject: str, details: Mapping[str, str]) -> None:
    await tx.aliases.note(
        AuditEvent(
            id=uuid4(),
            workspace_id=tx.workspace_id,
            actor=principal.name,
            action=action,
            subject=subject,
            details=dict(details),
        )
    )


async def _to_wire(tx: Tx, alias: Alias) -> wire.Alias:
    moves = await tx.aliases.moves(alias.name)
    line = [moves[alias.move_id]]
    while (before := line[-1].before_id) is not None and before in moves:
        line.append(moves[before])
    agents = [
        agent.name
        for agent in await tx.agents.all()
        if alias.name in (agent.model, agent.parameters.get("retrieval_model"))
    ]
    return wire.Alias(name=alias.name, current=_move(line[0]), history=[*map(_move, line[1:])], agents=agents)


def _move(move: AliasMove) -> wire.AliasMove:
    return wire.AliasMove(
        contestant=wire.Contestant.model_validate(move.contestant),
        contest_id=move.contest_id,
        verdict=move.verdict,
        decided=move.is_decided,
        reason=move.reason,
        author=move.author,
        created_at=move.created_at,
    )
