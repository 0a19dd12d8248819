"""Aliases: names that agents use for what was promoted last."""

from typing import Annotated

from fastapi import Path

from backend.routers.dependencies import CurrentPrincipal, PageSlice, Services
from backend.routers.guarded import guarded_router
from contracts.comparisons import Alias, AliasName, AuditEvent, Promotion, Rollback
from contracts.page import Page

router = guarded_router("aliases")

InPath = Annotated[AliasName, Path()]


@router.get("/aliases")
async def list_aliases(services: Services, principal: CurrentPrincipal) -> list[Alias]:
    """By name, each with its moves."""
    return await services.aliases.all(principal)


@router.get("/aliases/{name}")
async def get_alias(name: InPath, services: Services, principal: CurrentPrincipal) -> Alias:
    return await services.aliases.get(principal, name)


@router.post("/aliases/{name}/promote")
async def promote(name: InPath, body: Promotion, services: Services, principal: CurrentPrincipal) -> Alias:
    """The alias means a contestant from now on. 409 `undecided` while the votes do not say that it is better, unless a
    reason is given."""
    return await services.aliases.promote(principal, name, body)


@router.post("/aliases/{name}/rollback")
async def roll_back(name: InPath, body: Rollback, services: Services, principal: CurrentPrincipal) -> Alias:
    """The alias means again what it meant before. 409 where that is nothing."""
    return await services.aliases.roll_back(principal, name, body)


@router.delete("/aliases/{name}", status_code=204)
async def delete_alias(name: InPath, services: Services, principal: CurrentPrincipal) -> None:
    """409 while an agent uses it."""
    await services.aliases.delete(principal, name)


@router.get("/audit")
async def list_audit_events(services: Services, principal: CurrentPrincipal, slice_: PageSlice) -> Page[AuditEvent]:
    """Who did what, newest first."""
    return await services.aliases.events(principal, slice_)
