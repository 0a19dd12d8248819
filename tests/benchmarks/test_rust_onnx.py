"""The graph that the peers run, against the float64 reference."""

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from tests.rust_accel import tiny_model, tiny_mpnet
from tests.rust_accel.reference import Encoder

onnxruntime = pytest.importorskip("onnxruntime")
build = pytest.importorskip("benchmarks.rust.onnx_model").build


@pytest.mark.parametrize("fused", [False, True])
@pytest.mark.parametrize(("tiny", "padding"), [(tiny_model, 0), (tiny_mpnet, 1)])
def test_the_graph_gives_the_embeddings_of_the_reference_whatever_the_padding(
    tmp_path: Path, tiny: ModuleType, padding: int, *, fused: bool
) -> None:
    folder = tiny.write(tmp_path)
    model = build(folder, fused=fused).SerializeToString()
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    texts = [[2, 5, 6, 7, 8, 9, 3], [2, 3], [2, 29, 4, 3], [2, *range(4, 29), 3]]
    longest = max(map(len, texts))
    ids, mask = np.full((len(texts), longest), padding, np.int64), np.zeros((len(texts), longest), np.int64)
    for row, tokens in enumerate(texts):
        ids[row, : len(tokens)] = tokens
        mask[row, : len(tokens)] = 1

    found = session.run(None, {"input_ids": ids, "attention_mask": mask})[0]

    exact = Encoder.read(folder)
    np.testing.assert_allclose(found, [exact.vector(tokens) for tokens in texts], atol=2e-5)


def test_pooling_by_the_first_token_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="does not pool by the mean"):
        build(tiny_model.write(tmp_path, cls_pooling=True))
