"""What holds for every route."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute

from tests.api.routes import every_route


def called(dependant: Dependant) -> Iterator[Callable[..., Any]]:
    """The endpoint and all that it depends on."""
    assert dependant.call is not None
    yield dependant.call
    for inner in dependant.dependencies:
        yield from called(inner)


def is_coroutine(function: Callable[..., Any]) -> bool:
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


def test_no_request_waits_for_a_thread_to_be_free(app: FastAPI) -> None:
    routes = [route for route in every_route(app) if isinstance(route, APIRoute)]
    functions = {function for route in routes for function in called(route.dependant)}
    assert len(functions) > len(routes)
    assert [function.__name__ for function in functions if not is_coroutine(function)] == []
