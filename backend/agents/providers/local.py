"""A model on this machine, served by llama.cpp or transformers in a child process, spoken to by the OpenAI protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx2

from backend.agents.providers.base import Capabilities, Event, GenerationRequest, Sampling
from backend.agents.providers.config import ProviderConfig, question_of
from backend.agents.providers.local_models.model_files import SAMPLE, engine_of, model_file, name_of
from backend.agents.providers.local_models.servers import ModelServer, ModelServers, Served
from backend.agents.providers.protocols.base import WireProtocol
from backend.agents.providers.pydantic_ai import PydanticAiProvider
from backend.agents.providers.streams import closing
from backend.agents.providers.vendors import Vendor
from backend.errors import InvalidRequest, ProviderRejected

LONGEST: Final = 800
"""Tokens of an answer that nobody limits: a small model may come to no end by itself, for minutes."""
TEMPERATURE: Final = 0.0
"""Where none is chosen. At llama.cpp's own .8 the sample answered one question right in 6 of 12 tries, and once with no
word at all; at 0 in 12 of 12."""
SERVERS = ModelServers()
"""Of this process: a model is loaded once, however many configurations name it."""


class LocalProvider:
    """The model is the packaged sample's name, or the path of a GGUF file or of a folder with a Hugging Face model.
    `aclose` ends the children that it used, once nobody else uses them."""

    def __init__(
        self,
        vendor: Vendor,
        config: ProviderConfig,
        protocol: Callable[[], WireProtocol],
        servers: ModelServers = SERVERS,
    ) -> None:
        self._vendor = vendor
        self._config = config
        self._protocol = protocol
        self._servers = servers
        self._used: set[ModelServer] = set()
        self._speakers: dict[Served, PydanticAiProvider] = {}

    @property
    def capabilities(self) -> Capabilities:
        return self._vendor.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        question_of(request)
        chosen = request.model or self._config.default_model or SAMPLE
        path = await asyncio.to_thread(_path, chosen, request)
        name = chosen if chosen == SAMPLE else name_of(path)
        server = self._servers.of(path, name, idle=self._config.timeouts.unload)
        self._used.add(server)
        async with AsyncExitStack() as stack:
            served = await asyncio.to_thread(server.acquire)
            stack.callback(server.release)
            events = self._speaker(served).stream(replace(request, model=name, sampling=_filled(request.sampling)))
            async with closing(events):
                async for event in events:
                    yield event
        server.answered()

    async def aclose(self) -> None:
        speakers, self._speakers = self._speakers, {}
        for speaker in speakers.values():
            await speaker.aclose()
        used, self._used = self._used, set()
        for server in used:
            await asyncio.to_thread(server.retire)

    def _speaker(self, served: Served) -> PydanticAiProvider:
        if served not in self._speakers:
            config = ProviderConfig(self._config.name, f"{served.url}/v1", served.key, timeouts=self._config.timeouts)
            self._speakers[served] = PydanticAiProvider(self._vendor, self._protocol, config, _own_child)
        return self._speakers[served]


def _filled(sampling: Sampling) -> Sampling:
    temperature = TEMPERATURE if sampling.temperature is None else sampling.temperature
    return replace(sampling, temperature=temperature, max_tokens=sampling.max_tokens or LONGEST)


def _path(name: str, request: GenerationRequest) -> Path:
    """An agent may be older than its file is: that is a failure of the provider, for which a fallback answers."""
    try:
        path = model_file(name)
    except InvalidRequest as exc:
        raise ProviderRejected(str(exc)) from exc
    if engine_of(path) == "transformers" and (request.output_type is not None or request.tools):
        raise ProviderRejected(
            f"the model {name!r} is served by transformers, which holds no model to a form or to tools; choose a GGUF "
            "file, or another provider"
        )
    return path


def _own_child(_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
    """The address is our own child's, not a user's, so no policy decides on it."""
    return httpx2.AsyncClient(timeout=timeout, headers={"user-agent": "ai-nexus"}, trust_env=False)
