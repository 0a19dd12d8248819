"""The ONNX graph of a sentence encoder, made from its safetensors: input_ids, attention_mask -> unit embeddings.

Standard operators of opset 20, or with `fused` the operators of com.microsoft that ONNX Runtime's transformer optimizer
puts in their place (attention, bias and GELU, sum and layer normalisation; the optimizer itself does not know this
graph's attention). Pooling and normalisation are part of the graph, so that peers do them in their own kernels too.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
VENDOR = "com.microsoft"
MASKED = -10_000.0


@dataclass(frozen=True)
class Layout:
    """Where encoders differ: the tensors of a layer, and the position of a text's first token."""

    query: str
    key: str
    value: str
    attended: str
    attention_norm: str
    first_position: int


LAYOUTS = {
    "bert": Layout(
        "attention.self.query",
        "attention.self.key",
        "attention.self.value",
        "attention.output.dense",
        "attention.output.LayerNorm",
        0,
    ),
    "mpnet": Layout(
        "attention.attn.q", "attention.attn.k", "attention.attn.v", "attention.attn.o", "attention.LayerNorm", 2
    ),
}


@dataclass(frozen=True)
class Shape:
    """What all layers share. `blocked` is added to the scores, or with the fused operators the mask of the tokens;
    `biases` are the fused attention's own."""

    layout: Layout
    hidden: int
    heads: int
    epsilon: float
    blocked: str
    biases: str = ""


class Graph:
    """Nodes and initializers as they are added; every method returns the name of its output."""

    def __init__(self, tensors: dict[str, NDArray[np.float32]]) -> None:
        self.tensors = tensors
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}

    def constant(self, name: str, value: NDArray[np.generic]) -> str:
        self.constants[name] = numpy_helper.from_array(np.ascontiguousarray(value), name)
        return name

    def integers(self, *values: int) -> str:
        return self.constant("int_" + "_".join(map(str, values)).replace("-", "m"), np.array(values, np.int64))

    def scalar(self, value: float) -> str:
        return self.constant(f"float_{value}", np.array(value, np.float32))

    def add(self, operator: str, *inputs: str, **attributes: object) -> str:
        name = f"{operator}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, inputs, [name], name=name, **attributes))
        return name

    def weights(self, name: str) -> tuple[str, str]:
        """A layer's matrix, one column an output, and its bias."""
        weight, bias = self.tensors[f"{name}.weight"].T, self.tensors[f"{name}.bias"]
        return self.constant(f"{name}.weight", weight), self.constant(f"{name}.bias", bias)

    def dense(self, x: str, name: str) -> str:
        weight, bias = self.weights(name)
        return self.add("Add", self.add("MatMul", x, weight), bias)

    def parameters(self, name: str) -> tuple[str, str]:
        weight, bias = (self.constant(f"{name}.{part}", self.tensors[f"{name}.{part}"]) for part in ("weight", "bias"))
        return weight, bias

    def norm(self, x: str, name: str, epsilon: float) -> str:
        return self.add("LayerNormalization", x, *self.parameters(name), axis=-1, epsilon=epsilon)


def build(folder: Path, *, fused: bool = False) -> onnx.ModelProto:
    """The model of a sentence-transformers folder with mean pooling. Raises ValueError for another pooling."""
    config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
    pooling = json.loads((folder / "1_Pooling" / "config.json").read_text(encoding="utf-8"))
    if not pooling["pooling_mode_mean_tokens"]:
        raise ValueError(f"{str(folder)!r} does not pool by the mean; only that is built")
    graph = Graph(_tensors(folder / "model.safetensors"))
    layout = LAYOUTS[config["model_type"]]
    length = graph.add("Slice", graph.add("Shape", "input_ids"), graph.integers(1), graph.integers(2))
    x = _embeddings(graph, layout.first_position, length, config["layer_norm_eps"])
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    blocked = _token_mask(graph) if fused else _added_mask(graph, mask)
    biases = _biases(graph, length, config["max_position_embeddings"]) if config["model_type"] == "mpnet" else ""
    if biases and not fused:
        blocked, biases = graph.add("Add", biases, blocked), ""
    shape = Shape(
        layout, config["hidden_size"], config["num_attention_heads"], config["layer_norm_eps"], blocked, biases
    )
    layer = _fused_layer if fused else _layer
    for number in range(config["num_hidden_layers"]):
        x = layer(graph, x, f"encoder.layer.{number}", shape)
    _pool(graph, x, mask)
    return _model(graph, config["hidden_size"])


def _tensors(path: Path) -> dict[str, NDArray[np.float32]]:
    """Every F32 tensor of a safetensors file: 8 bytes of header length, a JSON header, then the values."""
    raw = path.read_bytes()
    start = 8 + int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8:start])
    return {
        name: np.frombuffer(raw[start + entry["data_offsets"][0] : start + entry["data_offsets"][1]], "<f4").reshape(
            entry["shape"]
        )
        for name, entry in header.items()
        if name != "__metadata__" and entry["dtype"] == "F32"
    }


def _embeddings(graph: Graph, first: int, length: str, epsilon: float) -> str:
    words, places = (graph.tensors[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position"))
    kinds = graph.tensors.get("embeddings.token_type_embeddings.weight", np.zeros_like(places[:1]))
    word = graph.add("Gather", graph.constant("words", words), "input_ids")
    place = graph.add("Slice", graph.constant("places", places[first:] + kinds[0]), graph.integers(0), length)
    return graph.norm(graph.add("Add", word, place), "embeddings.LayerNorm", epsilon)


def _biases(graph: Graph, length: str, longest: int) -> str:
    """[1, heads, tokens, tokens], once for all layers: the row of weights for each distance from a query to a key."""
    weight = graph.tensors["encoder.relative_attention_bias.weight"]
    distances = np.arange(longest) - np.arange(longest)[:, None]
    rows = graph.constant("buckets", _buckets(distances, len(weight)))
    ends = graph.add("Concat", length, length, axis=0)
    used = graph.add("Slice", rows, graph.integers(0, 0), ends)
    values = graph.add("Gather", graph.constant("biases", weight), used)
    return graph.add("Unsqueeze", graph.add("Transpose", values, perm=[2, 0, 1]), graph.integers(0))


def _buckets(distances: NDArray[np.int64], buckets: int) -> NDArray[np.int64]:
    """As `MPNetEncoder.relative_position_bucket` of Hugging Face's transformers."""
    half, far = buckets // 2, np.abs(distances)
    single = half // 2
    steps = np.log(np.maximum(far, 1) / single) / math.log(128 / single) * (half - single)
    large = np.minimum(single + steps.astype(np.int64), half - 1)
    found: NDArray[np.int64] = np.where(far < single, far, large) + np.where(distances > 0, half, 0)
    return found


def _added_mask(graph: Graph, mask: str) -> str:
    blocked = graph.add("Sub", graph.scalar(1.0), graph.add("Unsqueeze", mask, graph.integers(1, 2)))
    return graph.add("Mul", blocked, graph.scalar(MASKED))


def _token_mask(graph: Graph) -> str:
    return graph.add("Cast", "attention_mask", to=TensorProto.INT32)


def _fused_layer(graph: Graph, x: str, block: str, shape: Shape) -> str:
    layout = shape.layout
    names = [f"{block}.{name}" for name in (layout.query, layout.key, layout.value)]
    columns = np.concatenate([graph.tensors[f"{name}.weight"].T for name in names], axis=1)
    offsets = np.concatenate([graph.tensors[f"{name}.bias"] for name in names])
    joined = (graph.constant(f"{block}.qkv.weight", columns), graph.constant(f"{block}.qkv.bias", offsets))
    added = ("", shape.biases) if shape.biases else ()
    mixed = graph.add("Attention", x, *joined, shape.blocked, *added, domain=VENDOR, num_heads=shape.heads)

    def skip_norm(values: str, dense: str, norm: str) -> str:
        weight, bias = graph.weights(dense)
        parts = (graph.add("MatMul", values, weight), x, *graph.parameters(norm), bias)
        return graph.add("SkipLayerNormalization", *parts, domain=VENDOR, epsilon=shape.epsilon)

    x = skip_norm(mixed, f"{block}.{layout.attended}", f"{block}.{layout.attention_norm}")
    weights, biases = graph.weights(f"{block}.intermediate.dense")
    wide = graph.add("BiasGelu", graph.add("MatMul", x, weights), biases, domain=VENDOR)
    return skip_norm(wide, f"{block}.output.dense", f"{block}.output.LayerNorm")


def _layer(graph: Graph, x: str, block: str, shape: Shape) -> str:
    layout, hidden, heads = shape.layout, shape.hidden, shape.heads

    def split(name: str, order: list[int]) -> str:
        values = graph.dense(x, f"{block}.{name}")
        shaped = graph.add("Reshape", values, graph.integers(0, 0, heads, hidden // heads))
        return graph.add("Transpose", shaped, perm=order)

    query, value = split(layout.query, [0, 2, 1, 3]), split(layout.value, [0, 2, 1, 3])
    key = split(layout.key, [0, 2, 3, 1])
    width = graph.scalar(float(np.sqrt(hidden / heads)))
    scores = graph.add("Add", graph.add("Div", graph.add("MatMul", query, key), width), shape.blocked)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(0, 0, hidden))
    attended = graph.add("Add", graph.dense(joined, f"{block}.{layout.attended}"), x)
    x = graph.norm(attended, f"{block}.{layout.attention_norm}", shape.epsilon)
    wide = graph.add("Gelu", graph.dense(x, f"{block}.intermediate.dense"))
    return graph.norm(
        graph.add("Add", graph.dense(wide, f"{block}.output.dense"), x), f"{block}.output.LayerNorm", shape.epsilon
    )


def _pool(graph: Graph, x: str, mask: str) -> None:
    """The mean over the tokens of a text, then unit length: the sum has the same direction as the mean."""
    kept = graph.add("Mul", x, graph.add("Unsqueeze", mask, graph.integers(2)))
    total = graph.add("ReduceSum", kept, graph.integers(1), keepdims=0)
    length = graph.add("ReduceL2", total, graph.integers(1), keepdims=1)
    graph.nodes.append(helper.make_node("Div", [total, length], ["embedding"], name="embedding"))


def _model(graph: Graph, hidden: int) -> onnx.ModelProto:
    inputs = [
        helper.make_tensor_value_info(name, TensorProto.INT64, ["batch", "tokens"])
        for name in ("input_ids", "attention_mask")
    ]
    output = helper.make_tensor_value_info("embedding", TensorProto.FLOAT, ["batch", hidden])
    made = helper.make_graph(graph.nodes, "encoder", inputs, [output], list(graph.constants.values()))
    opsets = [helper.make_opsetid("", OPSET), helper.make_opsetid(VENDOR, 1)]
    model = helper.make_model(made, opset_imports=opsets, ir_version=10)
    onnx.checker.check_model(model)
    return model
