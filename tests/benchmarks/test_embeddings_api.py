from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from benchmarks.bare_embeddings import Vectors, encoding, peer
from benchmarks.embeddings_api import OURS, PEERS_PYTHON, WAYS, Rates, measure, sameness
from contracts.openai import EmbeddingList


def by_length(texts: Sequence[str]) -> tuple[Vectors, int]:
    return np.array([[len(text), 1.0] for text in texts], np.float32), sum(map(len, texts))


@pytest.mark.parametrize("where", ["loop", "pool"])
@pytest.mark.parametrize(("wanted", "lengths"), [("abc", [3]), (["abcd", "a"], [4, 1])])
def test_the_peer_answers_in_the_form_that_ours_has(where: str, wanted: object, lengths: list[int]) -> None:
    with TestClient(peer(by_length, where=where)) as client:
        answer = client.post("/v1/embeddings", json={"model": "m", "input": wanted})

    body = EmbeddingList.model_validate_json(answer.content)
    assert [one.embedding for one in body.data] == [[length, 1.0] for length in lengths]
    assert [one.index for one in body.data] == list(range(len(lengths)))
    assert (body.model, body.usage.prompt_tokens) == ("m", sum(lengths))


def test_the_peer_pads_texts_of_like_length_together_and_answers_in_their_order() -> None:
    widths: list[int] = []

    class Letters:
        def encode_batch(self, texts: list[str]) -> list[SimpleNamespace]:
            longest = max(map(len, texts))
            return [
                SimpleNamespace(
                    ids=[len(text)] * longest, attention_mask=[int(at < len(text)) for at in range(longest)]
                )
                for text in texts
            ]

    def forward(ids: NDArray[np.int64], mask: NDArray[np.int64]) -> Vectors:
        widths.append(mask.shape[1])
        return ids[:, :1].astype(np.float32)

    texts = ["x" * (1 + at % 40) for at in range(80)]
    vectors, tokens = encoding(forward, Letters(), 1)(texts)  # type: ignore[arg-type]  # what is used of a tokenizer

    assert vectors[:, 0].tolist() == [len(text) for text in texts]
    assert tokens == sum(map(len, texts))
    assert widths == sorted(widths, reverse=True) == [40, 24, 8]


def test_ours_is_compared_with_the_setting_of_the_peer_that_does_most() -> None:
    seen = Rates({OURS: [90.0, 100.0, 110.0], "loop-2": [50.0, 50.0, 400.0], "pool-1": [100.0, 125.0, 130.0]})

    figure = seen.figure(WAYS[0])

    assert (figure.value, figure.peer, figure.verdict) == (100.0, 125.0, "missed")
    assert "peer pool-1; loop-2 50" in figure.note


def test_another_model_behind_the_same_route_is_no_peer() -> None:
    ours = np.eye(3, 4)

    assert sameness({OURS: ours, "a": 2 * ours}).verdict == "met"
    assert sameness({OURS: ours, "a": ours, "b": ours + np.array([0, 0, 0, 0.1])}).verdict == "missed"
    assert sameness({OURS: ours, "a": ours[::-1]}).verdict == "missed"
    with pytest.raises(ValueError, match="operand"):
        sameness({OURS: ours, "a": ours[:2]})


def test_requests_hold_every_text_once() -> None:
    texts = [f"t{at}" for at in range(64)]

    single, together, _ = (way.bodies(texts) for way in WAYS)

    assert len(single) == 64
    assert len(together) == 2
    assert all(f'"{text}"' in "".join(together) for text in texts)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(not PEERS_PYTHON.exists(), reason="`make bench-rust` installs ONNX Runtime into .bench")
def test_both_servers_answer_the_same_vectors_under_load() -> None:
    *loads, same = measure(rounds=1, seconds=0.1)

    assert [one.name.split(", ", 1)[1] for one in loads] == [way.name for way in WAYS]
    assert all(one.value > 0 and (one.peer or 0) > 0 for one in loads)
    assert same.verdict == "met"
