from pathlib import Path

import pytest

from backend.errors import StartRefused
from backend.jobs.executor_lock import ExecutorLock


def test_an_executor_id_has_one_holder(tmp_path: Path) -> None:
    lock = ExecutorLock(tmp_path, "api")
    with pytest.raises(StartRefused, match="another process already runs as 'api'"):
        ExecutorLock(tmp_path, "api")
    lock.release()
    ExecutorLock(tmp_path, "api").release()


def test_different_ids_and_directories_do_not_disturb_each_other(tmp_path: Path) -> None:
    locks = [
        ExecutorLock(tmp_path, "worker-1"),
        ExecutorLock(tmp_path, "worker-2"),
        ExecutorLock(tmp_path / "b", "api"),
    ]
    for lock in locks:
        lock.release()


@pytest.mark.parametrize("executor_id", ["", "../api", "a/b", "API", "a" * 64, "a b", "a\n"])
def test_an_id_that_cannot_name_a_file_is_refused(tmp_path: Path, executor_id: str) -> None:
    with pytest.raises(StartRefused, match="not usable"):
        ExecutorLock(tmp_path, executor_id)


def test_an_executor_is_gone_when_its_lock_is_free_and_unknown_without_one(tmp_path: Path) -> None:
    mine, other = ExecutorLock(tmp_path, "api"), ExecutorLock(tmp_path, "worker-1")
    assert mine.is_gone(None)
    assert mine.is_gone("api")
    assert not mine.is_gone("worker-1")
    assert not mine.is_gone("on-another-machine")
    assert not mine.is_gone("../worker-1")
    other.release()
    assert mine.is_gone("worker-1")
    mine.release()
