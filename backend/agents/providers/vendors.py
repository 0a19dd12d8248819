"""The table of model providers: a row here is the one registration."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from typing import Literal
from urllib.parse import urlsplit

from backend.agents.providers.base import Capabilities, Provider
from backend.agents.providers.config import HttpClientFactory, ProviderConfig, ProviderFactory
from backend.agents.providers.local_models.model_files import capabilities_of, model_file
from backend.agents.providers.protocols.base import AnyProtocol, HasChat, WireProtocol
from backend.errors import InvalidRequest
from backend.registry import Registry, Row

Place = Literal["offline", "server", "child"]
TuningDialect = Literal["openai", "together", "fireworks"]
ALL = Capabilities(structured_output=True, tools=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """Whose fine-tuning API a vendor speaks. `lacks` are parameters of a training that it does not know, and why.
    `note` is what people should know before they send rows there, `then` what they have to do before they ask the model
    that was trained."""

    dialect: TuningDialect = "openai"
    lacks: Mapping[str, str] = field(default_factory=dict)
    note: str = ""
    then: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Vendor:
    """`load` imports the implementation and returns what makes a provider of this row.

    `place`: in this process without settings, on a server with a URL, or in a child process of ours. `price_id` is the
    vendor's id in genai-prices; None means that its prices are unknown. `default_models` are all that an offline vendor
    has, and suggestions for the others; so are `embedding_models`, None where it has no API for them. `hidden`: for
    tests and demos, not offered to people. `needs` is the package that the extra brings. `check_model` raises
    `InvalidRequest` for a name that cannot be a model of this vendor. `capabilities_of` tells those of a model where
    they are not those of the vendor. `small_models` only answer: the rules take every
    step before that better. `fine_tunes` is the fine-tuning API that it may have. `openai_version` is where its API
    like OpenAI's is, below an address that may lack it. `note` is what people should know before they choose it.
    """

    name: str
    label: str
    load: "Callable[[], VendorFactory]"
    place: Place = "server"
    capabilities: Capabilities = ALL
    key_variable: str | None = None
    needs_key: bool = False
    default_url: str | None = None
    default_models: tuple[str, ...] = ()
    embedding_models: tuple[str, ...] | None = None
    price_id: str | None = None
    hidden: bool = False
    extra: str | None = None
    needs: str | None = None
    check_model: Callable[[str], object] | None = None
    capabilities_of: Callable[[str], Capabilities] | None = None
    small_models: tuple[str, ...] = ()
    fine_tunes: FineTuning | None = None
    openai_version: str = ""
    note: str = ""

    @property
    def missing_extra(self) -> str | None:
        """The extra that has to be installed first."""
        return self.extra if self.needs is not None and find_spec(self.needs) is None else None

    def is_structured(self, model: str) -> bool:
        """Whether this model writes answers of a given form."""
        able = self.capabilities if self.capabilities_of is None else self.capabilities_of(model)
        return able.generates and able.structured_output


VendorFactory = Callable[[Vendor, ProviderConfig, HttpClientFactory], Provider]


def over(protocol: Callable[[], AnyProtocol]) -> Callable[[], VendorFactory]:
    """The `load` of a vendor that is spoken to by a protocol."""

    def load() -> VendorFactory:
        from backend.agents.providers.pydantic_ai import PydanticAiProvider

        return lambda vendor, config, http: PydanticAiProvider(vendor, protocol, config, http)

    return load


class ProviderTable(Registry[ProviderFactory]):
    """Vendors by name. `get` raises `UnknownStrategy` or `MissingExtra`."""

    def __init__(self, *vendors: Vendor) -> None:
        self.vendors: Mapping[str, Vendor] = {vendor.name: vendor for vendor in vendors}
        super().__init__("model provider", {vendor.name: _row(vendor) for vendor in vendors})

    def plus(self, *vendors: Vendor) -> "ProviderTable":
        """A table with more rows."""
        return ProviderTable(*self.vendors.values(), *vendors)

    def check_model(self, name: str, model: str) -> None:
        """Raises `InvalidRequest` for a model that the offline provider `name` does not have; "" is its default."""
        vendor = self.vendors.get(name)
        if vendor is not None and vendor.place == "offline" and model and model not in vendor.default_models:
            known = list(vendor.default_models)
            raise InvalidRequest(f"no model {model!r} of the provider {name!r}; known: {known}")

    def check_structured(self, name: str, model: str, *, field: str, to: str) -> None:
        """Raises `InvalidRequest`, which names the `field`, for a model that writes no answers of a given form."""
        vendor = self.vendors[name]
        if not vendor.is_structured(model):
            who = f"the model {model!r}" if vendor.capabilities.structured_output else repr(name)
            raise InvalidRequest(f"{field}: {who} cannot {to}; choose one that writes structured answers")

    def public_hosts(self) -> frozenset[str]:
        """The hosts that every policy may call, over https."""
        urls = [urlsplit(vendor.default_url) for vendor in self.vendors.values() if vendor.default_url]
        return frozenset(url.hostname for url in urls if url.hostname and url.scheme == "https")


def _row(vendor: Vendor) -> Row[ProviderFactory]:
    return Row(lambda: partial(vendor.load(), vendor), vendor.extra, vendor.needs)


def _builtin() -> VendorFactory:
    from backend.agents.providers.builtin import BuiltinProvider

    return lambda _vendor, _config, _http: BuiltinProvider()


def _echo() -> VendorFactory:
    from backend.agents.providers.echo import EchoProvider

    return lambda _vendor, _config, _http: EchoProvider()


def _local() -> VendorFactory:
    from backend.agents.providers.local import LocalProvider

    return lambda vendor, config, _http: LocalProvider(vendor, config, _openai_chat)


def _openai() -> WireProtocol:
    from backend.agents.providers.protocols.openai_chat import OpenAIChat

    return OpenAIChat(is_openai=True)


def _openai_chat() -> WireProtocol:
    from backend.agents.providers.protocols.openai_chat import OpenAIChat

    return OpenAIChat()


def _anthropic() -> WireProtocol:
    from backend.agents.providers.protocols.anthropic import AnthropicMessages

    return AnthropicMessages()


def _gemini() -> WireProtocol:
    from backend.agents.providers.protocols.gemini import GeminiContent

    return GeminiContent()


def _mistral() -> WireProtocol:
    from backend.agents.providers.protocols.mistral import MistralChat

    return MistralChat()


def _ollama() -> HasChat:
    from backend.agents.providers.protocols.ollama import OllamaProtocol

    return OllamaProtocol()


PROVIDERS = ProviderTable(
    Vendor(
        name="builtin",
        label="Built-in (quotes your documents, works offline)",
        load=_builtin,
        place="offline",
        capabilities=Capabilities(generates=False),
        default_models=("builtin",),
    ),
    Vendor(
        name="local",
        label="Local model (any GGUF file by llama.cpp, or a model's folder by transformers)",
        load=_local,
        place="child",
        capabilities=Capabilities(structured_output=True, holds_to_schema=True),
        default_models=("SmolLM2-135M-Instruct",),
        small_models=("SmolLM2-135M-Instruct",),
        extra="local",
        needs="xllamacpp",
        check_model=model_file,
        capabilities_of=capabilities_of,
        note="The sample SmolLM2-135M-Instruct is small: it shows that everything works, and is often wrong.",
    ),
    Vendor(
        name="echo",
        label="Echo (repeats the question, for trying things out)",
        load=_echo,
        place="offline",
        capabilities=Capabilities(),
        default_models=("echo",),
        hidden=True,
    ),
    Vendor(
        name="openai",
        label="OpenAI",
        load=over(_openai),
        key_variable="OPENAI_API_KEY",
        needs_key=True,
        default_url="https://api.openai.com/v1",
        default_models=("gpt-6-luna", "gpt-6.1-terra", "gpt-6.1-sol"),
        price_id="openai",
        embedding_models=("text-embedding-3-small", "text-embedding-3-large"),
        fine_tunes=FineTuning(),
    ),
    Vendor(
        name="anthropic",
        label="Anthropic (Claude)",
        load=over(_anthropic),
        key_variable="ANTHROPIC_API_KEY",
        needs_key=True,
        default_url="https://api.anthropic.com",
        default_models=("claude-haiku-5-5", "claude-sonnet-5-5", "claude-opus-5-5"),
        price_id="anthropic",
    ),
    Vendor(
        name="gemini",
        label="Google (Gemini)",
        load=over(_gemini),
        key_variable="GEMINI_API_KEY",
        needs_key=True,
        default_url="https://generativelanguage.googleapis.com",
        default_models=("gemini-3.5-flash-lite", "gemini-3.8-flash", "gemini-4-argon"),
        price_id="google",
    ),
    Vendor(
        name="mistral",
        label="Mistral",
        load=over(_mistral),
        key_variable="MISTRAL_API_KEY",
        needs_key=True,
        default_url="https://api.mistral.ai",
        default_models=("mistral-small-latest", "mistral-medium-latest", "mistral-large-latest"),
        price_id="mistral",
    ),
    Vendor(
        name="groq",
        label="Groq",
        load=over(_openai_chat),
        key_variable="GROQ_API_KEY",
        needs_key=True,
        default_url="https://api.groq.com/openai/v1",
        default_models=("openai/gpt-oss-20b", "openai/gpt-oss-120b", "qwen/qwen3.8-27b"),
        price_id="groq",
    ),
    Vendor(
        name="together",
        label="Together",
        load=over(_openai_chat),
        key_variable="TOGETHER_API_KEY",
        needs_key=True,
        default_url="https://api.together.xyz/v1",
        default_models=("openai/gpt-oss-120b", "meta-llama/Meta-Llama-3.3-70B-Instruct-Turbo", "zai-org/GLM-5.3-Flash"),
        price_id="together",
        embedding_models=("intfloat/multilingual-e5-large-instruct",),
        fine_tunes=FineTuning(
            dialect="together",
            lacks={"learning_rate_multiplier": "since its learning rates are absolute and not times the usual"},
            note="Together itself names the host at which the sent rows are stored.",
        ),
    ),
    Vendor(
        name="fireworks",
        label="Fireworks",
        load=over(_openai_chat),
        key_variable="FIREWORKS_API_KEY",
        needs_key=True,
        default_url="https://api.fireworks.ai/inference/v1",
        default_models=(
            "accounts/fireworks/models/gpt-oss-120b",
            "accounts/fireworks/models/glm-5p3-flash",
            "accounts/fireworks/models/kimi-k2p6",
        ),
        price_id="fireworks",
        embedding_models=("fireworks/qwen3-embedding-8b", "nomic-ai/nomic-embed-text-v1.5"),
        fine_tunes=FineTuning(
            dialect="fireworks",
            lacks={
                "learning_rate_multiplier": "since its learning rates are absolute and not times the usual",
                "seed": "since it chooses one itself",
            },
            then="A model that is trained at Fireworks answers once you have deployed it there, which costs by the "
            "hour; until then it is not found.",
        ),
    ),
    Vendor(
        name="openrouter",
        label="OpenRouter",
        load=over(_openai_chat),
        key_variable="OPENROUTER_API_KEY",
        needs_key=True,
        default_url="https://openrouter.ai/api/v1",
        default_models=("openai/gpt-oss-120b", "anthropic/claude-haiku-4.5", "mistralai/mistral-nemo"),
        price_id="openrouter",
    ),
    Vendor(
        name="ollama",
        label="Ollama (models on your own machine)",
        load=over(_ollama),
        key_variable="OLLAMA_API_KEY",
        default_url="http://127.0.0.1:11434/v1",
        default_models=("llama3.2", "gemma3", "phi4-mini"),
        embedding_models=("nomic-embed-text", "mxbai-embed-large"),
        openai_version="/v1",
        note="It answers with models that were pulled where it runs, such as by `ollama pull llama3.2`.",
    ),
    Vendor(
        name="vllm",
        label="vLLM (your own server)",
        load=over(_openai_chat),
        key_variable="VLLM_API_KEY",
        embedding_models=(),
    ),
    Vendor(
        name="openai-compatible",
        label="OpenAI-compatible server (such as llama.cpp or LM Studio)",
        load=over(_openai_chat),
        key_variable="NEXUS_OPENAI_COMPATIBLE_KEY",
        embedding_models=(),
        fine_tunes=FineTuning(),
    ),
)
