"""The ONNX graph of a BERT sentence encoder, made from its safetensors: input_ids, attention_mask -> unit embeddings.

Standard operators of opset 20, or with `fused` the operators of com.microsoft that ONNX Runtime's transformer optimizer
puts in their place (attention, bias and GELU, sum and layer normalisation; the optimizer itself does not know this
graph's attention). Pooling and normalisation are part of the graph, so that peers do them in their own kernels too.
"""

import json
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 20
VENDOR = "com.microsoft"
MASKED = -10_000.0


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
    x = _embeddings(graph, config["layer_norm_eps"])
    mask = graph.add("Cast", "attention_mask", to=TensorProto.FLOAT)
    blocked = _token_mask(graph) if fused else _added_mask(graph, mask)
    layer = _fused_layer if fused else _layer
    for number in range(config["num_hidden_layers"]):
        x = layer(graph, x, blocked, f"encoder.layer.{number}", config)
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


def _embeddings(graph: Graph, epsilon: float) -> str:
    words, places, kinds = (
        graph.tensors[f"embeddings.{name}_embeddings.weight"] for name in ("word", "position", "token_type")
    )
    word = graph.add("Gather", graph.constant("words", words), "input_ids")
    length = graph.add("Slice", graph.add("Shape", "input_ids"), graph.integers(1), graph.integers(2))
    place = graph.add("Slice", graph.constant("places", places + kinds[0]), graph.integers(0), length)
    return graph.norm(graph.add("Add", word, place), "embeddings.LayerNorm", epsilon)


def _added_mask(graph: Graph, mask: str) -> str:
    blocked = graph.add("Sub", graph.scalar(1.0), graph.add("Unsqueeze", mask, graph.integers(1, 2)))
    return graph.add("Mul", blocked, graph.scalar(MASKED))


def _token_mask(graph: Graph) -> str:
    return graph.add("Cast", "attention_mask", to=TensorProto.INT32)


def _fused_layer(graph: Graph, x: str, mask: str, block: str, config: dict[str, int]) -> str:
    names = [f"{block}.attention.self.{name}" for name in ("query", "key", "value")]
    columns = np.concatenate([graph.tensors[f"{name}.weight"].T for name in names], axis=1)
    offsets = np.concatenate([graph.tensors[f"{name}.bias"] for name in names])
    joined = (graph.constant(f"{block}.qkv.weight", columns), graph.constant(f"{block}.qkv.bias", offsets))
    mixed = graph.add("Attention", x, *joined, mask, domain=VENDOR, num_heads=config["num_attention_heads"])

    def skip_norm(values: str, dense: str, norm: str) -> str:
        weight, bias = graph.weights(dense)
        parts = (graph.add("MatMul", values, weight), x, *graph.parameters(norm), bias)
        return graph.add("SkipLayerNormalization", *parts, domain=VENDOR, epsilon=config["layer_norm_eps"])

    x = skip_norm(mixed, f"{block}.attention.output.dense", f"{block}.attention.output.LayerNorm")
    weights, biases = graph.weights(f"{block}.intermediate.dense")
    wide = graph.add("BiasGelu", graph.add("MatMul", x, weights), biases, domain=VENDOR)
    return skip_norm(wide, f"{block}.output.dense", f"{block}.output.LayerNorm")


def _layer(graph: Graph, x: str, blocked: str, block: str, config: dict[str, int]) -> str:
    hidden, heads = config["hidden_size"], config["num_attention_heads"]
    epsilon = config["layer_norm_eps"]

    def split(name: str, order: list[int]) -> str:
        values = graph.dense(x, f"{block}.attention.self.{name}")
        shaped = graph.add("Reshape", values, graph.integers(0, 0, heads, hidden // heads))
        return graph.add("Transpose", shaped, perm=order)

    query, value = split("query", [0, 2, 1, 3]), split("value", [0, 2, 1, 3])
    key = split("key", [0, 2, 3, 1])
    width = graph.scalar(float(np.sqrt(hidden / heads)))
    scores = graph.add("Add", graph.add("Div", graph.add("MatMul", query, key), width), blocked)
    mixed = graph.add("MatMul", graph.add("Softmax", scores, axis=-1), value)
    joined = graph.add("Reshape", graph.add("Transpose", mixed, perm=[0, 2, 1, 3]), graph.integers(0, 0, hidden))
    attended = graph.add("Add", graph.dense(joined, f"{block}.attention.output.dense"), x)
    x = graph.norm(attended, f"{block}.attention.output.LayerNorm", epsilon)
    wide = graph.add("Gelu", graph.dense(x, f"{block}.intermediate.dense"))
    return graph.norm(
        graph.add("Add", graph.dense(wide, f"{block}.output.dense"), x), f"{block}.output.LayerNorm", epsilon
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
