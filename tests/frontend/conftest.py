"""Pages over the real app in the same process: the pages' HTTP client is one whose transport calls the app."""

import io
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from uuid import UUID

import httpx
import pytest
import sqlalchemy as sa
from anyio.from_thread import BlockingPortal, start_blocking_portal
from fastapi import FastAPI
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from backend.app import create_app
from backend.jobs.inline import InlineRunner
from backend.settings import Settings
from contracts.access import NewApiKey, Role
from contracts.comparisons import Contest
from contracts.datasets import Dataset, NewDataset
from contracts.faqs import FaqStatus
from contracts.finetuning import NewTraining, TunedModel
from frontend import connection
from frontend.api_client import Api, http_client
from frontend.components import cookie_exchange
from frontend.sign_ins import SignIns
from tests.frontend.comparing import compare, default, of_model, set_up
from tests.mock_openai import MockServer

FRONTEND = Path(__file__).parents[2] / "frontend"
RUN_SECONDS = 30


@pytest.fixture(scope="session", autouse=True)
def _components_are_sought_once() -> Iterator[None]:
    """Every page of `AppTest` reads what each installed package tells of itself, for half a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


class InProcess(httpx.BaseTransport):
    """Answers from an ASGI app that runs in the portal's event loop; `is_down` plays a server that is away.

    `asked` are the paths of the requests, oldest first.
    """

    def __init__(self, portal: BlockingPortal, inner: httpx.ASGITransport) -> None:
        self._portal = portal
        self._inner = inner
        self.is_down = False
        self.asked: list[str] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if self.is_down:
            raise httpx.ConnectError("refused", request=request)
        self.asked.append(request.url.path)
        body = request.read()
        return self._portal.call(self._answer, request, body)

    async def _answer(self, request: httpx.Request, body: bytes) -> httpx.Response:
        asked = httpx.Request(request.method, request.url, headers=request.headers, content=body)
        answer = await self._inner.handle_async_request(asked)
        return httpx.Response(answer.status_code, headers=answer.headers, content=await answer.aread())


class _File(io.BytesIO):
    """A file as the uploader hands it on."""

    def __init__(self, name: str, content: bytes) -> None:
        super().__init__(content)
        self.name, self.type, self.size = name, "application/octet-stream", len(content)


class Pages:
    """Opens pages, and the API behind them."""

    def __init__(self, running: "Running", token: str) -> None:
        self.api = Api(running.http, token)
        self.transport = running.transport
        self.drain = running.drain
        self.execute = running.execute
        self._http, self._token = running.http, token

    def post(self, path: str, body: object) -> None:
        self.send("POST", path, body)

    def send(self, method: str, path: str, body: object) -> None:
        headers = {"Authorization": f"Bearer {self._token}"}
        self._http.request(method, path, json=body, headers=headers).raise_for_status()

    def open(self, script: str, **query: str) -> AppTest:
        """`script` as a deep link opens it: through Home, which registers the pages."""
        page = AppTest.from_file(str(FRONTEND / "Home.py"), default_timeout=RUN_SECONDS)
        if script != "Home.py":
            page.session_state["nexus_next"] = (script, query)
            return page.run()
        return page.run()

    def upload(self, name: str, content: bytes, *, drain: bool = True) -> None:
        self.api.upload([_File(name, content)])
        if drain:
            self.drain()

    def ask(self, question: str) -> None:
        """Asks the default collection; the question and its answer are saved."""
        collection = self.api.collections().items[0]
        self.post("/rag-chat", {"message": question, "collection_id": str(collection.id)})

    def workspace(self) -> UUID:
        return self.api.me().workspace_id

    def sample(self) -> None:
        self.api.load_samples()
        self.drain()


@dataclass(frozen=True)
class Running:
    """The app in its portal, and a client that calls it there."""

    app: FastAPI
    portal: BlockingPortal
    http: httpx.Client
    transport: InProcess

    def drain(self) -> None:
        runner = self.app.state.scope.runner
        assert isinstance(runner, InlineRunner)
        self.portal.call(runner.drain)

    def execute(self, statement: sa.Executable) -> None:
        """Changes rows as no route could."""
        self.portal.call(self._execute, statement)

    async def _execute(self, statement: sa.Executable) -> None:
        async with self.app.state.scope.database.write() as session:
            await session.execute(statement)

    def new_key(self, role: Role) -> str:
        return self.portal.call(self._new_key, role)

    async def _new_key(self, role: Role) -> str:
        access = self.app.state.services.access
        row = await access.workspace("north")
        made = await access.create_key(row.id, NewApiKey(name=role.value, role=role))
        return str(made.key)


@contextmanager
def _running(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setenv("NEXUS_DATA_DIR", str(settings.data_dir))
    monkeypatch.setenv("NEXUS_API_URL", "http://nexus.test")
    monkeypatch.setenv("NEXUS_AUTH", settings.auth)
    app = create_app(settings)
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(app.router.lifespan_context(app)):
        transport = InProcess(portal, httpx.ASGITransport(app, raise_app_exceptions=False))
        with http_client("http://nexus.test", transport) as http:
            monkeypatch.setattr(connection, "shared_http", lambda _: http)
            yield Running(app, portal, http, transport)


@pytest.fixture
def pages(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Pages]:
    with _running(settings, monkeypatch) as running:
        token = (settings.secrets_dir / "local_token").read_text().strip()
        yield Pages(running, token)


Stages = Callable[[str], Path]


@pytest.fixture(scope="session")
def stages(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    """Data directories by how far somebody came, each made of the one before when it is first asked for. Copy them,
    never use them: what leads to them takes seconds."""

    @cache
    def made(stage: str) -> Path:
        position = list(STAGES).index(stage)
        before = made(list(STAGES)[position - 1]) if position else template
        data_dir = tmp_path_factory.mktemp(stage) / "data"
        shutil.copytree(before, data_dir)
        settings = Settings(data_dir=data_dir, jobs="inline", embedder="hashing", _env_file=None)
        with pytest.MonkeyPatch.context() as patch, _running(settings, patch) as running:
            pages = Pages(running, (settings.secrets_dir / "local_token").read_text().strip())
            STAGES[stage](pages)
            pages.drain()
        return data_dir

    return made


def _approve(pages: Pages) -> None:
    drafts = pages.api.faqs(status=FaqStatus.DRAFT, limit=200).items
    pages.api.approve([faq.id for faq in drafts if faq.confidence >= 0.8])


def _freeze(pages: Pages) -> None:
    pages.api.create_dataset(NewDataset(name="Support"))


def _train(pages: Pages) -> None:
    [dataset] = pages.api.datasets().items
    pages.api.train(NewTraining(dataset_id=dataset.id, name="Support v1 tuned"))


STAGES: dict[str, Callable[[Pages], None]] = {
    "sample": Pages.sample,
    "approved": _approve,
    "dataset": _freeze,
    "model": _train,
}


@pytest.fixture
def sample(request: pytest.FixtureRequest, settings: Settings, stages: Stages) -> None:
    """The data directory of somebody who has loaded the sample handbook and decided nothing yet, or came as far as the
    test's other fixtures say."""
    furthest = [stage for stage in STAGES if stage in request.fixturenames][-1]
    shutil.rmtree(settings.data_dir)
    shutil.copytree(stages(furthest), settings.data_dir)


class KeyPages(Pages):
    """Pages that ask for a key. `api` is an administrator's, `cookie` the browser's, `sign_ins` this test's alone."""

    def __init__(self, running: Running, sign_ins: SignIns) -> None:
        super().__init__(running, running.new_key(Role.ADMIN))
        self.new_key = running.new_key
        self.sign_ins = sign_ins
        self.cookie = ""

    def sign_in(self, role: Role, script: str = "Home.py", **query: str) -> AppTest:
        """The page as somebody of this role sees it."""
        self.cookie = self.sign_ins.start(self.new_key(role))
        return self.open(script, **query)

    def revoke(self, role: Role) -> None:
        """The keys of this role."""
        records = self.api.keys()
        for record in records:
            if record.role is role:
                self.api.revoke_key(record.id)


@pytest.fixture
def key_pages(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[KeyPages]:
    sign_ins = SignIns()
    for module in (connection, cookie_exchange):
        monkeypatch.setattr(module, "sign_ins", lambda: sign_ins)
    settings = settings.model_copy(update={"auth": "keys", "outbound_allow": ("127.0.0.1",)})
    with _running(settings, monkeypatch) as running:
        pages = KeyPages(running, sign_ins)
        monkeypatch.setattr(connection, "cookie", lambda: pages.cookie)
        yield pages


@pytest.fixture
def approved(sample: None, pages: Pages) -> Pages:  # noqa: ARG001  # the sample is there before the app starts
    """The confident drafts of the sample handbook are approved and in the index."""
    return pages


@pytest.fixture
def dataset(approved: Pages) -> Dataset:
    [dataset] = approved.api.datasets().items
    return approved.api.dataset(dataset.id)


@pytest.fixture
def model(approved: Pages, dataset: Dataset) -> TunedModel:  # noqa: ARG001  # it is trained on the dataset
    [model] = approved.api.tuned_models().items
    return model


@pytest.fixture
def two(approved: Pages, mock: MockServer) -> Pages:
    """The default agent, and a model of a provider."""
    set_up(approved.api, mock)
    return approved


@pytest.fixture
def contest(two: Pages) -> Contest:
    """One question with a vote that counts, and two that wait."""
    for question in ("What does the warranty cover?", "What is Coldkeep?", "Where is the manual?"):
        last = compare(two.api, [default(two.api), of_model("ok")], question=question)
    two.api.vote(last.id, "left")
    [found] = two.api.contests().items
    return found
