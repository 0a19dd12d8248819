import os
from pathlib import Path
from uuid import uuid4

import pytest

from backend.files import FileStore


@pytest.fixture
def store(tmp_path: Path) -> FileStore:
    store = FileStore(tmp_path / "files")
    store.prepare()
    return store


def arrived(store: FileStore, content: bytes = b"text") -> Path:
    path = store.new_incoming()
    path.write_bytes(content)
    return path


def test_a_kept_file_lies_under_its_workspace_and_document_and_nowhere_else(store: FileStore, tmp_path: Path) -> None:
    workspace, document = uuid4(), uuid4()
    store.keep(arrived(store), workspace, document)

    assert store.path(workspace, document) == tmp_path / "files" / workspace.hex / document.hex
    assert store.path(workspace, document).read_bytes() == b"text"
    assert list(store.all()) == [(workspace, document)]
    assert list((tmp_path / "files" / "incoming").iterdir()) == []


def test_two_files_that_arrive_never_share_a_path(store: FileStore) -> None:
    assert len({store.new_incoming() for _ in range(100)}) == 100


def test_deleting_is_repeatable(store: FileStore) -> None:
    workspace, document = uuid4(), uuid4()
    store.keep(arrived(store), workspace, document)
    store.delete(workspace, document)
    store.delete(workspace, document)
    assert list(store.all()) == []


def test_the_sweep_removes_what_was_arriving_and_leaves_what_was_kept(store: FileStore) -> None:
    workspace, document = uuid4(), uuid4()
    store.keep(arrived(store), workspace, document)
    leftover = arrived(store)

    store.sweep_incoming()

    assert not leftover.exists()
    assert store.path(workspace, document).exists()


def test_all_files_can_be_narrowed_to_those_stored_since(store: FileStore) -> None:
    workspace, document = uuid4(), uuid4()
    store.keep(arrived(store), workspace, document)
    stored = os.stat(store.path(workspace, document)).st_ctime
    assert list(store.all(since=stored)) == [(workspace, document)]
    assert list(store.all(since=stored + 1)) == []


def test_the_size_is_that_of_everything_on_disk(store: FileStore) -> None:
    store.keep(arrived(store, b"x" * 1000), uuid4(), uuid4())
    arrived(store, b"y" * 10)
    assert store.size() == 1010


def test_preparing_twice_keeps_everything(store: FileStore) -> None:
    workspace, document = uuid4(), uuid4()
    store.keep(arrived(store), workspace, document)
    store.prepare()
    assert store.path(workspace, document).exists()
