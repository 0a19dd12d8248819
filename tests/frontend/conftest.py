"""Pages over the real app in the same process: the pages' HTTP client is one whose transport calls the app."""

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from anyio.from_thread import BlockingPortal, start_blocking_portal
from streamlit.testing.v1 import AppTest

from backend.app import create_app
from backend.jobs.inline import InlineRunner
from backend.settings import Settings
from frontend import connection
from frontend.api_client import Api, http_client

FRONTEND = Path(__file__).parents[2] / "frontend"
RUN_SECONDS = 30


class InProcess(httpx.BaseTransport):
    """Answers from an ASGI app that runs in the portal's event loop; `is_down` plays a server that is away."""

    def __init__(self, portal: BlockingPortal, inner: httpx.ASGITransport) -> None:
        self._portal = portal
        self._inner = inner
        self.is_down = False

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("refused", request=request)
        body = request.read()
        return self._portal.call(self._answer, request, body)

    async def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await self._inner.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


class Pages:
    """Opens pages, and the API behind them."""

    def __init__(self, api: Api, transport: InProcess, drain: Callable[[], None]) -> None:
        self.api = api
        self.transport = transport
        self.drain = drain

    def open(self, script: str, **query: str) -> AppTest:
        """`script` as a deep link opens it: through Home, which registers the pages."""
        page = AppTest.from_file(str(FRONTEND / "Home.py"), default_timeout=RUN_SECONDS)
        if script != "Home.py":
            page.session_state["nexus_next"] = (script, query)
            return page.run()
        return page.run()

    def sample(self) -> None:
        self.api.load_samples()
        self.drain()


@pytest.fixture
def pages(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    monkeypatch.setenv("NEXUS_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("NEXUS_API_URL", "http://nexus.test")
    app = create_app(settings)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        transport = InProcess(portal, httpx.ASGITransport(app, raise_app_exceptions=False))
        http = http_client("http://nexus.test", transport)
        monkeypatch.setattr(connection, "shared_http", lambda _: http)
        runner = app.state.scope.runner
        assert isinstance(runner, InlineRunner)
        token = (settings.secrets_dir / "local_token").read_text().strip()
        yield Pages(Api(http, token), transport, lambda: portal.call(runner.drain))
        http.close()
