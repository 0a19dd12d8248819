"""A vendor that nobody has heard of, with a protocol of its own: this file, and one row in `test_new_vendor.py`.

`POST /say {model, lines[]}` answers with lines of JSON: `{"word": "..."}`, and `{"used": [in, out]}` at the end.
"""

import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx2
from pydantic_ai.messages import (
    ModelMessage,
    ModelResponse,
    ModelResponseStreamEvent,
    SystemPromptPart,
    TextPart,
    UserPromptPart,
)
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage

from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.protocols.base import KeyHeader


class AcmeSpeech:
    key_header = KeyHeader("x-acme-key", "")
    errors: tuple[type[Exception], ...] = (httpx2.HTTPError,)

    def model(self, name: str, endpoint: Endpoint, http: httpx2.AsyncClient) -> Model:
        return AcmeModel(name, endpoint.base_url, http)


class AcmeModel(Model):
    system = "acme"

    def __init__(self, name: str, url: str, http: httpx2.AsyncClient) -> None:
        super().__init__()
        self._name, self._url, self._http = name, url, http

    @property
    def model_name(self) -> str:
        return self._name

    async def request(self, *_arguments: object) -> ModelResponse:
        raise NotImplementedError("streams only")

    @asynccontextmanager
    async def request_stream(
        self,
        messages: list[ModelMessage],
        model_settings: ModelSettings | None,  # noqa: ARG002 - Acme has none
        model_request_parameters: ModelRequestParameters,
        run_context: Any = None,  # noqa: ARG002 - pydantic-ai's signature
    ) -> AsyncGenerator[StreamedResponse]:
        said = [part.content for m in messages for part in m.parts if isinstance(part, _SAYS)]
        body = {"model": self._name, "lines": said}
        async with self._http.stream("POST", f"{self._url}/say", json=body) as response:
            response.raise_for_status()
            yield AcmeStream(model_request_parameters, self._name, self._url, response)


_SAYS = (SystemPromptPart, UserPromptPart, TextPart)


@dataclass
class AcmeStream(StreamedResponse):
    model: str
    url: str
    response: httpx2.Response
    began: datetime = field(default_factory=lambda: datetime.now(UTC))
    provider_name = "acme"

    async def _get_event_iterator(self) -> AsyncIterator[ModelResponseStreamEvent]:
        async for line in self.response.aiter_lines():
            row = json.loads(line)
            if "used" in row:
                self._usage = RequestUsage(input_tokens=row["used"][0], output_tokens=row["used"][1])
                self.finish_reason = "stop"
                continue
            for event in self._parts_manager.handle_text_delta(vendor_part_id=0, content=row["word"]):
                yield event

    async def close_stream(self) -> None:
        await self.response.aclose()

    @property
    def model_name(self) -> str:
        return self.model

    @property
    def provider_url(self) -> str:
        return self.url

    @property
    def timestamp(self) -> datetime:
        return self.began
