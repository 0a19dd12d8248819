"""Every service of the product, as the routers see them."""

from dataclasses import dataclass

from backend.services.access import AccessService
from backend.services.agents import AgentService
from backend.services.aliases import AliasService
from backend.services.batch_export import BatchExport
from backend.services.batches import BatchService
from backend.services.chat import ChatService
from backend.services.chunks import ChunkService
from backend.services.collections import CollectionService
from backend.services.comparing import ComparisonService
from backend.services.contests import ContestService
from backend.services.conversations import ConversationService
from backend.services.datasets import DatasetService
from backend.services.documents import DocumentService
from backend.services.drafting import DraftingService
from backend.services.embedding_models import EmbeddingModelService
from backend.services.faqs import FaqService
from backend.services.finetuning import FinetuningService
from backend.services.idempotency import IdempotencyService
from backend.services.job_events import JobEvents
from backend.services.jobs import JobService
from backend.services.lead_export import LeadExport
from backend.services.leads import LeadService
from backend.services.model_switch import ModelSwitchService
from backend.services.openai import OpenAIService
from backend.services.personas import PersonaService
from backend.services.persons import PersonService
from backend.services.providers import ProviderService
from backend.services.saved_lead_views import SavedLeadViews
from backend.services.smart_chat import SmartChatService
from backend.services.system import SystemService
from backend.services.tuned_models import TunedModelService
from backend.services.upkeep import Upkeep
from backend.services.uploads import UploadService
from backend.tracing.metrics import Metrics


@dataclass(frozen=True, slots=True)
class AppServices:
    access: AccessService
    agents: AgentService
    aliases: AliasService
    batch_export: BatchExport
    batches: BatchService
    chat: ChatService
    chunks: ChunkService
    collections: CollectionService
    comparisons: ComparisonService
    contests: ContestService
    conversations: ConversationService
    datasets: DatasetService
    documents: DocumentService
    drafting: DraftingService
    embedding_models: EmbeddingModelService
    faqs: FaqService
    finetuning: FinetuningService
    idempotency: IdempotencyService
    job_events: JobEvents
    jobs: JobService
    lead_export: LeadExport
    lead_views: SavedLeadViews
    leads: LeadService
    metrics: Metrics
    model_switch: ModelSwitchService
    openai: OpenAIService
    personas: PersonaService
    persons: PersonService
    providers: ProviderService
    smart_chat: SmartChatService
    system: SystemService
    tuned_models: TunedModelService
    upkeep: Upkeep
    uploads: UploadService
