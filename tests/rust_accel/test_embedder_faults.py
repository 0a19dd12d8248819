"""The embedder where something goes wrong around it: forks, no memory, signals, changed files, models that are none."""

import itertools
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rust_accel import Embedder
from tests.rust_accel import tiny_model
from tests.rust_accel.reference import Encoder
from tests.rust_accel.test_embedder import ISAS, Precision, force

PRECISIONS: tuple[Precision, ...] = ("f32", "bf16", "int8", "int8-mixed")
Change = Callable[[dict[str, Any]], object]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_model.write(tmp_path)


def run(script: str, folder: Path, limit: float = 100) -> str:
    """What a script prints in a process of its own, within `limit` seconds; its `folder` is that of the model."""
    head = (
        "import os, resource, signal, sys, threading, time\nfrom pathlib import Path\nfrom rust_accel import Embedder\n"
    )
    command = [sys.executable, "-W", "ignore", "-c", f"{head}folder = Path(sys.argv[1])\n{script}", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=limit, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


# Hidden, heads, intermediate: one column, heads of odd and single columns, inputs of every rest by four.
SIZES = [(1, 1, 1), (3, 3, 5), (5, 1, 6), (6, 2, 7), (15, 3, 10), (49, 7, 50), (66, 1, 35), (72, 8, 101), (96, 96, 97)]


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("isa", ISAS)
def test_models_of_any_sizes_equal_their_float64_twins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, isa: str, precision: Precision
) -> None:
    tolerance = {"f32": 2e-5, "bf16": 1e-2, "int8": 2e-2, "int8-mixed": 2e-2}[precision]
    texts = ["", "a", "a b c", "x y z " * 10, "k l m n o p " * 9]
    for hidden, heads, wide in SIZES:
        for name, size in (("HIDDEN", hidden), ("HEADS", heads), ("WIDE", wide)):
            monkeypatch.setattr(tiny_model, name, size)
        embedder = force(monkeypatch, isa, tiny_model.write(tmp_path), precision)
        twin = Encoder.read(tmp_path)
        expected = [twin.vector(ids) for ids in embedder.token_ids(texts)]
        np.testing.assert_allclose(embedder.embed(texts), expected, atol=tolerance, err_msg=f"{hidden} {heads} {wide}")


def test_a_layer_whose_sums_of_bytes_could_overflow_is_refused_by_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("HIDDEN", 2), ("HEADS", 1), ("WIDE", 66_001), ("LAYERS", 1)):
        monkeypatch.setattr(tiny_model, name, size)
    tiny_model.write(tmp_path)
    assert Embedder(tmp_path, precision="bf16").embed(["a"]).shape == (1, 2)
    with pytest.raises(ValueError, match=r'at most 66000 inputs; "encoder.layer.0.output.dense.weight" has 66001'):
        Embedder(tmp_path, precision="int8")


FORKED = """
embedder, fresh = Embedder(folder, threads=2), Embedder(folder, threads=2)
texts = ["a b c", "", "z " * 30] * 40
before = embedder.embed(texts)
for generation in range(3):
    child = os.fork()
    if child:
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        sys.exit(status or not (embedder.embed(texts) == before).all())
    assert (embedder.embed(texts) == before).all() and (fresh.embed(texts) == before).all()
    assert embedder.count_tokens(texts).tolist() == [len(ids) for ids in embedder.token_ids(texts)]
"""


def test_a_forked_process_embeds_with_threads_of_its_own(folder: Path) -> None:
    run(FORKED, folder)


FORKED_IN_A_CALL = """
embedder = Embedder(folder, threads=2)
texts = ["a b c d e f", "g é"] * 200
before, stop = embedder.embed(texts), threading.Event()
def busy():
    while not stop.is_set():
        embedder.embed(texts)
thread = threading.Thread(target=busy)
thread.start()
for _ in range(30):
    child = os.fork()
    if child == 0:
        os._exit(not (embedder.embed(texts) == before).all())
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
stop.set()
thread.join()
"""


def test_a_fork_during_another_threads_call_leaves_the_child_a_whole_embedder(folder: Path) -> None:
    run(FORKED_IN_A_CALL, folder)


CHANGED = """
embedder, path = Embedder(folder), folder / "model.safetensors"
before, content = embedder.embed(["a b"]), path.read_bytes()
{change}
try:
    after = embedder.embed(["a b"])
    print((after == before).all())
except RuntimeError as error:
    print(error)
"""


@pytest.mark.parametrize("change", ["os.truncate(path, 100)", "path.write_bytes(bytes(len(content)))"])
def test_weights_that_are_changed_in_place_are_an_error_and_kill_nothing(folder: Path, change: str) -> None:
    assert "model.safetensors was changed after it was opened; load the model anew" in run(
        CHANGED.format(change=change), folder
    )


@pytest.mark.parametrize(
    "change", ["path.unlink()", "other = folder / 'x'; other.write_bytes(b'x'); other.replace(path)"]
)
def test_weights_that_are_removed_or_replaced_by_another_file_stay_those_that_were_loaded(
    folder: Path, change: str
) -> None:
    assert run(CHANGED.format(change=change), folder) == "True\n"


LOADED_WHILE_CUT = """
path = folder / "model.safetensors"
content, stop = path.read_bytes(), threading.Event()
def cut():
    while not stop.is_set():
        os.truncate(path, len(content) // 2)
        path.write_bytes(content)
thread = threading.Thread(target=cut)
thread.start()
until = time.monotonic() + 3
while time.monotonic() < until:
    try:
        Embedder(folder, threads=1).embed(["a"])
    except (ValueError, RuntimeError, OSError):
        pass
stop.set()
thread.join()
"""


def test_weights_that_are_cut_while_they_are_loaded_kill_nothing(folder: Path) -> None:
    run(LOADED_WHILE_CUT, folder)


SCARCE = {
    # 72 values of four bytes each: the vectors alone have 115 MB.
    "vectors": "embedder.embed(many)",
    "lists of ids": "embedder.token_ids(many)",
    "tokens of a long text": "embedder.token_ids(['é ' * 1_000_000])",
    "count of a long text": "embedder.count_tokens(['é ' * 1_000_000])",
}
SHORT_OF_MEMORY = """
embedder, many = Embedder(folder, threads=1), ["a b"] * 400_000
embedder.embed(["a", "é"])
used = int(open("/proc/self/statm").read().split()[0]) * 4096
resource.setrlimit(resource.RLIMIT_AS, (used + ({megabytes} << 20), resource.RLIM_INFINITY))
try:
    {action}
    print("done")
except MemoryError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert embedder.embed(["a"]).shape == (1, 72)
"""


@pytest.mark.parametrize("what", SCARCE)
def test_what_grows_with_a_call_is_a_memory_error_and_the_embedder_goes_on(folder: Path, what: str) -> None:
    printed = run(SHORT_OF_MEMORY.format(megabytes=30, action=SCARCE[what]), folder)
    assert "done" not in printed
    assert "memory" in printed.lower() or printed == "\n"


LOADED_SHORT_OF_MEMORY = """
embedder = Embedder(folder, threads=1)
failed = 0
for megabytes in (*range(0, 40, 2), 400):
    used = int(open("/proc/self/statm").read().split()[0]) * 4096
    resource.setrlimit(resource.RLIMIT_AS, (used + (megabytes << 20), resource.RLIM_INFINITY))
    try:
        embedder = Embedder(folder, threads=1)
    except MemoryError as error:
        failed += 1
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
assert embedder.embed(["a"]).shape[0] == 1
print(failed)
"""


def test_weights_for_which_there_is_no_memory_are_a_memory_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, size in (("HIDDEN", 512), ("HEADS", 8), ("WIDE", 2048)):
        monkeypatch.setattr(tiny_model, name, size)
    # Packed as f32, 26 MB.
    assert int(run(LOADED_SHORT_OF_MEMORY, tiny_model.write(tmp_path))) > 5


INTERRUPTED = """
embedder = Embedder(folder, threads=1)
texts = ["a b c d e f g h i j k l m n o p"] * 400_000
threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
began = time.monotonic()
try:
    embedder.embed(texts)
    print("finished", time.monotonic() - began)
except KeyboardInterrupt:
    print("ended")
assert embedder.embed(["a"]).shape == (1, 72)
"""


def test_a_signal_ends_a_call(folder: Path) -> None:
    assert run(INTERRUPTED, folder) == "ended\n"


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"threads": -1}, ValueError, "threads is -1; it must be 0 or more"),
        ({"threads": 1025}, ValueError, "threads must be at least 1 and at most 1024, not 1025"),
        ({"threads": 10**30}, ValueError, "threads must be at least 1 and at most 1024"),
        ({"threads": 1.5}, TypeError, "threads must be an int, not float"),
        ({"max_tokens": -1}, ValueError, "max_tokens is -1"),
        ({"max_tokens": 10**30}, ValueError, "max_tokens is .* not in 3"),
        ({"max_tokens": "3"}, TypeError, "max_tokens must be an int, not str"),
        ({"precision": 8}, TypeError, "precision: "),
    ],
)
def test_an_argument_that_cannot_be_used_is_named(
    folder: Path, options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        Embedder(folder, **options)


def test_a_path_that_cannot_be_one_is_named() -> None:
    wrong: Any = 3
    with pytest.raises(TypeError, match="model: "):
        Embedder(wrong)
    with pytest.raises(ValueError, match=r"model is .* NUL"):
        Embedder(Path("a\0b"))


def test_what_is_no_text_is_named_with_its_place_and_type(folder: Path) -> None:
    embedder = Embedder(folder)
    wrong: list[tuple[Any, str]] = [
        (["a", None], "text 1 is not a str but NoneType"),
        ({"a"}, "texts must be a sequence of str, not set"),
        ((text for text in "ab"), "texts must be a sequence of str, not generator"),
        (None, "texts must be a sequence of str, not NoneType"),
        (np.array(["a"]), "texts must be a sequence of str, not ndarray"),
    ]
    for (texts, message), call in itertools.product(wrong, (embedder.embed, embedder.count_tokens, embedder.token_ids)):
        with pytest.raises(TypeError, match=message):
            call(texts)


def changed(path: Path, change: Change) -> None:
    content = json.loads(path.read_text())
    path.write_text(json.dumps(change(content) or content))


BROKEN: dict[str, Change] = {
    "only a second text": lambda file: file["post_processor"].update(single=[{"Sequence": {"id": "B", "type_id": 0}}]),
    "no map": lambda file: file.update(normalizer={"type": "Precompiled", "precompiled_charsmap": "AAAA"}),
    "a map that ends early": lambda file: file.update(
        normalizer={"type": "Precompiled", "precompiled_charsmap": "BAAAAAAAAAAA"}
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_tokenizer_on_which_its_library_panics_is_refused_by_its_file(folder: Path, name: str) -> None:
    changed(folder / "tokenizer.json", BROKEN[name])
    with pytest.raises(ValueError, match=r"tokenizer\.json: .*does not fit together"):
        Embedder(folder)


def test_a_text_that_the_tokenizer_refuses_is_named_by_its_place(folder: Path) -> None:
    changed(folder / "tokenizer.json", lambda file: file["model"].update(unk_token="[NOPE]"))
    with pytest.raises(ValueError, match=r"text 1: it cannot be tokenized: .*\[UNK\]"):
        Embedder(folder).embed(["a", "ü"])


def pooled(*modes: str) -> dict[str, bool]:
    return {f"pooling_mode_{mode}": True for mode in modes}


@pytest.mark.parametrize(
    "content",
    [
        pooled("lasttoken"),
        pooled("weightedmean_tokens"),
        pooled("max_tokens"),
        pooled("mean_sqrt_len_tokens"),
        pooled("mean_tokens", "lasttoken"),
        pooled("mean_tokens", "weightedmean_tokens"),
        pooled("mean_tokens", "cls_token"),
        pooled("mean_tokens", "of_tomorrow"),
        {"pooling_mode": "lasttoken"},
        {"pooling_mode_mean_tokens": 1},
        {},
    ],
)
def test_other_poolings_are_refused_by_name(folder: Path, content: dict[str, object]) -> None:
    (folder / "1_Pooling" / "config.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"1_Pooling/config\.json: .*{max(content, default='mean')}"):
        Embedder(folder)


def module(kind: str, path: str = "") -> dict[str, str]:
    return {"path": path, "type": f"sentence_transformers.models.{kind}"}


@pytest.mark.parametrize(
    "modules",
    [
        [module("Transformer"), module("Transformer"), module("Pooling", "1_Pooling")],
        [module("Transformer"), module("Pooling", "1_Pooling"), module("Pooling", "1_Pooling")],
        [module("Normalize"), module("Transformer"), module("Pooling", "1_Pooling")],
        [module("Pooling", "1_Pooling"), module("Transformer")],
        [module("Transformer"), module("Pooling", "1_Pooling"), module("LayerNorm")],
        [{"path": "", "type": "elsewhere.Transformer"}, module("Pooling", "1_Pooling")],
        [module("Transformer")],
    ],
)
def test_other_modules_are_refused(folder: Path, modules: list[dict[str, str]]) -> None:
    (folder / "modules.json").write_text(json.dumps(modules))
    with pytest.raises(ValueError, match=r"modules\.json: the module.* implemented"):
        Embedder(folder)


@pytest.mark.parametrize("prompts", [{"query": "query: "}, {}, {"query": None}])
def test_a_prompt_that_every_text_would_get_is_refused(folder: Path, prompts: dict[str, str | None]) -> None:
    path = folder / "config_sentence_transformers.json"
    path.write_text(json.dumps({"prompts": prompts, "default_prompt_name": "query"}))
    with pytest.raises(ValueError, match=r'config_sentence_transformers\.json: default_prompt_name is "query"'):
        Embedder(folder)
    for harmless in (
        {"prompts": prompts, "default_prompt_name": None},
        {"prompts": {"": ""}, "default_prompt_name": ""},
    ):
        path.write_text(json.dumps(harmless))
        assert Embedder(folder).embed(["a"]).shape == (1, tiny_model.HIDDEN)


def test_a_decoder_is_refused(folder: Path) -> None:
    changed(folder / "config.json", lambda file: file.update(is_decoder=True))
    with pytest.raises(ValueError, match=r"config\.json: is_decoder"):
        Embedder(folder)


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_word_embeddings_that_are_not_finite_are_refused(folder: Path, value: float) -> None:
    tensors = tiny_model.tensors()
    tensors["embeddings.word_embeddings.weight"][-1, -1] = value
    (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
    with pytest.raises(ValueError, match=r'word_embeddings.weight" holds a value that is not finite'):
        Embedder(folder)


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("name", ["encoder.layer.0.intermediate.dense.weight", "encoder.layer.1.output.dense.weight"])
def test_values_that_overflow_are_an_error_and_no_vector(
    folder: Path, monkeypatch: pytest.MonkeyPatch, isa: str, precision: Precision, name: str
) -> None:
    tensors = tiny_model.tensors()
    tensors[name] *= np.float32(1e21)
    (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
    with pytest.raises(ValueError, match="not a finite vector"):
        force(monkeypatch, isa, folder, precision).embed(["a b c"])


@pytest.mark.parametrize("isa", ISAS)
@pytest.mark.parametrize("precision", PRECISIONS)
def test_weights_too_small_for_a_type_count_as_zero(
    folder: Path, monkeypatch: pytest.MonkeyPatch, isa: str, precision: Precision
) -> None:
    tensors = tiny_model.tensors()
    for name in ("encoder.layer.0.intermediate.dense.weight", "encoder.layer.1.attention.self.query.weight"):
        tensors[name] *= np.float32(1e-40)
    (folder / "model.safetensors").write_bytes(tiny_model.safetensors(tensors))
    embedder = force(monkeypatch, isa, folder, precision)
    expected = Encoder.read(folder).vector(embedder.token_ids(["a b c"])[0])
    np.testing.assert_allclose(embedder.embed(["a b c"])[0], expected, atol=2e-5 if precision == "f32" else 3e-2)


def test_a_pipe_instead_of_the_weights_is_refused_and_not_waited_for(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.unlink()
    os.mkfifo(path)
    began = time.monotonic()
    with pytest.raises(ValueError, match=r"model\.safetensors: no regular file"):
        Embedder(folder)
    assert time.monotonic() - began < 10
