from typing import Annotated, Literal

from pydantic import StringConstraints

from contracts.base import Answer, Request

EmbeddingModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=300)]
EmbeddingModelState = Literal["ready", "not_fetched", "broken"]


class EmbeddingModel(Answer):
    """What turns texts into vectors. One on a server is asked for its dimension when a collection gets it.

    `download_mb` is in millions of bytes. `note` is what people should know before they choose it, `reason` says why
    one is broken.
    """

    name: str
    label: str
    place: Literal["here", "server"]
    dimension: int | None = None
    state: EmbeddingModelState = "ready"
    download_mb: int | None = None
    note: str = ""
    reason: str = ""


class ModelChoice(Request):
    """An embedding model by its name: of the list, `local/` and a folder's name, `tuned/` and the name of a
    search model that was trained here, or `provider:model` of a server."""

    model: EmbeddingModelName
