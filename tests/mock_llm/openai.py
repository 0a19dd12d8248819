"""OpenAI's chat completions, and the dialect of Mistral, which refuses what it does not know."""

import json
from collections.abc import Mapping, Sequence

from tests.mock_llm.asked import (
    Asked,
    Failure,
    Json,
    Recorded,
    ServerSentEvents,
    Tool,
    fields,
    only_known,
    rows,
    text_of,
)

USAGE: Json = {"prompt_tokens": 12, "completion_tokens": 7, "total_tokens": 19}


class OpenAI(ServerSentEvents):
    def speaks(self, path: str) -> bool:
        return path.endswith("/chat/completions")

    def asked(self, request: Recorded) -> Asked:
        body = request.body
        texts = [text_of(row.get("content")) for row in rows(body.get("messages")) if row.get("role") == "user"]
        schema = fields(fields(body.get("response_format")).get("json_schema")).get("schema")
        return Asked(
            model=str(body.get("model", "")),
            prompt=texts[-1] if texts else "",
            schema=fields(schema) or None,
            tool=offered(body.get("tools")),
            stream=bool(body.get("stream")),
            earlier="\n".join(texts[:-1]),
        )

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("authorization", "").removeprefix("Bearer ")

    def error(self, failure: Failure) -> Json:
        return {"error": {"message": failure.message, "type": "mock_error", "code": None}}

    def begin(self, asked: Asked) -> bytes:
        return event(chunk(asked.model, {"role": "assistant", "content": ""}))

    def delta(self, asked: Asked, text: str) -> bytes:
        return event(chunk(asked.model, {"role": "assistant", "content": text}))

    def thought(self, asked: Asked) -> bytes:
        return event(chunk(asked.model, {"role": "assistant", "reasoning_content": "Hm. "}))

    def end(self, asked: Asked, call: Json | None) -> Sequence[bytes]:
        last = chunk(asked.model, _calls(asked, call), "tool_calls" if call is not None else "stop")
        usage = {**chunk(asked.model, {}), "choices": [], "usage": USAGE}
        return [event(last), event(usage), b"data: [DONE]\n\n"]

    def completion(self, model: str, text: str) -> Json:
        message = {"role": "assistant", "content": text, "refusal": None}
        choice = {"index": 0, "message": message, "logprobs": None, "finish_reason": "stop"}
        shape: Json = {"id": "mock", "object": "chat.completion", "created": 1}
        return {**shape, "model": model, "choices": [choice], "usage": USAGE}


class Mistral(OpenAI):
    """Under `/mistral`. Usage comes with the last chunk, `stream_options` is unknown, errors are flat."""

    _KNOWN = (
        "model messages stream temperature top_p max_tokens tools tool_choice response_format n random_seed stop "
        "presence_penalty frequency_penalty parallel_tool_calls reasoning_effort prompt_cache_key safe_prompt "
        "prompt_mode prediction guardrails metadata"
    )

    def speaks(self, path: str) -> bool:
        return path == "/mistral/v1/chat/completions"

    def asked(self, request: Recorded) -> Asked:
        only_known(request.body, self._KNOWN)
        return super().asked(request)

    def error(self, failure: Failure) -> Json:
        return {"object": "error", "message": failure.message, "type": "mock_error", "param": None, "code": None}

    def thought(self, asked: Asked) -> bytes:
        part = {"type": "thinking", "thinking": [{"type": "text", "text": "Hm. "}]}
        return event(chunk(asked.model, {"role": "assistant", "content": [part]}))

    def end(self, asked: Asked, call: Json | None) -> Sequence[bytes]:
        reason = "tool_calls" if call is not None else "stop"
        last = {**chunk(asked.model, {"content": "", **_calls(asked, call)}, reason), "usage": USAGE}
        return [event(last), b"data: [DONE]\n\n"]


def event(payload: Json) -> bytes:
    return b"data: " + json.dumps(payload, ensure_ascii=False).encode() + b"\n\n"


def chunk(model: str, delta: Json, finish_reason: str | None = None) -> Json:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return {"id": "mock", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [choice]}


def offered(tools: object) -> Tool | None:
    """The first function of a list of tools."""
    functions = [fields(tool.get("function")) for tool in rows(tools)]
    return Tool(str(functions[0]["name"]), fields(functions[0].get("parameters"))) if functions else None


def _calls(asked: Asked, call: Json | None) -> Json:
    if call is None or asked.tool is None:
        return {}
    function = {"name": asked.tool.name, "arguments": json.dumps(call)}
    return {"tool_calls": [{"index": 0, "id": "call00001", "type": "function", "function": function}]}
