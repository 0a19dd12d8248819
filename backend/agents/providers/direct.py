"""Any protocol through pydantic-ai's direct model API. Slow to import (2 s): load it in a thread."""

import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

import httpx2
from pydantic import BaseModel
from pydantic_ai.direct import model_request_stream
from pydantic_ai.messages import (
    ModelMessage,
    ModelRequest,
    ModelResponse,
    ModelResponsePart,
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
from pydantic_ai.models import Model, ModelRequestParameters, StreamedResponse
from pydantic_ai.output import OutputObjectDefinition
from pydantic_ai.settings import ModelSettings
from pydantic_ai.tools import ToolDefinition

from backend.agents.providers.base import Done, Event, FinishReason, GenerationRequest, Message, TextDelta, ToolCall
from backend.agents.providers.base import Usage as TokenUsage
from backend.agents.providers.endpoint import Endpoint, noting_responses
from backend.agents.providers.pace import Heard
from backend.agents.providers.protocols.base import HasTextChat, TextChat, WireProtocol
from backend.agents.providers.streams import closing
from backend.agents.providers.vendor_errors import broken_off, vendor_errors
from backend.errors import ProviderBadAnswer

_FINISH: dict[str, FinishReason] = {
    "length": "length",
    "content_filter": "content_filter",
    "tool_call": "tool_calls",
}
_OUTPUT = "answer"
"""The tool that carries structured output where a model knows no output schemas."""
_MODELS = 32


@dataclass(slots=True)
class DirectChat:
    """The `Chat` of a protocol that pydantic-ai knows."""

    endpoint: Endpoint
    protocol: WireProtocol
    http: httpx2.AsyncClient
    _models: dict[str, Model] = field(default_factory=dict)
    _text: TextChat | None = field(init=False)

    def __post_init__(self) -> None:
        quick = self.protocol if isinstance(self.protocol, HasTextChat) else None
        self._text = quick.text_chat(self.endpoint, self.http) if quick else None

    async def stream(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event | Heard]:
        with vendor_errors(self.endpoint.vendor.name, request.model, self.endpoint.key, self.protocol.errors):
            stream = self._text.stream if self._text and _is_text(request, messages) else self._by_sdk
            async with closing(stream(request, messages)) as events:
                async for event in events:
                    yield event

    async def _by_sdk(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[Event | Heard]:
        async with self._opened(request, messages) as response:
            said = False
            async for event in response:
                ours = _events(event)
                said = said or bool(ours)
                for each in ours or (Heard(),):
                    yield each
            yield self._done(response, request.model, said=said)

    @asynccontextmanager
    async def _opened(self, request: GenerationRequest, messages: Sequence[Message]) -> AsyncIterator[StreamedResponse]:
        """The vendor's stream. Hangs up at the end, which Google's SDK leaves to the garbage collector."""
        model = self._model(request.model)
        opened: list[httpx2.Response] = []
        stream = model_request_stream(
            model,
            _model_messages(messages),
            model_settings=_settings(request, takes_stop=self.endpoint.vendor.takes_stop),
            model_request_parameters=_parameters(request, model),
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(_hang_up, opened)
            with noting_responses(opened):
                response = await stack.enter_async_context(stream)
            yield response

    async def aclose(self) -> None:
        await self.http.aclose()

    def _model(self, name: str) -> Model:
        """Making one costs milliseconds, so the last ones are kept; names may come from a request."""
        model = self._models.pop(name, None) or self.protocol.model(name, self.endpoint, self.http)
        self._models[name] = model
        if len(self._models) > _MODELS:
            del self._models[next(iter(self._models))]
        return model

    def _done(self, response: StreamedResponse, model: str, *, said: bool) -> Done:
        if response.finish_reason is None:
            raise broken_off(self.endpoint.vendor.name, model, said=said)
        usage = response.usage
        tokens = TokenUsage(usage.input_tokens, usage.output_tokens)
        return Done(tokens, _FINISH.get(response.finish_reason, "stop"), response.model_name)


def _is_text(request: GenerationRequest, messages: Sequence[Message]) -> bool:
    """Whether neither the question nor the answer has anything but text."""
    with_calls = any(message.role == "tool" or message.tool_calls for message in messages)
    return not (request.tools or request.output_type is not None or with_calls)


async def _hang_up(opened: Sequence[httpx2.Response]) -> None:
    for response in opened:
        await response.aclose()


def _events(event: ModelResponseStreamEvent) -> list[Event]:
    match event:
        case PartStartEvent(part=TextPart(content=text)) | PartDeltaEvent(delta=TextPartDelta(content_delta=text)):
            return [TextDelta(text)] if text else []
        case PartEndEvent(part=ToolCallPart() as part):
            call = _tool_call(part)
            return [TextDelta(json.dumps(call.arguments))] if call.name == _OUTPUT else [call]
        case _:
            return []


def _tool_call(part: ToolCallPart) -> ToolCall:
    try:
        arguments = part.args_as_dict(raise_if_invalid=True)
    except (ValueError, AssertionError) as exc:
        raise ProviderBadAnswer(f"the arguments of the tool call {part.tool_name!r} are no JSON object") from exc
    return ToolCall(part.tool_call_id, part.tool_name, arguments)


def _settings(request: GenerationRequest, *, takes_stop: bool) -> ModelSettings:
    """Anthropic refuses a stop sequence of blanks alone; the answer is cut here, too."""
    settings = ModelSettings()
    if request.sampling.temperature is not None:
        settings["temperature"] = request.sampling.temperature
    if request.sampling.max_tokens is not None:
        settings["max_tokens"] = request.sampling.max_tokens
    stop = [one for one in request.sampling.stop if one.strip()]
    if takes_stop and stop:
        settings["stop_sequences"] = stop
    return settings


def _parameters(request: GenerationRequest, model: Model) -> ModelRequestParameters:
    tools = [
        ToolDefinition(name=tool.name, description=tool.description, parameters_json_schema=dict(tool.parameters))
        for tool in request.tools
    ]
    if request.output_type is None:
        return ModelRequestParameters(function_tools=tools)
    return _output_parameters(request.output_type, tools, model)


def _output_parameters(output: type[BaseModel], tools: list[ToolDefinition], model: Model) -> ModelRequestParameters:
    schema = output.model_json_schema()
    if model.profile.get("supports_json_schema_output"):
        asked = OutputObjectDefinition(schema, output.__name__, output.__doc__)
        return ModelRequestParameters(function_tools=tools, output_mode="native", output_object=asked)
    tool = ToolDefinition(name=_OUTPUT, description=output.__doc__, parameters_json_schema=schema, kind="output")
    return ModelRequestParameters(
        function_tools=tools, output_mode="tool", output_tools=[tool], allow_text_output=False
    )


def _model_messages(messages: Sequence[Message]) -> list[ModelMessage]:
    names = {call.id: call.name for message in messages for call in message.tool_calls}
    return [_model_message(message, names) for message in messages]


def _model_message(message: Message, tool_names: Mapping[str, str]) -> ModelMessage:
    match message.role:
        case "system":
            return ModelRequest(parts=[SystemPromptPart(message.content)])
        case "user":
            return ModelRequest(parts=[UserPromptPart(message.content)])
        case "assistant":
            parts: list[ModelResponsePart] = [TextPart(message.content)] if message.content else []
            calls = [ToolCallPart(call.name, dict(call.arguments), call.id) for call in message.tool_calls]
            return ModelResponse(parts=[*parts, *calls])
        case "tool":
            call_id = message.tool_call_id or ""
            name = tool_names.get(call_id, "tool")
            return ModelRequest(parts=[ToolReturnPart(name, message.content, tool_call_id=call_id)])
