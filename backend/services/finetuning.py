"""Trainings: begun, followed, cancelled. Their jobs train: `finetune_run`."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import chain, count
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from backend.agents.providers import PROVIDERS, ProviderConfig
from backend.agents.providers.vendors import FineTuning
from backend.db.finetuning import Dataset, Training
from backend.db.models import utc_now
from backend.embeddings.catalogue import MINILM
from backend.errors import InvalidRequest, MissingExtra
from backend.finetuning import LABELS, MAKES, METHODS, Method
from backend.finetuning.base import Outlook
from backend.finetuning.lora_base import require_allowed
from backend.finetuning.machine import MIB
from backend.jobs.base import JobRequest, JobRunner, Queued
from backend.repositories.paging import Slice
from backend.repositories.uow import Tx, UnitOfWork
from backend.security.principal import Principal
from backend.services.datasets import frozen
from backend.services.embedding_models import EmbeddingModelService
from backend.services.names import asked_by, require_free, twin
from backend.services.providers import ProviderService
from backend.services.training_outlook import TrainingOutlook
from backend.tracing.track import track
from contracts import finetuning as wire
from contracts.jobs import Job
from contracts.page import Page

KIND: Final = "finetune"
PROVIDER: Final = "provider"
"""The parameter of methods that train at a provider: its name."""
MILLION: Final = 1_000_000
MOST_POINTS: Final = 5_000
SEARCHED: Final = ("retrieval", "embeddings")
"""What is made for a collection, whose entries it learns to find."""
NAMED: Final = {"retrieval": "tuned retrieval", "embeddings": "search model", "answers": "fine-tuned model"}
"""How the name of a model ends that nobody named, by what it makes."""


class TrainPayload(Queued):
    """The job's id is the training's."""


class FinetuningService:
    """Every method raises `NotFound` for what is of another workspace, as for what does not exist. `base_models` are
    as in `require_allowed`."""

    def __init__(
        self,
        uow: UnitOfWork,
        runner: JobRunner,
        providers: ProviderService,
        embedders: EmbeddingModelService,
        outlook: TrainingOutlook,
        *,
        base_models: Sequence[Path] | None = None,
    ) -> None:
        self._uow = uow
        self._base_models = base_models
        self._embedders = embedders
        self._outlook = outlook
        self._runner = runner
        self._providers = providers

    @track("finetune.start")
    async def start(self, principal: Principal, new: wire.NewTraining) -> Job:
        """Raises `UnknownStrategy` or `MissingExtra` for the method, `InvalidRequest` for parameters that it has not,
        for a provider that is not set up and for a dataset with errors, `Conflict` for one that is not made and for a
        name that is taken; and what `Outlook` has as the obstacle."""
        method = METHODS.get(new.method)()
        parameters = _parameters(method.options, new)
        base_model = await self._base_model(principal, method, new)
        outlook = await self._foreseen(principal, method, new, parameters)
        if outlook is not None and outlook.obstacle is not None:
            raise outlook.obstacle
        async with self._uow(principal.workspace_id) as tx:
            if (provider := parameters.get(PROVIDER)) is not None:
                await self._providers.training_at(tx, provider, field=f"parameters.{PROVIDER}")
            collection_id = new.collection_id or (await tx.agents.default()).collection_id
            await tx.collections.get(collection_id)
            dataset = await frozen(tx, new.dataset_id)
            _check(dataset)
            name = await _free_name(tx, new, dataset)
            job_id = uuid4()
            request = JobRequest(
                kind=KIND,
                payload=TrainPayload(queue=method.queue),
                title=name,
                collection_id=collection_id if method.makes in SEARCHED else None,
                id=job_id,
            )
            await self._runner.submit(tx, request)
            await tx.tuning.add(
                Training(
                    id=job_id,
                    workspace_id=principal.workspace_id,
                    dataset_id=dataset.id,
                    collection_id=collection_id if method.makes in SEARCHED else None,
                    name=name,
                    method=new.method,
                    base_model=base_model,
                    parameters=parameters,
                    author=principal.name,
                    created_at=utc_now(),
                )
            )
            return await tx.jobs.get(job_id)

    async def estimate(self, principal: Principal, new: wire.NewTraining) -> wire.TrainingEstimate:
        """Before it begins; starts nothing. Raises as `start` for the method, its parameters and the dataset."""
        method = METHODS.get(new.method)()
        parameters = _parameters(method.options, new)
        if new.base_model:
            await self._base_model(principal, method, new)
        async with self._uow.read(principal.workspace_id) as tx:
            if new.collection_id is not None:
                await tx.collections.get(new.collection_id)
            dataset = await frozen(tx, new.dataset_id)
        outlook = await self._foreseen(principal, method, new, parameters)
        epochs = parameters.get("epochs") or parameters.get("n_epochs")
        price = 0.0 if PROVIDER not in parameters else parameters["price_per_million"]
        cost = None if price is None else Decimal(str(price)) * dataset.tokens * (epochs or 1) / MILLION
        return wire.TrainingEstimate(tokens=dataset.tokens, epochs=epochs, cost_usd=cost, **_needs(outlook))

    async def _foreseen(
        self, principal: Principal, method: Method, new: wire.NewTraining, parameters: dict[str, Any]
    ) -> Outlook | None:
        return await self._outlook.of(
            principal.workspace_id,
            method,
            dataset_id=new.dataset_id,
            base_model=new.base_model,
            parameters=parameters,
        )

    async def methods(self, principal: Principal) -> list[wire.TrainingMethod]:
        async with self._uow.read(principal.workspace_id) as tx:
            configs = await self._providers.that_train(tx)
        ready = [_provider(one) for one in configs]
        bases = [
            wire.BaseModelChoice(name=one.name, label=one.label, note=one.note)
            for one in await self._embedders.trainable(principal.workspace_id)
        ]
        return [_method(name, ready, bases) for name in METHODS.names]

    async def _base_model(self, principal: Principal, method: Method, new: wire.NewTraining) -> str:
        """Raises `InvalidRequest` for one that the method cannot begin with."""
        if method.makes == "retrieval" and new.base_model:
            raise InvalidRequest(f"base_model: the method {new.method!r} has none; leave it out")
        if method.needs_base_model and not new.base_model:
            raise InvalidRequest("base_model: name the model of the provider that is to be trained")
        if method.makes == "answers" and not method.needs_base_model:
            require_allowed(new.base_model, self._base_models)
        if method.makes != "embeddings":
            return new.base_model
        name = new.base_model or MINILM.name
        known = [one.name for one in await self._embedders.trainable(principal.workspace_id)]
        if name not in known:
            raise InvalidRequest(f"base_model: no embedding model {name!r} of this machine; known: {sorted(known)}")
        return name

    async def get(self, principal: Principal, training_id: UUID) -> wire.Training:
        async with self._uow.read(principal.workspace_id) as tx:
            return (await _to_wire(tx, [await tx.tuning.training(training_id)]))[0]

    async def page(self, principal: Principal, slice_: Slice) -> Page[wire.Training]:
        """Newest first."""
        async with self._uow.read(principal.workspace_id) as tx:
            rows, cursor = await tx.tuning.trainings(slice_)
            return Page(items=await _to_wire(tx, rows), next_cursor=cursor)

    async def points(self, principal: Principal, training_id: UUID) -> list[wire.CurvePoint]:
        """By step."""
        async with self._uow.read(principal.workspace_id) as tx:
            await tx.tuning.training(training_id)
            found = await tx.tuning.points(training_id, limit=MOST_POINTS)
        return [wire.CurvePoint(name=one.name, step=one.step, epoch=one.epoch, value=one.value) for one in found]

    @track("finetune.cancel")
    async def cancel(self, principal: Principal, training_id: UUID) -> Job:
        """Raises `Conflict` for one that has ended."""
        async with self._uow.read(principal.workspace_id) as tx:
            await tx.tuning.training(training_id)
        await self._runner.cancel(principal.workspace_id, training_id)
        async with self._uow.read(principal.workspace_id) as tx:
            return await tx.jobs.get(training_id)


def _needs(outlook: Outlook | None) -> dict[str, Any]:
    """As fields of an estimate; none where nothing is known."""
    if outlook is None:
        return {}
    there = outlook.machine
    sizes = {
        "memory_mb": outlook.memory,
        "machine_memory_mb": there.memory,
        "free_memory_mb": there.free_memory,
        "disk_mb": outlook.disk,
        "free_disk_mb": there.free_disk,
    }
    return {
        **{name: None if size is None else size // MIB for name, size in sizes.items()},
        "warnings": list(outlook.warnings),
        "obstacle": "" if outlook.obstacle is None else str(outlook.obstacle),
    }


def _method(
    name: str, ready: Sequence[wire.TrainingProvider], bases: Sequence[wire.BaseModelChoice]
) -> wire.TrainingMethod:
    try:
        method: Method = METHODS.get(name)()
    except MissingExtra as exc:
        makes = MAKES[name]
        return wire.TrainingMethod(
            name=name, label=LABELS[name], makes=makes, model_name=NAMED[makes], missing=str(exc), parameters=[]
        )
    schemas: dict[str, dict[str, Any]] = method.options.model_json_schema()["properties"]
    parameters = [_number(one, schema) for one, schema in schemas.items()]
    is_remote = PROVIDER in method.options.model_fields
    return wire.TrainingMethod(
        name=name,
        label=LABELS[name],
        makes=method.makes,
        model_name=NAMED[method.makes],
        missing=_no_provider() if is_remote and not ready else "",
        parameters=[one for one in parameters if one is not None],
        choices=[
            wire.MethodChoice(name=one, default=schema["default"], options=schema["enum"])
            for one, schema in schemas.items()
            if "enum" in schema
        ],
        providers=list(ready) if is_remote else [],
        base_models=list(bases) if method.makes == "embeddings" else [],
        needs_base_model=method.needs_base_model,
    )


def _no_provider() -> str:
    labels = ", ".join(vendor.label for vendor in PROVIDERS.vendors.values() if vendor.fine_tunes)
    return f"set up a provider that trains under Settings, Model providers, first: {labels}"


def _number(name: str, schema: dict[str, Any]) -> wire.MethodParameter | None:
    """A parameter of a JSON schema; None for one that is no number."""
    kinds = [schema, *schema.get("anyOf", [])]
    number = next((one for one in kinds if one.get("type") in ("integer", "number")), None)
    if number is None:
        return None
    return wire.MethodParameter(
        name=name,
        default=schema.get("default"),
        least=number.get("minimum", number.get("exclusiveMinimum")),
        most=number.get("maximum", number.get("exclusiveMaximum")),
        is_whole=number["type"] == "integer",
    )


def _parameters(options: type[BaseModel], new: wire.NewTraining) -> dict[str, Any]:
    """All of the method's, with their defaults. Raises `InvalidRequest` that names the first wrong one."""
    try:
        parameters = options.model_validate(new.parameters).model_dump(mode="json")
    except ValidationError as exc:
        first = exc.errors()[0]
        name = ".".join(map(str, first["loc"]))
        known = ", ".join(options.model_fields)
        raise InvalidRequest(f"parameters.{name}: {first['msg']}; {new.method!r} knows {known}") from None
    provider = parameters.get(PROVIDER, "")
    for name, why in _tuning(provider).lacks.items():
        if parameters.get(name) is not None:
            label = PROVIDERS.vendors[provider].label
            raise InvalidRequest(f"parameters.{name}: {label} has none, {why}; leave it out")
    return parameters


def _provider(config: ProviderConfig) -> wire.TrainingProvider:
    vendor, tuning = PROVIDERS.vendors[config.name], _tuning(config.name)
    return wire.TrainingProvider(
        name=vendor.name,
        label=vendor.label,
        base_url=config.base_url or "",
        lacks=dict(tuning.lacks),
        note=f"{tuning.note} {tuning.then}".strip(),
    )


def _tuning(provider: str) -> FineTuning:
    """That of a vendor that has none lacks nothing: it is refused elsewhere."""
    vendor = PROVIDERS.vendors.get(provider)
    return (vendor and vendor.fine_tunes) or FineTuning()


def _check(dataset: Dataset) -> None:
    errors = dataset.findings.get("errors", 0)
    if errors:
        texts = [one["text"] for one in dataset.findings.get("items", []) if one["severity"] == "error"]
        raise InvalidRequest(
            f"the dataset {dataset.name!r}, version {dataset.version}, has {errors} errors and is not trained on; "
            f"the first: {texts[0] if texts else ''}"
        )


async def _free_name(tx: Tx, new: wire.NewTraining, dataset: Dataset) -> str:
    """The one that was given, or the first of a row that is free. A name of a model means one thing."""
    known = await asked_by(tx)
    if new.name is not None:
        require_free(new.name, known)
        return new.name
    base = f"{dataset.name} v{dataset.version} {NAMED[MAKES[new.method]]}"
    numbered = (f"{base} ({number})" for number in count(2))
    return next(name for name in chain([base], numbered) if twin(name, known) is None)


async def _to_wire(tx: Tx, rows: Sequence[Training]) -> list[wire.Training]:
    models = await tx.tuning.of_training([row.id for row in rows])
    found: list[wire.Training] = []
    for row in rows:
        dataset = await tx.datasets.get(row.dataset_id)
        found.append(
            wire.Training(
                id=row.id,
                name=row.name,
                method=row.method,
                base_model=row.base_model,
                parameters=row.parameters,
                dataset_id=row.dataset_id,
                dataset_name=dataset.name,
                dataset_version=dataset.version,
                collection_id=row.collection_id,
                model_id=models.get(row.id),
                author=row.author,
                created_at=row.created_at,
                job=await tx.jobs.get(row.id),
            )
        )
    return found
