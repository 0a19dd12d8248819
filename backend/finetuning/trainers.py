"""The trainers of one event loop, each made when it is first asked for."""

from backend.finetuning import METHODS, Means
from backend.finetuning.base import Trainer


class Trainers:
    """Raises `UnknownStrategy` or `MissingExtra` for a method that is not there. Close it with the loop."""

    def __init__(self, means: Means) -> None:
        self._means = means
        self._made: dict[str, Trainer] = {}

    def __call__(self, method: str) -> Trainer:
        if method not in self._made:
            self._made[method] = METHODS.get(method)().trainer(self._means)
        return self._made[method]

    async def aclose(self) -> None:
        """Ends what trains; a later start goes on with it."""
        for trainer in self._made.values():
            await trainer.aclose()
