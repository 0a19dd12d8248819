from typing import Annotated

from fastapi import Header, Request, Response
from fastapi.responses import JSONResponse

from backend.routers.dependencies import CurrentPrincipal, Services
from backend.routers.guarded import guarded_router
from contracts.access import Me
from contracts.system import INSTANCE_HEADER, ComponentStatus, Health, Overview, Readiness

router = guarded_router("system")


@router.get("/health")
async def health(services: Services, response: Response) -> Health:
    """Liveness: the process answers."""
    response.headers[INSTANCE_HEADER] = services.system.instance
    return Health()


@router.get("/ready", responses={503: {"model": Readiness}})
async def ready(services: Services, response: Response) -> Readiness:
    """Readiness of each part; 503 when one is down."""
    readiness = await services.system.readiness()
    if readiness.status is ComponentStatus.DOWN:
        response.status_code = 503
    return readiness


@router.get("/metrics", response_class=Response)
async def metrics(services: Services, accept: Annotated[str, Header()] = "") -> Response:
    """For Prometheus."""
    await services.system.measure_queue(services.metrics)
    body, content_type = services.metrics.render(accept)
    return Response(body, headers={"Content-Type": content_type})


@router.get("/me")
async def me(services: Services, principal: CurrentPrincipal) -> Me:
    return await services.access.me(principal)


@router.get("/overview")
async def overview(services: Services, principal: CurrentPrincipal) -> Overview:
    """The home page in one call."""
    return await services.system.overview(principal)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    return JSONResponse(request.app.openapi())
