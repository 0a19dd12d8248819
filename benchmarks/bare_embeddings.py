"""The peer of `benchmarks.embeddings_api`: the same model by ONNX Runtime behind FastAPI, nothing of ours.

`.bench/bin/python -m benchmarks.bare_embeddings PORT SETTING`. What somebody would write who knows both libraries: the
fused graph in fp32, texts sorted by length and padded by batches of 32, tokens counted where they are made, numbers
written by pydantic's serializer and not by FastAPI's encoder, which is much slower. The request has the fields that are
used, and nothing stands before the route: no keys, no limits, no metrics.
"""

import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np
import uvicorn
from fastapi import FastAPI, Response
from numpy.typing import NDArray
from pydantic import BaseModel
from pydantic_core import to_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer

SETTINGS: Final = {"loop-2": ("loop", 2), "pool-2": ("pool", 2), "pool-1": ("pool", 1)}
"""Where the model runs, on the event loop or in a pool of threads, and how many threads ONNX Runtime gives one call.
Which is best depends on the load."""
BATCH: Final = 32

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], tuple[Vectors, int]]
"""Unit vectors of texts, and their tokens."""
Forward = Callable[[NDArray[np.int64], NDArray[np.int64]], Vectors]


class Wanted(BaseModel):
    model: str
    input: str | list[str]

    @property
    def texts(self) -> list[str]:
        return [self.input] if isinstance(self.input, str) else self.input


def peer(encode: Encode, *, where: str) -> FastAPI:
    """`where`: "loop" or "pool"."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)

    def answer(wanted: Wanted) -> Response:
        vectors, tokens = encode(wanted.texts)
        body = {
            "object": "list",
            "data": [{"object": "embedding", "index": at, "embedding": row} for at, row in enumerate(vectors.tolist())],
            "model": wanted.model,
            "usage": {"prompt_tokens": tokens, "total_tokens": tokens},
        }
        return Response(to_json(body), media_type="application/json")

    async def answer_here(wanted: Wanted) -> Response:
        return answer(wanted)

    route: Callable[[Wanted], Response | Awaitable[Response]] = answer if where == "pool" else answer_here
    app.post("/v1/embeddings", response_model=None)(route)

    @app.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "ok"}

    return app


def encoding(forward: Forward, tokenizer: "Tokenizer", dimension: int) -> Encode:
    """Batches of texts of like length, each padded to its longest."""

    def encode(texts: Sequence[str]) -> tuple[Vectors, int]:
        order = sorted(range(len(texts)), key=lambda at: -len(texts[at]))
        out, tokens = np.empty((len(texts), dimension), np.float32), 0
        for start in range(0, len(order), BATCH):
            places = order[start : start + BATCH]
            rows = tokenizer.encode_batch([texts[at] for at in places])
            mask = np.array([row.attention_mask for row in rows], np.int64)
            out[places] = forward(np.array([row.ids for row in rows], np.int64), mask)
            tokens += int(mask.sum())
        return out, tokens

    return encode


def onnx_encode(threads: int) -> Encode:
    import onnxruntime as ort

    from benchmarks.rust.encoders import model_file, tokenizer
    from benchmarks.rust.models import minilm

    model = minilm()
    options = ort.SessionOptions()
    options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
    session = ort.InferenceSession(str(model_file(model, "fused")), options, providers=["CPUExecutionProvider"])

    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        vectors: Vectors = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]
        return vectors

    return encoding(forward, tokenizer(model), model.dimension)


def main() -> None:
    """With the settings that `backend.server` gives uvicorn."""
    where, threads = SETTINGS[sys.argv[2]]
    uvicorn.run(
        peer(onnx_encode(threads), where=where),
        port=int(sys.argv[1]),
        log_config=None,
        log_level="warning",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_keep_alive=30,
    )


if __name__ == "__main__":
    main()
