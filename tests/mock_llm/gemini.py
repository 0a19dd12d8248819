"""Google's generateContent as the Gemini API speaks it. The model is in the path."""

import json
import re
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

_PATH = re.compile(r"/v1beta/models/(?P<model>.+):streamGenerateContent\Z")
_KNOWN = "contents systemInstruction generationConfig tools toolConfig safetySettings cachedContent"
_STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
}


class Gemini(ServerSentEvents):
    def speaks(self, path: str) -> bool:
        return _PATH.search(path) is not None

    def asked(self, request: Recorded) -> Asked:
        only_known(request.body, _KNOWN)
        found = _PATH.search(request.path)
        assert found is not None
        texts = [text_of(row.get("parts")) for row in rows(request.body.get("contents")) if row.get("role") == "user"]
        config = fields(request.body.get("generationConfig"))
        schema = fields(config.get("responseJsonSchema") or config.get("responseSchema"))
        return Asked(found["model"], texts[-1] if texts else "", schema or None, _tool(request.body.get("tools")))

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("x-goog-api-key", "")

    def error(self, failure: Failure) -> Json:
        status = _STATUS.get(failure.status, "UNAVAILABLE" if failure.status >= 500 else "INVALID_ARGUMENT")
        return {"error": {"code": failure.status, "message": failure.message, "status": status}}

    def begin(self, _asked: Asked) -> bytes:
        return b""

    def delta(self, asked: Asked, text: str) -> bytes:
        return _event(asked, [{"text": text}])

    def thought(self, asked: Asked) -> bytes:
        return _event(asked, [{"text": "Hm. ", "thought": True}])

    def end(self, asked: Asked, call: Json | None) -> Sequence[bytes]:
        parts: list[Json] = []
        if call is not None and asked.tool is not None:
            parts = [{"functionCall": {"name": asked.tool.name, "args": call}}]
        return [_event(asked, parts or [{"text": ""}], is_last=True)]


def _event(asked: Asked, parts: Sequence[Json], *, is_last: bool = False) -> bytes:
    candidate: Json = {"content": {"role": "model", "parts": list(parts)}, "index": 0}
    usage: Json = {"promptTokenCount": 12, "totalTokenCount": 12}
    if is_last:
        candidate["finishReason"] = "STOP"
        usage = {"promptTokenCount": 12, "candidatesTokenCount": 7, "totalTokenCount": 19}
    chunk = {"candidates": [candidate], "usageMetadata": usage, "modelVersion": asked.model, "responseId": "mock"}
    return b"data: " + json.dumps(chunk, ensure_ascii=False).encode() + b"\r\n\r\n"


def _tool(tools: object) -> Tool | None:
    for tool in rows(tools):
        for function in rows(tool.get("functionDeclarations")):
            schema = function.get("parametersJsonSchema") or function.get("parameters_json_schema")
            return Tool(str(function["name"]), fields(schema))
    return None
