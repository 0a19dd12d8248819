"""What was done at the server for a training, written down before and after each step."""

from pathlib import Path
from typing import Final

from pydantic import BaseModel

from backend.errors import NexusError
from backend.finetuning.base import ENDED, write_whole
from backend.jobs.children import errors_by_code

JOURNAL: Final = "remote.json"


class Journal(BaseModel):
    """Of one training. `sending` is the split whose file may be there already, `is_creating` says that of the job.

    `files` are those that are kept there, by their split. `is_over` once the server's job has ended or is not wanted
    any more: another attempt begins with new files, under another name. `base_url` is where all of it is.
    """

    attempt: int = 1
    base_url: str = ""
    sending: str | None = None
    files: dict[str, str] = {}
    rows: dict[str, int] = {}
    is_creating: bool = False
    job_id: str | None = None
    is_over: bool = False

    @property
    def may_train(self) -> bool:
        """Whether there may be a job at the server."""
        return self.job_id is not None or self.is_creating

    @classmethod
    def read(cls, folder: Path) -> "Journal":
        path = folder / JOURNAL
        return cls.model_validate_json(path.read_text(encoding="utf-8")) if path.exists() else cls()

    def write(self, folder: Path) -> None:
        """Whole or not at all. Raises `JobCancelled` where the folder is gone."""
        write_whole(folder / JOURNAL, self)

    def name(self, folder: Path) -> str:
        """Ours for the job and, with the split, for its files: no other attempt of any training has it."""
        return f"nexus-{folder.name}-{self.attempt}"


class Ended(BaseModel):
    code: str
    message: str


def write_end(folder: Path, error: NexusError) -> None:
    write_whole(folder / ENDED, Ended(code=error.code, message=str(error)))


def read_end(folder: Path) -> NexusError | None:
    """Why the training ended, as the error that it was."""
    path = folder / ENDED
    if not path.exists():
        return None
    ended = Ended.model_validate_json(path.read_text(encoding="utf-8"))
    return errors_by_code().get(ended.code, NexusError)(ended.message)
