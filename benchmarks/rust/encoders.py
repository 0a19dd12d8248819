"""Programs that embed texts, ours and its peers, each at every setting that may be its best one.

A peer's batches are sorted by length and padded to the longest of each. Tokens come from the same tokenizer library as
ours, and its time counts. ONNX Runtime runs the graph of standard operators and the fused one, with one session over
all threads and with one session a thread; OpenVINO with its hints for latency and throughput.
"""

import json
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tokenizers import Tokenizer

from benchmarks.rust import cache
from benchmarks.rust.models import Model
from rust_accel import Embedder

Vectors = NDArray[np.float32]
Encode = Callable[[Sequence[str]], Vectors]
Forward = Callable[[NDArray[np.int64], NDArray[np.int64]], Vectors]

FAST_INT8, ACCURATE_INT8 = "int8", "int8-mixed"
PRECISIONS = ("f32", "bf16", FAST_INT8, ACCURATE_INT8)
"""Ours; one that the installed crate refuses is reported as that."""
BATCHES = (1, 8, 32)
ORT_FP32, ORT_INT8 = "ONNX Runtime fp32", "ONNX Runtime int8"
OV_FP32, OV_BF16 = "OpenVINO fp32", "OpenVINO bf16"
SENTENCE_TRANSFORMERS = "sentence-transformers"
PEERS = (ORT_FP32, ORT_INT8, OV_FP32, OV_BF16, SENTENCE_TRANSFORMERS)


@dataclass(frozen=True, slots=True)
class Encoder:
    name: str
    setting: str
    encode: Encode


def ours_name(precision: str) -> str:
    return f"rust_accel {precision}"


def ours(model: Model, threads: int) -> tuple[list[Encoder], dict[str, str]]:
    """One a precision, and why each of the others is missing."""
    made: list[Encoder] = []
    refused: dict[str, str] = {}
    for precision in PRECISIONS:
        try:
            embedder = Embedder(model.folder, precision=precision, threads=threads)  # type: ignore[arg-type]  # all that may come
        except ValueError as exc:
            refused[ours_name(precision)] = str(exc)
        else:
            made.append(Encoder(ours_name(precision), embedder.isa, embedder.embed))
    return made, refused


def model_file(model: Model, kind: str) -> Path:
    """`plain`, `fused`, `plain-int8` or `fused-int8`, made once."""
    import onnx

    from benchmarks.rust.onnx_model import build

    path = cache.folder() / f"{model.revision}-onnx{onnx.__version__}-{kind}.onnx"
    if path.exists():
        return path
    half = path.with_suffix(f".{os.getpid()}.half")
    if kind.endswith("-int8"):
        from onnxruntime.quantization import QuantType, quantize_dynamic

        quantize_dynamic(
            model_file(model, kind.removesuffix("-int8")),
            half,
            weight_type=QuantType.QInt8,
            per_channel=True,
            extra_options={"DefaultTensorType": onnx.TensorProto.FLOAT},
        )
    else:
        onnx.save(build(model.folder, fused=kind == "fused"), half)
    half.replace(path)
    return path


def tokenizer(model: Model) -> Tokenizer:
    loaded = Tokenizer.from_file(str(model.folder / "tokenizer.json"))
    loaded.enable_truncation(model.max_tokens)
    padding = json.loads((model.folder / "config.json").read_text(encoding="utf-8")).get("pad_token_id", 0)
    loaded.enable_padding(pad_id=padding)
    return loaded


def batched(forwards: Sequence[Forward], batch: int, tokens: Tokenizer, dimension: int) -> Encode:
    """Batches of texts of like length; with several `forwards`, each in a thread of its own."""
    pool = ThreadPoolExecutor(len(forwards)) if len(forwards) > 1 else None

    def encode(texts: Sequence[str]) -> Vectors:
        encoded = sorted(enumerate(texts), key=lambda one: -len(one[1]))
        parts = [encoded[at : at + batch] for at in range(0, len(encoded), batch)]
        out = np.empty((len(texts), dimension), np.float32)

        def lane(number: int) -> None:
            for part in parts[number :: len(forwards)]:
                rows = tokens.encode_batch([text for _, text in part])
                ids = np.array([row.ids for row in rows], np.int64)
                mask = np.array([row.attention_mask for row in rows], np.int64)
                out[[at for at, _ in part]] = forwards[number](ids, mask)

        if pool is None:
            lane(0)
        else:
            list(pool.map(lane, range(len(forwards))))
        return out

    return encode


def peers(model: Model, threads: int, names: Sequence[str] = PEERS) -> tuple[list[Encoder], dict[str, str]]:
    """Every setting of those of `names` that work here, and why each of the others is missing."""
    makers: dict[str, Callable[[], list[Encoder]]] = {
        ORT_FP32: partial(_onnxruntime, model, ORT_FP32, ("plain", "fused"), threads),
        ORT_INT8: partial(_onnxruntime, model, ORT_INT8, ("plain-int8", "fused-int8"), threads),
        OV_FP32: partial(_openvino, model, OV_FP32, "f32", threads),
        OV_BF16: partial(_openvino, model, OV_BF16, "bf16", threads),
        SENTENCE_TRANSFORMERS: partial(_sentence_transformers, model),
    }
    made: list[Encoder] = []
    missing: dict[str, str] = {}
    for name in names:
        try:
            made += makers[name]()
        except (ImportError, RuntimeError) as exc:
            missing[name] = str(exc).strip().splitlines()[-1]
    return made, missing


def _onnxruntime(model: Model, name: str, kinds: Sequence[str], threads: int) -> list[Encoder]:
    import onnxruntime as ort

    def session(kind: str, intra: int) -> Forward:
        options = ort.SessionOptions()
        options.intra_op_num_threads = intra
        options.inter_op_num_threads = 1
        loaded = ort.InferenceSession(str(model_file(model, kind)), options, providers=["CPUExecutionProvider"])
        return lambda ids, mask: loaded.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    tokens = tokenizer(model)
    made = []
    for kind in kinds:
        lanes = {f"{threads} threads": [session(kind, threads)]}
        if threads > 1:
            lanes[f"{threads} sessions"] = [session(kind, 1) for _ in range(threads)]
        for lane, forwards in lanes.items():
            for batch in BATCHES:
                encode = batched(forwards, batch, tokens, model.dimension)
                made.append(Encoder(name, f"{kind}, {lane}, batch {batch}", encode))
    return made


def _openvino(model: Model, name: str, precision: str, threads: int) -> list[Encoder]:
    import openvino as ov

    core = ov.Core()
    tokens = tokenizer(model)
    made = []
    for hint in ("LATENCY", "THROUGHPUT") if threads > 1 else ("LATENCY",):
        options: dict[str, Any] = {
            "INFERENCE_PRECISION_HINT": precision,
            "PERFORMANCE_HINT": hint,
            "INFERENCE_NUM_THREADS": threads,
        }
        compiled = core.compile_model(str(model_file(model, "plain")), "CPU", options)
        streams = compiled.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS") if hint == "THROUGHPUT" else 1
        forwards = [_request(compiled.create_infer_request()) for _ in range(streams)]
        for batch in BATCHES:
            encode = batched(forwards, batch, tokens, model.dimension)
            made.append(Encoder(name, f"{hint.lower()}, {streams} streams, batch {batch}", encode))
    return made


def _request(request: Any) -> Forward:
    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        request.infer({"input_ids": ids, "attention_mask": mask}, share_inputs=True)
        vectors: Vectors = request.get_output_tensor(0).data.copy()
        return vectors

    return forward


def _sentence_transformers(model: Model) -> list[Encoder]:
    if find_spec("sentence_transformers") is None:
        raise ImportError("not installed: it needs torch (3 GB)")
    from sentence_transformers import SentenceTransformer

    loaded = SentenceTransformer(str(model.folder), device="cpu")
    loaded.max_seq_length = model.max_tokens

    def encode(batch: int, texts: Sequence[str]) -> Vectors:
        vectors: Vectors = loaded.encode(list(texts), batch_size=batch, normalize_embeddings=True)
        return vectors

    return [Encoder(SENTENCE_TRANSFORMERS, f"fp32, batch {batch}", partial(encode, batch)) for batch in BATCHES]
