"""Who is asking: the one answer of every way to sign in."""

from dataclasses import dataclass
from uuid import UUID

from contracts.access import Role

__all__ = ["Principal", "Role"]


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller within one workspace. Without a role it is a visitor, known only to the public routes.

    `key_id` is the API key it came with, None for the local token; `name` is for people to read.
    """

    workspace_id: UUID
    role: Role | None
    key_id: UUID | None
    name: str
