"""The adapter for vendors that speak a known protocol: prompts, time limits, structured output, one client a loop."""

import asyncio
import re
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from weakref import WeakKeyDictionary

import httpx2
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json

from backend.agents.prompts.passages import with_passages
from backend.agents.providers.base import (
    Capabilities,
    Done,
    Event,
    GenerationRequest,
    Message,
    Structured,
    TextDelta,
    Usage,
)
from backend.agents.providers.config import HttpClientFactory, ProviderConfig, question_of
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.pace import Heard, Pace
from backend.agents.providers.protocols.base import AnyProtocol, Chat, HasChat, KeyHeader
from backend.agents.providers.streams import closing
from backend.agents.providers.vendors import Vendor
from backend.errors import InvalidRequest, ProviderBadAnswer

_FENCED = re.compile(r"```(?:json)?\s*\n(.*?)\n?```", re.DOTALL)

Connect = Callable[[Endpoint, httpx2.AsyncClient], Chat]


class PydanticAiProvider:
    """Streams from one configured vendor.

    `aclose` closes the clients of the running loop; a later stream opens new ones. Only the key of its own URL is sent.
    """

    def __init__(
        self, vendor: Vendor, protocol: Callable[[], AnyProtocol], config: ProviderConfig, http: HttpClientFactory
    ) -> None:
        self._config = config
        self._protocol = protocol
        self._endpoint = Endpoint.of(vendor, config)
        self._http = http
        self._clients: WeakKeyDictionary[asyncio.AbstractEventLoop, Chat] = WeakKeyDictionary()

    @property
    def capabilities(self) -> Capabilities:
        return self._endpoint.vendor.capabilities

    async def stream(self, request: GenerationRequest) -> AsyncIterator[Event]:
        question_of(request)
        request = replace(request, model=self._model_name(request))
        messages = with_passages(request.messages, request.passages)
        events = self._structured(request, messages) if request.output_type else self._paced(request, messages)
        async with aclosing(events):
            async for event in events:
                yield event

    async def aclose(self) -> None:
        client = self._clients.pop(asyncio.get_running_loop(), None)
        if client is not None:
            await client.aclose()

    async def _paced(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncGenerator[Event, None]:
        client = await self._client()
        pace = Pace(self._config.timeouts, f"{self._config.name!r} (model {request.model!r})")
        async with closing(client.stream(request, messages)) as events:
            while (event := await pace.next(events)) is not None:
                if not isinstance(event, Heard):
                    yield event

    async def _structured(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncGenerator[Event, None]:
        """The validated value, then `Done` with the tokens of both attempts."""
        assert request.output_type is not None
        answer, done = await self._whole(request, messages)
        value, fault = _validated(request.output_type, answer, is_cut=done.finish_reason == "length")
        if value is None:
            repair = [*messages, Message("assistant", answer), Message("user", _repair_request(fault))]
            answer, second = await self._whole(request, repair)
            done = replace(second, usage=done.usage + second.usage)
            value, fault = _validated(request.output_type, answer, is_cut=done.finish_reason == "length")
        if value is None:
            raise ProviderBadAnswer(
                f"{self._config.name!r} (model {request.model!r}) did not give a valid "
                f"{request.output_type.__name__!r} in two attempts: {fault}",
                (done.usage.input_tokens, done.usage.output_tokens),
            )
        yield Structured(value)
        yield done

    async def _whole(self, request: GenerationRequest, messages: Sequence[Message]) -> tuple[str, Done]:
        text: list[str] = []
        done = Done(Usage(), "stop", request.model)
        async with aclosing(self._paced(request, messages)) as events:
            async for event in events:
                if isinstance(event, TextDelta):
                    text.append(event.text)
                elif isinstance(event, Done):
                    done = event
        return "".join(text), done

    async def _client(self) -> Chat:
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            # The SDKs take seconds to import; the loop has other people to serve meanwhile.
            connect, key_header = await asyncio.to_thread(_load, self._protocol)
            if loop not in self._clients:
                http = self._endpoint.client(self._http, self._timeout(), key_header)
                self._clients[loop] = connect(self._endpoint, http)
        return self._clients[loop]

    def _timeout(self) -> httpx2.Timeout:
        """Reading is limited per event by `Pace`; a socket's limit would count keep-alive comments as answers."""
        limits = self._config.timeouts
        return httpx2.Timeout(None, connect=limits.connect, write=limits.idle, pool=limits.connect)

    def _model_name(self, request: GenerationRequest) -> str:
        name = request.model or self._config.default_model or next(iter(self._endpoint.vendor.default_models), "")
        if not name:
            raise InvalidRequest(f"no model is chosen for {self._config.name!r}; set one in Settings")
        return name


def _load(load: Callable[[], AnyProtocol]) -> tuple[Connect, KeyHeader]:
    protocol = load()
    if isinstance(protocol, HasChat):
        return protocol.chat, protocol.key_header

    from backend.agents.providers.direct import DirectChat

    return lambda endpoint, http: DirectChat(endpoint, protocol, http), protocol.key_header


def _validated(output: type[BaseModel], answer: str, *, is_cut: bool = False) -> tuple[BaseModel | None, str]:
    """The value, or None and what is wrong. A code fence around the JSON is forgiven.

    Of an answer that was cut at the limit of tokens the whole parts count, where they make a value.
    """
    fenced = _FENCED.search(answer)
    text = fenced[1] if fenced else answer
    try:
        return output.model_validate_json(text), ""
    except ValidationError as exc:
        if is_cut and (part := _whole_part(output, text)) is not None:
            return part, ""
        faults = [f"{'.'.join(map(str, error['loc'])) or 'answer'}: {error['msg']}" for error in exc.errors()[:5]]
        return None, "; ".join(faults)


def _whole_part(output: type[BaseModel], text: str) -> BaseModel | None:
    try:
        return output.model_validate(from_json(text, allow_partial=True))
    except ValueError:
        return None


def _repair_request(fault: str) -> str:
    return f"That is not valid: {fault}. Reply again with only the corrected JSON object, without a code fence."
