from dataclasses import FrozenInstanceError
from uuid import uuid4

import pytest

from backend.security.principal import Principal, Role


def test_the_roles_are_those_of_the_design() -> None:
    assert [role.value for role in Role] == ["analyst", "ml_engineer", "sales", "devops", "admin"]


def test_a_principal_cannot_be_changed() -> None:
    principal = Principal(uuid4(), Role.SALES, None, "Anna")
    with pytest.raises(FrozenInstanceError):
        principal.role = Role.ADMIN  # type: ignore[misc]  # the mistake under test
