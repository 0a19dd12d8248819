"""The chat-completions protocol through pydantic-ai's direct model API. Slow to import (2 s): load it in a thread."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import httpx2
from openai import AsyncOpenAI
from pydantic import BaseModel
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponseStreamEvent,
    PartDeltaEvent,
    PartEndEvent,
    PartStartEvent,
    SystemPromptPart,
    TextPart,
    TextPartDelta,
    ToolCallPart,
    ToolReturnPart,
    UserPromptPart,
)
from pydantic_ai.models import ModelRequestParameters, StreamedResponse
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.profiles.openai import OpenAIModelProfile
from pydantic_ai.providers.openai import OpenAIProvider
from pydantic_ai.providers.openai_compatible import OpenAICompatibleProvider
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from backend.agents.providers.base import Done, Event, FinishReason, GenerationRequest, Message, TextDelta, ToolCall
from backend.agents.providers.base import Usage as TokenUsage
from backend.agents.providers.endpoint import Endpoint
from backend.agents.providers.vendor_errors import vendor_errors
from backend.errors import ProviderBadAnswer

_FINISH: dict[str | None, FinishReason] = {
    "length": "length",
    "content_filter": "content_filter",
    "tool_call": "tool_calls",
}


@dataclass(frozen=True, slots=True)
class OpenAIChat:
    """One vendor's endpoint over one HTTP client, bound to the event loop that made the client."""

    endpoint: Endpoint
    http: httpx2.AsyncClient

    async def stream(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event]:
        """Text deltas and tool calls as they come, then `Done`. `messages` are sent, not those of the request."""
        with vendor_errors(self.endpoint.vendor.name, request.model, self.endpoint.key):
            async with model_request_stream(
                self._model(request.model),
                _model_messages(messages),
                model_settings=_settings(request),
                model_request_parameters=_parameters(request),
            ) as response:
                async for event in response:
                    for ours in _events(event):
                        yield ours
                yield _done(response)

    async def aclose(self) -> None:
        await self.http.aclose()

    def _model(self, name: str) -> OpenAIChatModel:
        # An answer that ends without a finish reason was cut off; it must not pass for a whole one.
        profile = OpenAIModelProfile(openai_chat_streaming_requires_finish_reason=True)
        if self.endpoint.vendor.strict_openai:
            return OpenAIChatModel(name, provider=OpenAIProvider(openai_client=self._sdk()), profile=profile)
        profile["openai_chat_supports_max_completion_tokens"] = False
        provider = OpenAICompatibleProvider(self.endpoint.vendor.name, openai_client=self._sdk())
        return OpenAIChatModel(name, provider=provider, profile=profile)

    def _sdk(self) -> AsyncOpenAI:
        secret = self.endpoint.key.get_secret_value() if self.endpoint.key else "none"
        return AsyncOpenAI(
            base_url=self.endpoint.base_url,
            api_key=secret,
            http_client=self.http,
            max_retries=0,
            timeout=self.http.timeout,
        )


def _events(event: ModelResponseStreamEvent) -> list[Event]:
    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return [TextDelta(text)] if text else []
        case PartEndEvent(part=ToolCallPart() as part):
            return [_tool_call(part)]
        case _:
            return []


def _tool_call(part: ToolCallPart) -> ToolCall:
    try:
        arguments = part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError) as exc:
        raise ProviderBadAnswer(f"the arguments of the tool call {part.tool_name!r} are no JSON object") from exc
    return ToolCall(part.tool_call_id, part.tool_name, arguments)


def _done(response: StreamedResponse) -> Done:
    usage = response.usage
    tokens = TokenUsage(usage.input_tokens, usage.output_tokens)
    return Done(tokens, _FINISH.get(response.finish_reason, "stop"), response.model_name)


def _settings(request: GenerationRequest) -> ModelSettings:
    settings = ModelSettings()
    if request.sampling.temperature is not None:
        settings["temperature"] = request.sampling.temperature
    if request.sampling.max_tokens is not None:
        settings["max_tokens"] = request.sampling.max_tokens
    return settings


def _parameters(request: GenerationRequest) -> ModelRequestParameters:
    tools = [
        ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters))
        for tool in request.tools
    ]
    if request.output_type is None:
        return ModelRequestParameters(function_tools=tools)
    output = request.output_type
    return ModelRequestParameters(
        function_tools=tools, output_mode="native", output_object=_output_object(output), allow_text_output=True
    )


def _output_object(output: type[BaseModel]) -> OutputObjectDefinition:
    return OutputObjectDefinition(output.model_json_schema(), output.__name__, output.__doc__)


def _model_messages(messages: Sequence[Message]) -> list[ModelMessage]:
    return [_model_message(message) for message in messages]


def _model_message(message: Message) -> ModelMessage:
    match message.role:
        case "system":
            return ModelRequest(parts=[SystemPromptPart(message.content)])
        case "user":
            return ModelRequest(parts=[UserPromptPart(message.content)])
        case "assistant":
            return ModelResponse(parts=[TextPart(message.content)])
        case "tool":
            call_id = message.tool_call_id or ""
            return ModelRequest(parts=[ToolReturnPart("tool", message.content, tool_call_id=call_id)])
