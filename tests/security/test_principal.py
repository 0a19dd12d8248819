from dataclasses import FrozenInstanceError
from uuid import uuid4

import pytest

from backend.security.principal import Principal, Role


def test_the_roles_are_those_of_the_design() -> None:
    assert [role.value for role in Role] == ["analyst", "ml_engineer", "sales", "devops", "admin"]


def test_a_principal_without_a_role_is_a_visitor() -> None:
    assert Principal(uuid4(), None, None, "visitor").is_visitor
    assert not Principal(uuid4(), Role.SALES, None, "Anna").is_visitor


def test_a_principal_cannot_be_changed() -> None:
    principal = Principal(uuid4(), Role.SALES, None, "Anna")
    with pytest.raises(FrozenInstanceError):
        principal.role = Role.ADMIN  # type: ignore[misc]  # the mistake under test
