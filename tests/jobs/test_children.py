"""Limited child processes, with real ones."""

import asyncio
import os
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest

from backend.errors import ChildFailed, EncryptedPdf, NexusError
from backend.jobs.children import ChildLimits, ChildOutput, ChildProgress, Children, LimitReached, errors_by_code
from tests.jobs.child_task import Arguments, Note, Number
from tests.process.site import is_alive

TASK = "tests.jobs.child_task"
MIB = 1024 * 1024
pytestmark = pytest.mark.process


@pytest.fixture
async def children(tmp_path: Path) -> AsyncIterator[Children]:
    pool = Children(at_once=2, spool=tmp_path / "spool")
    yield pool
    pool.close()


def leftovers(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "spool").glob("children-*/*") if path.name != "lock"]


async def run(children: Children, act: str, amount: int = 0, **limits: float) -> ChildOutput:
    arguments = Arguments.model_validate({"act": act, "amount": amount})
    given = ChildLimits(**limits)  # type: ignore[arg-type]  # keyword by name, as the tests give them
    return await children.run(TASK, arguments, limits=given)


async def test_records_come_back_by_class_and_in_order(children: Children) -> None:
    with await run(children, "count", 5) as output:
        numbers = output.records(Number)
        assert [record.value for record in numbers] == [0, 1, 2, 3, 4]
        assert [record.value for record in numbers] == [0, 1, 2, 3, 4]
        assert [note.text for note in output.records(Note)] == ["odd 1", "odd 3"]
        assert [len(batch) for batch in numbers.batches(2)] == [2, 2, 1]


async def test_a_class_without_records_is_empty(children: Children) -> None:
    with await run(children, "count", 0) as output:
        assert list(output.records(Number)) == []


async def test_progress_reaches_its_total(children: Children) -> None:
    heard: list[ChildProgress] = []
    arguments = Arguments(act="count", amount=2000)
    (await children.run(TASK, arguments, on_progress=heard.append)).close()
    assert heard[-1] == ChildProgress(2000, 2000)
    assert [step.done for step in heard] == sorted(step.done for step in heard)
    assert len(heard) < 100


async def test_closing_the_output_removes_its_folder(children: Children, tmp_path: Path) -> None:
    output = await run(children, "count", 1)
    assert output.folder.is_dir()
    output.close()
    assert leftovers(tmp_path) == []


async def test_the_folder_lives_while_its_records_are_held(children: Children) -> None:
    records = (await run(children, "count", 3)).records(Number)
    assert len(list(records)) == 3


async def test_no_setting_and_no_key_reaches_a_child(children: Children, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NEXUS_SECRET", "canary")
    monkeypatch.setenv("OPENAI_API_KEY", "canary")
    monkeypatch.setenv("PYTHONPATH", "canary")
    with await run(children, "environment") as output:
        seen = [note.text for note in output.records(Note)]
    assert seen
    assert not [text for text in seen if "canary" in text]


@pytest.mark.parametrize("threads", [1, 3])
async def test_a_child_is_told_how_many_threads_it_has(children: Children, threads: int) -> None:
    with await run(children, "environment", threads=threads) as output:
        seen = {note.text for note in output.records(Note)}
    assert f"OMP_NUM_THREADS={threads}" in seen


async def test_a_typed_error_is_raised_again(children: Children, tmp_path: Path) -> None:
    with pytest.raises(EncryptedPdf, match="asks for a password"):
        await run(children, "typed")
    assert leftovers(tmp_path) == []


async def test_an_unforeseen_error_shows_its_class_and_no_path(children: Children) -> None:
    with pytest.raises(ChildFailed, match="ValueError") as failed:
        await run(children, "crash")
    assert "/" not in str(failed.value)


async def test_an_early_exit_is_a_failure(children: Children) -> None:
    with pytest.raises(ChildFailed, match="without an answer"):
        await run(children, "exit")


async def test_an_unknown_task_is_a_failure(children: Children) -> None:
    with pytest.raises(ChildFailed, match="ModuleNotFoundError"):
        await children.run("tests.jobs.no_such_task", Arguments(act="count"))


async def test_a_killed_child_may_be_tried_again(children: Children) -> None:
    with pytest.raises(ChildFailed, match="SIGKILL") as failed:
        await run(children, "kill")
    assert not isinstance(failed.value, LimitReached)
    assert failed.value.retryable


async def test_a_crash_is_told_from_a_kill(children: Children) -> None:
    with pytest.raises(LimitReached, match="SIGABRT") as failed:
        await run(children, "abort")
    assert failed.value.limit == "crash"


@pytest.mark.fault("A13")
@pytest.mark.skipif(sys.platform != "linux", reason="macOS does not enforce RLIMIT_AS")
async def test_memory_is_bounded(children: Children) -> None:
    with pytest.raises(LimitReached, match="512 MiB") as failed:
        await run(children, "hoard", 2000, memory_bytes=512 * MIB)
    assert failed.value.limit == "memory"


@pytest.mark.fault("A13")
async def test_processor_time_is_bounded(children: Children) -> None:
    with pytest.raises(LimitReached, match="1 s of processor time") as failed:
        await run(children, "spin", cpu_seconds=1)
    assert failed.value.limit == "cpu"


async def test_output_is_bounded(children: Children, tmp_path: Path) -> None:
    with pytest.raises(LimitReached, match="larger than 1 MiB") as failed:
        await run(children, "flood", 5000, output_bytes=MIB)
    assert failed.value.limit == "output"
    assert leftovers(tmp_path) == []


async def test_much_noise_on_stderr_does_not_block(children: Children) -> None:
    with pytest.raises(ChildFailed, match="RuntimeError"):
        await run(children, "noise", 300)


@pytest.mark.fault("B5")
async def test_a_hanging_child_ends_with_all_it_started(children: Children, tmp_path: Path) -> None:
    with pytest.raises(LimitReached, match="stopped after 1 s") as failed:
        await run(children, "hang", wall_seconds=1)
    assert failed.value.limit == "wall"
    assert descendants() == []
    assert leftovers(tmp_path) == []


async def test_cancelling_kills_the_child_at_once(children: Children, tmp_path: Path) -> None:
    task = asyncio.create_task(run(children, "hang"))
    while len(descendants()) < 2:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert descendants() == []
    assert leftovers(tmp_path) == []


async def test_no_more_run_at_once_than_allowed(children: Children) -> None:
    most = 0
    tasks = [asyncio.create_task(run(children, "count", 20_000)) for _ in range(5)]
    while not all(task.done() for task in tasks):
        most = max(most, len(descendants()))
        await asyncio.sleep(0.01)
    for task in tasks:
        task.result().close()
    assert 1 <= most <= 2


async def test_folders_of_a_dead_process_are_swept(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    script = (
        "import os, pathlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "from backend.jobs.children import Children\n"
        "pool = Children(spool=pathlib.Path(sys.argv[2])); os._exit(9)"
    )
    root = str(Path(__file__).parents[2])
    code = await asyncio.to_thread(subprocess.call, [sys.executable, "-c", script, root, str(spool)])
    assert code == 9
    assert len(list(spool.glob("children-*"))) == 1
    living = Children(spool=spool)
    other = Children(spool=spool)
    assert len([path for path in spool.glob("children-*") if path.is_dir()]) == 2
    living.close()
    other.close()
    assert [path for path in spool.glob("children-*") if path.is_dir()] == []


@pytest.mark.skipif(sys.platform != "linux", reason="needs PR_SET_PDEATHSIG")
async def test_a_child_dies_with_its_parent(tmp_path: Path) -> None:
    script = (
        "import asyncio, pathlib, sys; sys.path.insert(0, sys.argv[1])\n"
        "from backend.jobs.children import Children\n"
        "from tests.jobs.child_task import Arguments\n"
        "pool = Children(spool=pathlib.Path(sys.argv[2]))\n"
        "asyncio.run(pool.run('tests.jobs.child_task', Arguments(act='hang')))"
    )
    root = str(Path(__file__).parents[2])
    parent = await asyncio.create_subprocess_exec(sys.executable, "-c", script, root, str(tmp_path / "spool"))
    while not (family := psutil.Process(parent.pid).children()) or not family[0].children():
        await asyncio.sleep(0.01)
    child, grandchild = family[0], family[0].children()[0]
    parent.kill()
    await parent.wait()
    gone, alive = await asyncio.to_thread(psutil.wait_procs, [child], 10)
    grandchild.kill()
    assert gone == [child]
    assert alive == []


def test_every_error_can_come_from_a_child() -> None:
    found = errors_by_code()
    assert found["encrypted_pdf"] is EncryptedPdf
    assert found["internal_error"] is NexusError
    assert found["child_failed"] is ChildFailed


def descendants() -> list[psutil.Process]:
    return [process for process in psutil.Process(os.getpid()).children(recursive=True) if is_alive(process)]
