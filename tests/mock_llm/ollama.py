"""Ollama's own API, at the root and under `/ollama`.

https://github.com/ollama/ollama/blob/main/docs/api.md, with the fields that `api/types.go` there has besides.
"""

import json
from collections.abc import Mapping, Sequence

from tests.mock_llm.asked import Asked, Failure, Json, Recorded, fields, only_known, rows, text_of
from tests.mock_llm.openai import offered

TRAINED = 32_768
"""Tokens that its models read at most."""
_KNOWN = "model messages tools format options stream keep_alive think truncate shift"
_OPTIONS = "num_ctx num_predict temperature top_k top_p min_p seed stop repeat_penalty"


class Ollama:
    """A model named `unpulled` is not there; the others are."""

    media_type = "application/x-ndjson"

    def frame(self, text: str) -> bytes:
        return f"{text}\n".encode()

    def speaks(self, path: str) -> bool:
        return path in ("/api/chat", "/ollama/api/chat")

    def tells(self, path: str, models: Sequence[str]) -> Json | None:
        """What it knows of its models."""
        if path.endswith("/api/tags"):
            return {"models": [{"name": name, "model": name, "size": 1} for name in models]}
        if path.endswith("/api/show"):
            about = {"general.architecture": "llama", "llama.context_length": TRAINED}
            return {"model_info": about, "capabilities": ["completion", "tools"]}
        return None

    def asked(self, request: Recorded) -> Asked:
        body = request.body
        only_known(body, _KNOWN)
        only_known(fields(body.get("options")), _OPTIONS)
        model = str(body.get("model", ""))
        asked = Asked(model, "")
        if asked.mode == "unpulled":
            raise Failure(404, f"model {model!r} not found")
        texts = [text_of(row.get("content")) for row in rows(body.get("messages")) if row.get("role") == "user"]
        return Asked(
            model=model,
            prompt=texts[-1] if texts else "",
            schema=fields(body.get("format")) or None,
            tool=offered(body.get("tools")),
            stream=body.get("stream") is not False,
            earlier="\n".join(texts[:-1]),
        )

    def key(self, headers: Mapping[str, str]) -> str:
        return headers.get("authorization", "").removeprefix("Bearer ")

    def error(self, failure: Failure) -> Json:
        return {"error": failure.message}

    def begin(self, _asked: Asked) -> bytes:
        return b""

    def delta(self, asked: Asked, text: str) -> bytes:
        return _line(asked, {"content": text})

    def thought(self, asked: Asked) -> bytes:
        return _line(asked, {"content": "", "thinking": "Hm. "})

    def end(self, asked: Asked, call: Json | None) -> Sequence[bytes]:
        called: list[bytes] = []
        if call is not None and asked.tool is not None:
            function = {"index": 0, "name": asked.tool.name, "arguments": call}
            called = [_line(asked, {"content": "", "tool_calls": [{"id": "call_mock1", "function": function}]})]
        used = {"total_duration": 9, "prompt_eval_count": 12, "eval_count": 7}
        return [*called, _line(asked, {"content": ""}, done=True, done_reason="stop", **used)]


def _line(asked: Asked, message: Json, *, done: bool = False, **more: object) -> bytes:
    row = {
        "model": asked.model,
        "created_at": "2026-11-30T08:00:00.123456789Z",
        "message": {"role": "assistant", **message},
        "done": done,
        **more,
    }
    return f"{json.dumps(row, ensure_ascii=False)}\n".encode()
