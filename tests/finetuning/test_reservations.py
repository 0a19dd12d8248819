"""Memory of trainings that begin beside each other: what one was promised is not free for the next."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from backend.errors import TrainingMustWait, TrainingOutOfMemory
from backend.finetuning.machine import MIB
from backend.finetuning.reservations import Others, living, reserve

HOLDING = """
import sys, time
from pathlib import Path
from backend.finetuning.reservations import reserve
held = reserve(Path(sys.argv[1]), 3000 * 1024**2, free=lambda: 4000 * 1024**2)
print("held", flush=True)
time.sleep(600)
"""


def megabytes(size: int) -> int:
    return size * MIB


def test_a_second_training_counts_what_the_first_was_promised_and_has_not_taken(tmp_path: Path) -> None:
    first = reserve(tmp_path, megabytes(3000), free=lambda: megabytes(4000), taken=megabytes(500))
    assert first.room == megabytes(4000)
    with pytest.raises(TrainingMustWait) as refused:
        reserve(tmp_path, megabytes(2000), free=lambda: megabytes(4000))
    assert str(refused.value) == (
        "the training needs about 2000 MB of memory, and 4000 MB are free, 2500 MB of them kept for another training, "
        "which has 500 MB already; start it again once that has ended, or lower batch or max_length"
    )
    first.took(megabytes(2500))
    second = reserve(tmp_path, megabytes(1500), free=lambda: megabytes(2000))
    assert second.room == megabytes(1500)
    assert living(tmp_path) == Others(2, megabytes(2500), megabytes(2000))
    first.release()
    second.release()
    assert living(tmp_path) == Others(0, 0, 0)


def test_what_is_taken_by_trainings_is_waited_for_and_what_other_programs_have_is_not(tmp_path: Path) -> None:
    held = [reserve(tmp_path, megabytes(1000), free=lambda: megabytes(4000), taken=megabytes(1000)) for _ in range(2)]
    with pytest.raises(TrainingMustWait, match=r"kept for 2 other trainings, which have 2000 MB .* those have ended"):
        reserve(tmp_path, megabytes(3500), free=lambda: megabytes(2000))
    with pytest.raises(TrainingOutOfMemory, match="about 4500 MB"):
        reserve(tmp_path, megabytes(4500), free=lambda: megabytes(2000))
    for one in held:
        one.release()


def test_one_that_took_more_than_it_said_keeps_nothing_of_what_is_free(tmp_path: Path) -> None:
    held = reserve(tmp_path, megabytes(1000), free=lambda: None, taken=megabytes(1500))
    assert held.room is None
    assert living(tmp_path).promised == 0


@pytest.mark.fault("B8")
def test_a_training_that_was_killed_keeps_nothing(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", HOLDING, str(tmp_path)], stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        with pytest.raises(TrainingMustWait):
            reserve(tmp_path, megabytes(2000), free=lambda: megabytes(4000))
        other.send_signal(signal.SIGKILL)
    reserve(tmp_path, megabytes(2000), free=lambda: megabytes(4000)).release()
    assert not list(tmp_path.glob("*.held"))
