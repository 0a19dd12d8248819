"""The native models of this installation: those that AI Nexus knows, and folders of the user's own."""

import hashlib
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from backend.embeddings.base import Embedder, EmbeddingSpec
from backend.embeddings.catalogue import KNOWN, NativeModel
from backend.embeddings.native import NativeEmbedder, packaged_model, verify
from backend.errors import ModelUnavailable, UnknownStrategy

OWN: Final = "local/"
WEIGHTS: Final = "model.safetensors"

State = Literal["ready", "not_fetched", "broken"]
M = TypeVar("M", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class ModelState:
    """`reason` says why it is broken."""

    name: str
    label: str
    dimension: int
    state: State
    download: int = 0
    note: str = ""
    reason: str = ""


class EmbeddingModels:
    """`default` embeds questions and drafts, and is the model of new collections. One encoder a model and process."""

    def __init__(self, default: Embedder, folder: Path, wrap: Callable[[Embedder], Embedder]) -> None:
        self.default = wrap(default)
        self._folder = folder
        self._wrap = wrap
        self._lock = threading.Lock()
        self._embedders: dict[str, Embedder] = {default.spec.key: self.default}

    def all(self) -> list[ModelState]:
        """Reads the folder; blocks."""
        states = [self._of_default()] if self.default.spec.model not in KNOWN else []
        states += [self._known(model) for model in KNOWN.values()]
        return states + [_own(path) for path in self._own_folders()]

    def ready(self) -> list[EmbeddingSpec]:
        """Of those that can be used; reads the folder, blocks."""
        return [self.spec(state.name) for state in self.all() if state.state == "ready"]

    def folder(self, model: NativeModel) -> Path:
        """Where a model is that was fetched, or will be."""
        return self._folder / model.name.rpartition("/")[2]

    def is_whole(self, model: NativeModel) -> bool:
        """Whether all of a fetched model is here, by its sha256; blocks."""
        try:
            verify(self.folder(model), model)
        except ModelUnavailable:
            return False
        return True

    def spec(self, name: str) -> EmbeddingSpec:
        """Of a model that can be used. Raises `UnknownStrategy` or `ModelUnavailable`; blocks."""
        if name == self.default.spec.model:
            return self.default.spec
        return self._model(name)[0].spec

    def native(self, name: str) -> tuple[NativeModel, Path]:
        """A native model that can be used, and its folder. Raises as `spec`; blocks."""
        model, path = self._model(name)
        return model, path if path is not None else packaged_model(model)

    def trainable(self) -> list[ModelState]:
        """Those that a training may begin with; reads the folder, blocks."""
        own = self._of_default().name
        return [state for state in self.all() if state.state == "ready" and (state.name != own or own in KNOWN)]

    def in_use(self, spec: EmbeddingSpec) -> Embedder | None:
        """The embedder, if it was asked for before."""
        return self._embedders.get(spec.key)

    def embedder(self, spec: EmbeddingSpec) -> Embedder:
        """Raises `ModelUnavailable` for a model that is not here, or no longer as it was; blocks."""
        with self._lock:
            if spec.key not in self._embedders:
                model, path = self._same(spec)
                self._embedders[spec.key] = self._wrap(NativeEmbedder(path, model=model))
            return self._embedders[spec.key]

    def of_folder(self, model: NativeModel, path: Path) -> Embedder:
        """Of a model that somebody else knows, whose files were looked at; blocks."""
        with self._lock:
            if model.spec.key not in self._embedders:
                self._embedders[model.spec.key] = self._wrap(NativeEmbedder(path, model=model))
            return self._embedders[model.spec.key]

    def check(self, spec: EmbeddingSpec) -> None:
        """Whether its files are there. Raises as `embedder`, also for one that is still in memory; blocks."""
        if spec.key == self.default.spec.key:
            return
        try:
            self._same(spec)
        except ModelUnavailable as exc:
            if spec.key in self._embedders:
                raise ModelUnavailable(f"{exc}; it still answers from memory, until the next start") from exc
            raise

    def _same(self, spec: EmbeddingSpec) -> tuple[NativeModel, Path | None]:
        try:
            model, path = self._model(spec.model)
        except UnknownStrategy as exc:
            raise ModelUnavailable(f"{exc}; put it back, or switch the collection's model") from exc
        except ModelUnavailable as exc:
            raise ModelUnavailable(f"{exc}, or switch the collection's model") from exc
        if model.spec != spec:
            raise ModelUnavailable(
                f"the embedding model {spec.model!r} is no longer the one that made these vectors "
                f"(revision {model.spec.revision!r}, not {spec.revision!r}); put it back or switch the model"
            )
        return model, path

    def _model(self, name: str) -> tuple[NativeModel, Path | None]:
        model = KNOWN.get(name)
        if model is not None:
            if self._known(model).state != "ready":
                raise ModelUnavailable(f"the embedding model {name!r} is not here; fetch it under Settings")
            return model, None if model.package else self.folder(model)
        for path in self._own_folders():
            if OWN + path.name == name:
                return _own_model(path), path
        known = sorted([*KNOWN, *(OWN + path.name for path in self._own_folders())])
        raise UnknownStrategy(f"no embedding model {name!r}; known: {known}")

    def _own_folders(self) -> list[Path]:
        fetched = {self.folder(model).name for model in KNOWN.values()}
        found = self._folder.iterdir() if self._folder.is_dir() else ()
        return sorted(path for path in found if path.name not in fetched and (path / WEIGHTS).is_file())

    def _known(self, model: NativeModel) -> ModelState:
        is_here = model.package is not None or (self.folder(model) / WEIGHTS).is_file()
        state: State = "ready" if is_here else "not_fetched"
        return ModelState(model.name, model.label, model.spec.dimension, state, model.download, model.note)

    def _of_default(self) -> ModelState:
        spec = self.default.spec
        return ModelState(spec.model, spec.model, spec.dimension, "ready")


# --- folders of the user's own ---------------------------------------------------
class _Config(BaseModel):
    model_config = ConfigDict(strict=True)

    hidden_size: int = Field(gt=0)


class _Prompts(BaseModel):
    prompts: dict[str, str] = Field({})


def _own(path: Path) -> ModelState:
    try:
        model = _own_model(path)
    except ModelUnavailable as exc:
        return ModelState(OWN + path.name, path.name, 0, "broken", reason=str(exc))
    return ModelState(model.name, model.label, model.spec.dimension, "ready")


def _own_model(path: Path) -> NativeModel:
    return read_folder(path, name=OWN + path.name)


def read_folder(path: Path, *, name: str, label: str = "") -> NativeModel:
    """What the folder says of itself; the encoder checks the rest when it loads. Raises `ModelUnavailable`; blocks."""
    config = _parsed(_Config, path / "config.json")
    prompts = _parsed(_Prompts, path / "config_sentence_transformers.json", missing={}).prompts
    pooling = _json(path / "1_Pooling" / "config.json", missing={})
    spec = EmbeddingSpec(
        model=name,
        revision=sha256_of(path / WEIGHTS)[:12],
        dimension=config.hidden_size,
        pooling="cls" if isinstance(pooling, dict) and pooling.get("pooling_mode_cls_token") else "mean",
        query_prefix=prompts.get("query", ""),
        document_prefix=prompts.get("document", prompts.get("passage", "")),
    )
    return NativeModel(spec, label or path.name)


def _parsed(kind: type[M], path: Path, missing: Any = None) -> M:
    try:
        return kind.model_validate(_json(path, missing))
    except ValidationError as exc:
        first = exc.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise ModelUnavailable(f"{path.name!r} of the model {path.parent.name!r}: {where}: {first['msg']}") from exc


def _json(path: Path, missing: Any) -> Any:
    if missing is not None and not path.exists():
        return missing
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as exc:
        raise ModelUnavailable(f"{path.name!r} of the model {path.parent.name!r} cannot be read: {exc}") from exc


_HASHES: dict[tuple[str, int, int], str] = {}


def sha256_of(path: Path) -> str:
    """Of a file. Computed again only for another size or time: 400 MB take a third of a second."""
    found = path.stat()
    key = (str(path), found.st_size, found.st_mtime_ns)
    if key not in _HASHES:
        with path.open("rb") as file:
            _HASHES[key] = hashlib.file_digest(file, "sha256").hexdigest()
    return _HASHES[key]
