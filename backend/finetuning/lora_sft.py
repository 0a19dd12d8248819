"""trl's supervised training with checkpoints of our own."""

from trl import SFTTrainer

from backend.finetuning.trainer_checkpoints import SafeCheckpoints


class Sft(SafeCheckpoints, SFTTrainer):  # type: ignore[misc]  # trl is not installed where types are checked
    """Resumes from a folder that `checkpoints` verified."""
