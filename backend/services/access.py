"""Who is asking, API keys, and the workspace that a first start makes."""

from collections.abc import Sequence
from typing import Final, Literal
from uuid import UUID, uuid4

from backend.db.models import Agent, ApiKey, Collection, Workspace, utc_now
from backend.embeddings.base import EmbeddingSpec
from backend.errors import Conflict, NotFound, Unauthenticated
from backend.repositories.point_log import stored_spec
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.keys import KeyCache, KeyRecord, generate_key
from backend.security.permissions import ROLES
from backend.security.principal import Principal, Role
from backend.security.secrets import is_token
from contracts import access as wire

DEFAULT: Final = "default"
"""The name of the first workspace, collection and agent."""


class AccessService:
    """`local_token` is None in keys mode."""

    def __init__(
        self,
        uow: UnitOfWork,
        *,
        auth: Literal["local", "keys"],
        local_token: str | None,
        spec: EmbeddingSpec,
        store: str,
    ) -> None:
        self._uow = uow
        self._auth = auth
        self._local_token = local_token
        self._spec = spec
        self._store = store
        self._cache = KeyCache()
        self._local: Principal | None = None

    async def prepare(self) -> None:
        """Makes the default workspace with its collection and agent unless they exist."""
        workspace = await self.workspace(DEFAULT)
        self._local = Principal(workspace_id=workspace.id, role=Role.ADMIN, key_id=None, name="local")

    async def workspace(self, name: str) -> Workspace:
        """The workspace of that name, made with a default collection and agent when absent."""
        async with self._uow.all_workspaces() as all_workspaces:
            found = await all_workspaces.find_by_name(name)
            if found is not None:
                return found
            workspace = Workspace(id=uuid4(), name=name)
            await all_workspaces.add(workspace)
            await _furnish(Tx(all_workspaces.session, workspace.id), self._spec, self._store)
        return workspace

    async def operator(self, workspace_name: str) -> Principal:
        """Who works on the command line, in a workspace that exists. Raises `NotFound`."""
        async with self._uow.read_all_workspaces() as all_workspaces:
            found = await all_workspaces.find_by_name(workspace_name)
        if found is None:
            raise NotFound(f"no workspace {workspace_name!r}; `nexus key create --workspace` makes one")
        return Principal(workspace_id=found.id, role=Role.ADMIN, key_id=None, name="command line")

    async def authenticate(self, token: str | None) -> Principal:
        """Raises `Unauthenticated`."""
        if not token:
            raise Unauthenticated("send an 'Authorization: Bearer ...' header; `nexus token` prints the local token")
        if self._local_token is not None:
            if self._local is None or not is_token(token, self._local_token):
                raise Unauthenticated("this is not the local token; `nexus token` prints it")
            return self._local
        record = await self._cache.resolve(token, self._load_key)
        if record is None:
            raise Unauthenticated("this API key is unknown or was revoked; ask an admin for a new one")
        return record.principal()

    async def _load_key(self, hashed: str) -> KeyRecord | None:
        async with self._uow.all_workspaces() as all_workspaces:
            row = await all_workspaces.key_by_hash(hashed)
            if row is None:
                return None
            await all_workspaces.note_key_use(row.id, utc_now())
        return KeyRecord(
            id=row.id,
            workspace_id=row.workspace_id,
            role=Role(row.role),
            name=row.name,
            key_hash=row.hash,
            created_at=row.created_at,
        )

    async def me(self, principal: Principal) -> wire.Me:
        async with self._uow.read_all_workspaces() as all_workspaces:
            workspace = await all_workspaces.get(principal.workspace_id)
        role = principal.role or Role.SALES
        return wire.Me(
            name=principal.name,
            role=role,
            workspace_id=workspace.id,
            workspace=workspace.name,
            auth=self._auth,
            permissions=sorted(permission.value for permission in ROLES[role]),
        )

    async def keys(self, principal: Principal) -> list[wire.ApiKey]:
        async with self._uow.read(principal.workspace_id) as tx:
            return [_key(row) for row in await tx.access.keys()]

    async def create_key(self, workspace_id: UUID, new: wire.NewApiKey) -> wire.CreatedApiKey:
        made = generate_key()
        row = ApiKey(
            id=uuid4(),
            workspace_id=workspace_id,
            name=new.name,
            role=new.role.value,
            hash=made.key_hash,
            hint=made.hint,
            created_at=utc_now(),
        )
        async with self._uow(workspace_id) as tx:
            await tx.access.add_key(row)
        self._cache.forget(made.key_hash)
        return wire.CreatedApiKey(key=made.secret, record=_key(row))

    async def revoke_key(self, principal: Principal, key_id: UUID) -> None:
        """Other processes refuse the key within 30 s. Raises `Conflict` for the last admin key where keys sign in."""
        async with self._uow(principal.workspace_id) as tx:
            if self._auth == "keys" and _admins(await tx.access.keys()) == {key_id}:
                raise Conflict(
                    "this is the only admin key of the workspace; make another one first, "
                    "or run `nexus key revoke` on the server"
                )
            hashed = await tx.access.delete_key(key_id)
        self._cache.forget(hashed)

    async def revoke_key_on_site(self, operator: Principal, key_id: UUID) -> bool:
        """For the command line, which can always make another key. Returns whether the last admin key is gone."""
        async with self._uow(operator.workspace_id) as tx:
            is_last = _admins(await tx.access.keys()) == {key_id}
            hashed = await tx.access.delete_key(key_id)
        self._cache.forget(hashed)
        return is_last


def _admins(keys: Sequence[ApiKey]) -> set[UUID]:
    return {key.id for key in keys if key.role == Role.ADMIN.value}


async def _furnish(tx: Tx, spec: EmbeddingSpec, store: str) -> None:
    collection = Collection(
        id=uuid4(),
        workspace_id=tx.workspace_id,
        name=DEFAULT,
        store=store,
        spec=stored_spec(spec),
        sync="auto",
        takes_everything=True,
    )
    await tx.collections.add(collection)
    await tx.agents.add(
        Agent(
            id=uuid4(),
            workspace_id=tx.workspace_id,
            name=DEFAULT,
            provider="builtin",
            model="builtin",
            collection_id=collection.id,
        )
    )


def _key(row: ApiKey) -> wire.ApiKey:
    return wire.ApiKey.model_validate(row, from_attributes=True)
