"""Anthropic's Messages API."""

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

_KNOWN = (
    "model messages max_tokens system stream temperature top_p top_k tools tool_choice stop_sequences metadata "
    "output_config thinking service_tier"
)
_ERRORS = {401: "authentication_error", 403: "permission_error", 404: "not_found_error", 429: "rate_limit_error"}


class Anthropic(ServerSentEvents):
    def speaks(self, path: str) -> bool:
        return path.endswith("/v1/messages")

    def asked(self, request: Recorded) -> Asked:
        body = request.body
        only_known(body, _KNOWN)
        messages = rows(body.get("messages"))
        if "anthropic-version" not in request.headers:
            raise Failure(400, "anthropic-version: header is required")
        if "max_tokens" not in body:
            raise Failure(400, "max_tokens: Field required")
        if not messages or messages[0].get("role") != "user":
            raise Failure(400, "messages: first message must use the user role")
        texts = [text_of(row.get("content")) for row in messages if row.get("role") == "user"]
        schema = fields(fields(fields(body.get("output_config")).get("format")).get("schema"))
        tools = rows(body.get("tools"))
        return Asked(
            model=str(body.get("model", "")),
            prompt=texts[-1],
            schema=schema or None,
            tool=Tool(str(tools[0]["name"]), fields(tools[0].get("input_schema"))) if tools else None,
            stream=bool(body.get("stream")),
        )

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-api-key", "")

    def error(self, failure: Failure) -> Json:
        kind = _ERRORS.get(failure.status, "overloaded_error" if failure.status == 529 else "api_error")
        return {"type": "error", "error": {"type": kind, "message": failure.message}, "request_id": "req_mock"}

    def begin(self, asked: Asked) -> bytes:
        message: Json = {
            "id": "msg_mock",
            "type": "message",
            "role": "assistant",
            "model": asked.model,
            "content": [],
            "stop_reason": None,
            "stop_sequence": None,
            "usage": {"input_tokens": 12, "output_tokens": 1},
        }
        block = {"type": "text", "text": ""}
        start = {"type": "content_block_start", "index": 0, "content_block": block}
        return _event({"type": "message_start", "message": message}) + _event(start)

    def delta(self, _asked: Asked, text: str) -> bytes:
        return _event({"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}})

    def thought(self, _asked: Asked) -> bytes:
        block = {"type": "thinking", "thinking": "", "signature": ""}
        part = {"type": "thinking_delta", "thinking": "Hm. "}
        return (
            _event({"type": "content_block_start", "index": 9, "content_block": block})
            + _event({"type": "content_block_delta", "index": 9, "delta": part})
            + _event({"type": "content_block_stop", "index": 9})
        )

    def end(self, asked: Asked, call: Json | None) -> Sequence[bytes]:
        frames = [_event({"type": "content_block_stop", "index": 0})]
        if call is not None and asked.tool is not None:
            block = {"type": "tool_use", "id": "toolu_mock", "name": asked.tool.name, "input": {}}
            part = {"type": "input_json_delta", "partial_json": json.dumps(call)}
            frames.append(_event({"type": "content_block_start", "index": 1, "content_block": block}))
            frames.append(_event({"type": "content_block_delta", "index": 1, "delta": part}))
            frames.append(_event({"type": "content_block_stop", "index": 1}))
        reason = {"stop_reason": "tool_use" if call is not None else "end_turn", "stop_sequence": None}
        frames.append(_event({"type": "message_delta", "delta": reason, "usage": {"output_tokens": 7}}))
        frames.append(_event({"type": "message_stop"}))
        return frames


def _event(payload: Json) -> bytes:
    return f"event: {payload['type']}\ndata: {json.dumps(payload, ensure_ascii=False)}\n\n".encode()
