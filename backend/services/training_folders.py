"""Where a training keeps what it reads and writes: `<root>/<workspace>/<training>`."""

import shutil
from pathlib import Path
from uuid import UUID

from backend.db.finetuning import Training


def run_folder(root: Path, training: Training) -> Path:
    """Of a training: its input, its checkpoints and its model. `root` is that of this installation."""
    return folder_of(root, training.workspace_id, training.id)


def folder_of(root: Path, workspace_id: UUID, training_id: UUID) -> Path:
    return root / workspace_id.hex / training_id.hex


def forget_folder(root: Path, training: Training) -> None:
    shutil.rmtree(run_folder(root, training), ignore_errors=True)


def import_file(root: Path, workspace_id: UUID, dataset_id: UUID) -> Path:
    """Where the file of an imported dataset waits until its rows are stored."""
    return root / workspace_id.hex / f"{dataset_id.hex}.import"
