"""A model file on this machine, served by llama.cpp in a child process, spoken to by the OpenAI protocol."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Final

import httpx2

from backend.agents.providers.base import Capabilities, Event, GenerationRequest, Sampling
from backend.agents.providers.config import ProviderConfig, question_of
from backend.agents.providers.llama.gguf import SAMPLE, model_file
from backend.agents.providers.llama.servers import LlamaServer, LlamaServers, Served
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
SERVERS = LlamaServers()
"""Of this process: a model file is loaded once, however many configurations name it."""


class LocalProvider:
    """The model is the packaged sample's name or the path of a GGUF file. `aclose` ends the children that it used."""

    def __init__(
        self,
        vendor: Vendor,
        config: ProviderConfig,
        protocol: Callable[[], WireProtocol],
        servers: LlamaServers = SERVERS,
    ) -> None:
        self._vendor = vendor
        self._config = config
        self._protocol = protocol
        self._servers = servers
        self._used: set[LlamaServer] = set()
        self._speakers: dict[Served, PydanticAiProvider] = {}

    @property
    def capabilities(self) -> Capabilities:
        return self._vendor.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        question_of(request)
        chosen = request.model or self._config.default_model or SAMPLE
        file = await asyncio.to_thread(_file, chosen)
        name = chosen if chosen == SAMPLE else file.stem
        server = self._servers.of(file, name, idle=self._config.timeouts.unload)
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
            await asyncio.to_thread(server.stop)

    def _speaker(self, served: Served) -> PydanticAiProvider:
        if served not in self._speakers:
            config = ProviderConfig(self._config.name, f"{served.url}/v1", served.key, timeouts=self._config.timeouts)
            self._speakers[served] = PydanticAiProvider(self._vendor, self._protocol, config, _own_child)
        return self._speakers[served]


def _filled(sampling: Sampling) -> Sampling:
    temperature = TEMPERATURE if sampling.temperature is None else sampling.temperature
    return replace(sampling, temperature=temperature, max_tokens=sampling.max_tokens or LONGEST)


def _file(name: str) -> Path:
    """An agent may be older than its file is: that is a failure of the provider, for which a fallback answers."""
    try:
        return model_file(name)
    except InvalidRequest as exc:
        raise ProviderRejected(str(exc)) from exc


def _own_child(_url: str, timeout: httpx2.Timeout) -> httpx2.AsyncClient:
    """The address is our own child's, not a user's, so no policy decides on it."""
    return httpx2.AsyncClient(timeout=timeout, headers={"user-agent": "ai-nexus"}, trust_env=False)
