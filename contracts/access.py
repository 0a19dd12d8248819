from enum import StrEnum
from typing import Literal
from uuid import UUID

from contracts.base import Answer, Name, Request, UtcTime


class Role(StrEnum):
    ANALYST = "analyst"
    ML_ENGINEER = "ml_engineer"
    SALES = "sales"
    DEVOPS = "devops"
    ADMIN = "admin"


class Me(Answer):
    """Who is asking. `permissions` names what the pages may offer."""

    name: str
    role: Role
    workspace_id: UUID
    workspace: str
    auth: Literal["local", "keys"]
    permissions: list[str]


class ApiKey(Answer):
    id: UUID
    name: str
    role: Role
    hint: str
    created_at: UtcTime
    last_used_at: UtcTime | None


class NewApiKey(Request):
    name: Name
    role: Role


class NewWorkspace(Request):
    workspace: Name


class CreatedApiKey(Answer):
    """`key` is shown this once."""

    key: str
    record: ApiKey
