"""Keys mode with two workspaces."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from fastapi import FastAPI

from backend.app import create_app
from backend.settings import Settings
from contracts.access import NewApiKey, Role
from tests.api.drafting import connected
from tests.mock_openai import MockServer
from tests.support import Api, client_of


@dataclass(frozen=True, slots=True)
class Keys:
    """The app in keys mode. `sign_in` makes a key and a client with it; everything is closed at the end."""

    app: FastAPI
    settings: Settings
    stack: AsyncExitStack

    async def sign_in(self, workspace: str = "default", role: Role = Role.ADMIN) -> Api:
        services = self.app.state.services
        row = await services.access.workspace(workspace)
        made = await services.access.create_key(row.id, NewApiKey(name=f"{workspace} {role.value}", role=role))
        client = await self.stack.enter_async_context(client_of(self.app, made.key))
        return Api(client, self.app.state.scope, self.settings)


@pytest.fixture
async def keys(settings: Settings) -> AsyncIterator[Keys]:
    settings = settings.model_copy(update={"auth": "keys", "outbound_allow": ("127.0.0.1",)})
    app = create_app(settings)
    async with app.router.lifespan_context(app), AsyncExitStack() as stack:
        yield Keys(app, settings, stack)


@pytest.fixture
async def writer(api: Api, mock: MockServer) -> Api:
    """A workspace in which the mock server is set up."""
    await connected(api, mock)
    return api
