"""What somebody may choose of a training at a provider."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Provider = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
Suffix = Annotated[str, StringConstraints(strip_whitespace=True, pattern=r"^[A-Za-z0-9_-]{1,64}$")]


class RemoteOptions(BaseModel):
    """`provider` is one that is set up in the workspace. What is left out is the server's choice.

    `price_per_million` is what it asks for a million trained tokens, in US dollars: it stays here, for the estimate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    provider: Provider
    n_epochs: Annotated[int, Field(ge=1, le=100)] | None = None
    learning_rate_multiplier: Annotated[float, Field(gt=0, le=100)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=1024)] | None = None
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    suffix: Suffix | None = None
    price_per_million: Annotated[float, Field(ge=0, le=10_000)] | None = None

    @property
    def hyperparameters(self) -> dict[str, int | float]:
        """Those that were chosen, by OpenAI's names."""
        chosen = self.model_dump(include={"n_epochs", "learning_rate_multiplier", "batch_size"})
        return {name: value for name, value in chosen.items() if value is not None}
