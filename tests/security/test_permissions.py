from backend.security.permissions import ROLES, ROUTES, Permission
from contracts.access import Role

WRITES = {
    Permission.DOCUMENTS_WRITE,
    Permission.FAQS_REVIEW,
    Permission.COLLECTIONS_WRITE,
    Permission.SETTINGS_WRITE,
    Permission.KEYS,
}


def test_only_liveness_is_public() -> None:
    assert [route for route, need in ROUTES.items() if need is Permission.PUBLIC] == [("GET", "/health")]


def test_no_role_has_the_permission_that_needs_no_role() -> None:
    assert not any(Permission.PUBLIC in granted for granted in ROLES.values())


def test_every_role_has_its_row_and_may_see_who_it_is() -> None:
    assert set(ROLES) == set(Role)
    assert all(Permission.SIGNED_IN in granted for granted in ROLES.values())


def test_an_admin_may_do_everything() -> None:
    assert ROLES[Role.ADMIN] == set(Permission) - {Permission.PUBLIC}


def test_only_an_admin_touches_keys_and_settings() -> None:
    others = [ROLES[role] for role in Role if role is not Role.ADMIN]
    assert not any({Permission.KEYS, Permission.SETTINGS_WRITE} & granted for granted in others)


def test_sales_asks_questions_and_changes_nothing() -> None:
    assert Permission.CHAT in ROLES[Role.SALES]
    assert not WRITES & ROLES[Role.SALES]


def test_devops_sees_metrics_and_jobs_but_no_documents_or_conversations() -> None:
    granted = ROLES[Role.DEVOPS]
    assert {Permission.METRICS, Permission.JOBS_READ, Permission.JOBS_CONTROL} <= granted
    assert not granted & (WRITES | {Permission.DOCUMENTS_READ, Permission.FAQS_READ, Permission.CHAT})


def test_a_route_that_changes_something_never_needs_a_reading_permission_only() -> None:
    reading = {permission for permission in Permission if permission.value.endswith(".read")} | {Permission.SIGNED_IN}
    assert [route for route, need in ROUTES.items() if route[0] != "GET" and need in reading] == []
