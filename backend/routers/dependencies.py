"""What routers may ask for. Coroutines: FastAPI calls a plain function on another thread, which costs more than all."""

from typing import Annotated

from fastapi import Depends, Query, Request

from backend.repositories.paging import Slice
from backend.security.principal import Principal
from backend.services.app_services import AppServices


async def _services(request: Request) -> AppServices:
    services: AppServices = request.app.state.services
    return services


async def _principal(request: Request) -> Principal:
    principal: Principal = request.state.principal
    return principal


async def _slice(
    limit: Annotated[int, Query(ge=1, le=200)] = 50, cursor: Annotated[str | None, Query(max_length=500)] = None
) -> Slice:
    return Slice(limit, cursor)


Services = Annotated[AppServices, Depends(_services)]
CurrentPrincipal = Annotated[Principal, Depends(_principal)]
PageSlice = Annotated[Slice, Depends(_slice)]
