"""Where trainings wait: those that take long keep nothing else waiting."""

from backend.finetuning import adapter_trainer, lora_trainer, remote_trainer, retriever_trainer


def test_only_trainings_of_seconds_wait_among_all_jobs() -> None:
    assert adapter_trainer.METHOD.queue == "jobs"
    assert lora_trainer.METHOD.queue == retriever_trainer.METHOD.queue == "trainings"
    assert remote_trainer.METHOD.queue == "remote_trainings"
