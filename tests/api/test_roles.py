"""Who may call what, on every route."""

from uuid import uuid4

import pytest
from fastapi import FastAPI
from fastapi.routing import APIRoute

from backend.routers.guarded import GuardedRoute, guarded_router
from backend.security.permissions import ROLES, ROUTES, Permission
from contracts.access import Role
from tests.api.conftest import Keys
from tests.api.openai_client import refused_at
from tests.api.routes import every_route, operations
from tests.support import RawCall, client_of, refused

PUBLIC = {("GET", "/health")}
BEFORE_SIGN_IN = ["/metrics", "/openapi.json", "/docs", "/redoc", "/debug", "/ready"]


def concrete(path: str) -> str:
    """The path with ids that nothing has."""
    return "/".join(str(uuid4()) if step.startswith("{") else step for step in path.split("/"))


@pytest.mark.fault("E6")
def test_every_route_is_in_the_table_and_guarded(app: FastAPI) -> None:
    found = every_route(app)
    assert [route for route in found if not isinstance(route, APIRoute)] == []
    assert [route.path for route in found if not isinstance(route, GuardedRoute)] == []  # type: ignore[attr-defined]
    assert sorted(operations(app)) == sorted(ROUTES)


@pytest.mark.fault("E6")
@pytest.mark.parametrize("role", Role)
async def test_a_role_may_call_exactly_what_the_table_gives_it(keys: Keys, role: Role) -> None:
    api = await keys.sign_in(role=role)
    admitted = set()
    for method, path in operations(keys.app):
        answer = await api.client.request(method, concrete(path))
        assert answer.status_code != 401, path
        assert answer.status_code < 500, path
        if answer.status_code == 403:
            refused_at(path, answer, 403, "forbidden")
        else:
            admitted.add((method, path))
    await api.drain()

    wanted = {route for route, need in ROUTES.items() if need is Permission.PUBLIC or need in ROLES[role]}
    assert admitted == wanted


@pytest.mark.fault("E6")
async def test_a_route_that_the_table_does_not_list_answers_nobody(keys: Keys) -> None:
    router = guarded_router("test")

    @router.get("/unlisted")
    async def unlisted() -> str:
        return "secret"

    keys.app.include_router(router)
    api = await keys.sign_in(role=Role.ADMIN)

    refused(await api.client.get("/unlisted"), 403, "forbidden")
    async with client_of(keys.app, None) as nobody:
        refused(await nobody.get("/unlisted"), 401, "unauthenticated")


@pytest.mark.parametrize("token", [None, "", "nxk_" + "0" * 49, "' OR '1'='1", "nxt_" + "x" * 43])
async def test_without_a_valid_token_only_health_answers(keys: Keys, token: str | None) -> None:
    async with client_of(keys.app, token) as nobody:
        for method, path in operations(keys.app):
            answer = await nobody.request(method, concrete(path))
            if (method, path) in PUBLIC:
                assert answer.json() == {"status": "ok"}
            else:
                refused_at(path, answer, 401, "unauthenticated")
                assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.fault("E17")
@pytest.mark.parametrize("path", BEFORE_SIGN_IN)
async def test_nothing_about_the_inside_is_shown_before_sign_in(keys: Keys, path: str) -> None:
    async with client_of(keys.app, None) as nobody:
        answer = await nobody.get(path)
    assert answer.status_code in (401, 404)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.fault("E17")
async def test_metrics_label_requests_with_route_templates_only(keys: Keys) -> None:
    api = await keys.sign_in(role=Role.ADMIN)
    unknown = uuid4()
    await api.client.get(f"/faqs/{unknown}")
    await api.client.get(f"/nowhere/{unknown}")
    text = (await api.client.get("/metrics")).text
    assert "/faqs/{faq_id}" in text
    assert str(unknown) not in text


async def test_who_may_not_upload_is_told_before_a_byte_of_the_body_is_read(keys: Keys) -> None:
    api = await keys.sign_in(role=Role.SALES)
    call = RawCall(keys.app, "POST", "/faq/upload", [("Authorization", api.client.headers["authorization"])])
    await call.run()
    assert (call.status, call.received) == (403, 0)


async def test_the_same_answer_for_an_unknown_path_and_a_wrong_method_is_a_problem(keys: Keys) -> None:
    api = await keys.sign_in()
    refused(await api.client.get("/nowhere"), 404, "not_found")
    answer = await api.client.put("/faqs")
    refused(answer, 405, "method_not_allowed")
    assert answer.headers["allow"]
