"""The application's routes, read from the application itself."""

from collections.abc import Iterator

from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.routing import BaseRoute


def every_route(app: FastAPI) -> list[BaseRoute]:
    return list(_unfolded(app.routes))


def _unfolded(routes: object) -> Iterator[BaseRoute]:
    for route in routes:  # type: ignore[attr-defined]  # whatever holds routes
        inner = getattr(route, "original_router", None)
        if inner is None:
            yield route
        else:
            yield from _unfolded(inner.routes)


def operations(app: FastAPI) -> list[tuple[str, str]]:
    """(method, path) of every route."""
    return [
        (method, route.path_format)
        for route in every_route(app)
        if isinstance(route, APIRoute)
        for method in sorted(route.methods or ())
    ]
