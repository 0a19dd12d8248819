"""Lists of leads that a workspace asks for again, by name."""

from collections.abc import Sequence

from backend.db.leads import LeadView
from backend.db.models import utc_now
from backend.repositories.uow import UnitOfWork
from backend.security.principal import Principal
from backend.services.leads import check_agent
from backend.tracing.track import track
from contracts import lead_records as wire


class SavedLeadViews:
    def __init__(self, uow: UnitOfWork) -> None:
        self._uow = uow

    async def all(self, principal: Principal) -> Sequence[wire.SavedLeadView]:
        """By name."""
        async with self._uow.read(principal.workspace_id) as tx:
            return [_to_wire(row) for row in await tx.leads.views()]

    async def get(self, principal: Principal, name: str) -> wire.SavedLeadView:
        async with self._uow.read(principal.workspace_id) as tx:
            return _to_wire(await tx.leads.view(name))

    @track("lead_views.put")
    async def put(self, principal: Principal, name: str, view: wire.LeadView) -> wire.SavedLeadView:
        """In the place of one of that name. Raises `AgentNotFound`."""
        async with self._uow(principal.workspace_id) as tx:
            await check_agent(tx, view.agent_id)
            kept = view.model_dump(mode="json", exclude_none=True)
            await tx.leads.put_view(
                LeadView(
                    workspace_id=tx.workspace_id, name=name, view=kept, author=principal.name, updated_at=utc_now()
                )
            )
            return _to_wire(await tx.leads.view(name))

    @track("lead_views.delete")
    async def delete(self, principal: Principal, name: str) -> None:
        async with self._uow(principal.workspace_id) as tx:
            await tx.leads.remove_view(await tx.leads.view(name))


def _to_wire(row: LeadView) -> wire.SavedLeadView:
    return wire.SavedLeadView(
        name=row.name, view=wire.LeadView.model_validate(row.view), author=row.author, updated_at=row.updated_at
    )
