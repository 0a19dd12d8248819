"""transformers' own handler of chat completions, for one model and for streams of text.

It differs from the handler as it comes where that one does otherwise than OpenAI's API: what a caller's `stop` names is
not part of the answer, a temperature is one whatever the model's settings are, and a question that is too long is told.
"""

import asyncio
import json
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import torch
from jinja2 import TemplateError
from starlette.exceptions import HTTPException
from tokenizers import Tokenizer
from tokenizers.decoders import DecodeStream
from transformers import AutoModelForCausalLM, AutoTokenizer
from transformers.cli.serving.chat_completion import ChatCompletionHandler
from transformers.cli.serving.model_manager import ModelManager
from transformers.cli.serving.utils import GenerateManager, GenerationState, _StreamError
from transformers.generation.streamers import BaseStreamer

from backend.agents.providers.local_models.child import CONTEXT, PARALLEL

_HELD_TO: Final = ("response_format", "tools", "functions")
"""What a model would have to be held to."""


class Refused(HTTPException):
    """`code` is OpenAI's word for it, where it has one."""

    def __init__(self, message: str, *, status: int = 400, code: str | None = None) -> None:
        super().__init__(status, message)
        self.code = code


class Ended(Exception):
    """Nobody wants more words of the answer."""


def loaded(folder: str, name: str) -> "Chat":
    """Raises whatever the library raises for files that it cannot read."""
    return Chat(Models(force_model=folder, device="cpu"), Generations(), name)


class Models(ModelManager):  # type: ignore[misc]  # transformers is not installed where types are checked
    """The model of a folder: its safetensors, and no code of its own."""

    def _load_processor(self, folder: str, gguf_file: str | None = None) -> Any:
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)

    def _load_model(self, folder: str, **_progress: object) -> Any:
        return AutoModelForCausalLM.from_pretrained(
            folder, dtype=torch.float32, use_safetensors=True, local_files_only=True, trust_remote_code=False
        )


class Chat(ChatCompletionHandler):  # type: ignore[misc]  # as above
    """Answers under one name."""

    def __init__(self, models: Models, generations: "Generations", name: str) -> None:
        super().__init__(models, generations)
        self._name = name

    async def handle_request(self, body: dict[str, Any], request_id: str) -> Any:
        if not body.get("stream"):
            raise Refused('only streams are answered: ask with "stream": true')
        for field in _HELD_TO:
            if body.get(field):
                raise Refused(f"{field!r} is nothing that transformers holds a model to")
        try:
            return await super().handle_request(body, request_id)
        except TemplateError as exc:
            raise Refused(f"the model's chat template refuses the conversation: {exc}") from exc

    def _resolve_model(self, body: dict[str, Any]) -> tuple[str, Any, Any]:
        asked = body.get("model", self._name)
        if asked != self._name:
            raise Refused(f"no model {asked!r}; known: {[self._name]}", status=404, code="model_not_found")
        return self._name, *self.model_manager.load_model_and_processor(self.model_manager.force_model)

    def _build_generation_config(self, body: dict[str, Any], usual: Any, use_cb: bool = False) -> Any:
        chosen = super()._build_generation_config(body, usual, use_cb)
        if body.get("temperature") is not None:
            chosen.do_sample = body["temperature"] > 0
        return chosen


class Generations(GenerationState):  # type: ignore[misc]  # as above
    """Of one model."""

    def __init__(self) -> None:
        super().__init__()
        self._few = Few()

    def get_manager(self, model_id: str, use_cb: bool = False) -> "Few":
        return self._few


class Few(GenerateManager):  # type: ignore[misc]  # as above
    """`PARALLEL` answers at once; the others wait for their turn."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(PARALLEL)

    def generate_streaming(
        self,
        model: Any,
        processor: Any,
        inputs: Any,
        gen_config: Any,
        request_id: str,
        response_parser: object = None,
    ) -> "tuple[asyncio.Queue[object], Words]":
        """The answer's words. What a response template would read out of them (thoughts, calls) is the caller's."""
        longest = _context(model)
        size = inputs["input_ids"].shape[-1]
        if size >= longest:
            message = (
                f"the question has {size} tokens, and the model takes {longest} with its answer; ask a shorter one"
            )
            raise Refused(message, code="context_length_exceeded")
        gen_config.max_new_tokens = min(gen_config.max_new_tokens, longest - size)
        stop, gen_config.stop_strings = _texts(gen_config.stop_strings), None
        ends = _ends(gen_config.eos_token_id, processor.eos_token_id)
        gen_config.eos_token_id = ends or None
        if gen_config.pad_token_id is None:
            gen_config.pad_token_id = processor.pad_token_id if ends == [] else ends[0]
        words = Words(processor.backend_tokenizer, ends, stop)
        self._threads.submit(_generate, model, words, {**inputs, "generation_config": gen_config})
        return words.queue, words


class Words(BaseStreamer):  # type: ignore[misc]  # as above
    """Tokens as text on a queue, without those that end an answer, and up to a text of `stop`; None at its end.

    Made on the event loop, fed by a thread.
    """

    def __init__(self, tokenizer: Tokenizer, ends: Sequence[int], stop: Sequence[str]) -> None:
        self.queue: asyncio.Queue[object] = asyncio.Queue()
        self.total_tokens = 0
        self._loop = asyncio.get_running_loop()
        self._tokenizer = tokenizer
        self._decoded = DecodeStream([], skip_special_tokens=True)
        self._ends = frozenset(ends)
        self._stop = tuple(stop)
        self._held = ""
        self._is_prompt = True
        self._is_cancelled = threading.Event()

    def put(self, value: Any) -> None:
        """Raises `Ended`. The first tokens are the question's."""
        if self._is_cancelled.is_set():
            raise Ended
        if self._is_prompt:
            self._is_prompt = False
            return
        for token in value.tolist():
            if token not in self._ends:
                self.total_tokens += 1
                self._say(self._decoded.step(self._tokenizer, token) or "")

    def _say(self, text: str) -> None:
        """Holds back what may be the beginning of a `stop`."""
        self._held += text
        found = [at for one in self._stop if (at := self._held.find(one)) >= 0]
        if found:
            self._held = self._held[: min(found)]
            raise Ended
        sure = len(self._held) - max((_begun(self._held, one) for one in self._stop), default=0)
        self._tell(self._held[:sure])
        self._held = self._held[sure:]

    def end(self) -> None:
        self._tell(self._held)
        self._put(None)

    def fail(self, why: str) -> None:
        self._put(_StreamError(json.dumps(why)[1:-1]))  # the handler writes it between quotes as it is

    def cancel(self) -> None:
        """The handler's word for a caller who hung up."""
        self._is_cancelled.set()

    def _tell(self, text: str) -> None:
        if text:
            self._put(text)

    def _put(self, item: object) -> None:
        self._loop.call_soon_threadsafe(self.queue.put_nowait, item)


def _generate(model: Any, words: Words, asked: dict[str, Any]) -> None:
    try:
        model.generate(**asked, streamer=words)
    except Ended:
        words.end()
    except Exception as exc:  # noqa: BLE001 - whatever it is, the caller waits for it
        words.fail(f"{type(exc).__name__}: {exc}")


def _begun(text: str, stop: str) -> int:
    """Characters at the end of the text that begin a `stop`."""
    return next((size for size in range(len(stop) - 1, 0, -1) if text.endswith(stop[:size])), 0)


def _texts(stop: object) -> tuple[str, ...]:
    return (stop,) if isinstance(stop, str) else tuple(stop or ())  # type: ignore[arg-type]  # a list of them


def _ends(chosen: int | Sequence[int] | None, usual: int | None) -> list[int]:
    """The tokens that end an answer: those of the model's settings, and the tokenizer's."""
    found = [chosen] if isinstance(chosen, int) else list(chosen or ())
    return found if usual is None or usual in found else [*found, usual]


def _context(model: Any) -> int:
    told = getattr(model.config.get_text_config(), "max_position_embeddings", None)
    return min(told, CONTEXT) if isinstance(told, int) else CONTEXT
