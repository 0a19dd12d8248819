import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.process.site import Site

SiteMaker = Callable[..., Site]


@pytest.fixture(scope="module")
def new_site(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SiteMaker]:
    """Makes sites with a migrated database, or an empty directory; what they started is killed at the end."""
    made: list[Site] = []

    def make(*, is_empty: bool = False, **variables: str) -> Site:
        home = tmp_path_factory.mktemp("site")
        data_dir = home / "data"
        if not is_empty:
            shutil.copytree(template, data_dir)
        site = Site(data_dir, home / "log", variables)
        made.append(site)
        return site

    yield make
    for site in made:
        site.close()


@pytest.fixture(scope="module")
def running(new_site: SiteMaker) -> Site:
    """A site whose API runs for all tests of a module."""
    site = new_site(NEXUS_EMBEDDER="hashing")
    site.start_api()
    return site


@pytest.fixture
def client(running: Site) -> Iterator[httpx.Client]:
    with running.client() as client:
        yield client
