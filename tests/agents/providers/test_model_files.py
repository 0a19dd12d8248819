"""Which file or folder is a local model, and what is refused before it is asked."""

from pathlib import Path

import pytest

from backend.agents.providers.local_models import model_files
from backend.agents.providers.local_models.model_files import check, model_file
from backend.errors import InvalidRequest


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is no GGUF file: it is empty"),
        (b"GGUF", "is no GGUF file"),
        (b"%PDF-1.7 and more", "is no GGUF file: it begins with other bytes than 'GGUF'$"),
        (b"GGUF\x01\x00\x00\x00", "of version 1; known: \\[2, 3\\]"),
        (b"GGUF\x00\x00\x00\x03", "of version 50331648"),
    ],
)
def test_a_file_that_is_none_is_refused_by_its_first_bytes(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(content)
    with pytest.raises(InvalidRequest, match=says):
        check(file)


@pytest.mark.parametrize("name", ["/no/such/model.gguf", "/", "model.gguf", "../model.gguf"])
def test_what_is_no_path_of_a_file_is_refused(name: str) -> None:
    with pytest.raises(InvalidRequest, match="model: "):
        model_file(name)


def test_a_folder_with_a_hugging_face_model_is_one(folder: Path) -> None:
    assert model_file(str(folder)) == folder


@pytest.mark.fault("B9")
@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("pytorch_model.bin", "'pytorch_model.bin' can run code when it is opened"),
        ("modeling.py", "'modeling.py' can run code"),
        ("config.json", "'config.json' has 'auto_map', by which a model names code"),
    ],
)
def test_a_folder_that_could_run_code_is_refused_unopened(folder: Path, file: str, says: str) -> None:
    (folder / file).write_text('{"auto_map": {"AutoModel": "modeling.Own"}}')
    with pytest.raises(InvalidRequest, match=f"model: '{folder}': .*{says}"):
        model_file(str(folder))


@pytest.mark.parametrize(
    ("file", "says"),
    [
        ("config.json", "has no 'config.json'; give the folder of a whole Hugging Face model"),
        ("tokenizer.json", "has no 'tokenizer.json'"),
        ("tokenizer_config.json", "no chat template"),
        ("model.safetensors", r"no \*\.safetensors file"),
    ],
)
def test_a_folder_that_is_not_whole_is_refused(folder: Path, file: str, says: str) -> None:
    (folder / file).unlink()
    with pytest.raises(InvalidRequest, match=says):
        model_file(str(folder))


@pytest.mark.fault("B8")
@pytest.mark.parametrize(
    ("file", "content", "says"),
    [
        ("chat_template.jinja", b"{% for one in messages %}\n{{ one", r"'chat_template.jinja' .* broken in line 2"),
        ("tokenizer_config.json", b'{"chat_template": "{% if %}"}', "'tokenizer_config.json' .* broken in line 1"),
        ("chat_template.jinja", b"\xff{{", "'chat_template.jinja' .* no text in UTF-8"),
        ("config.json", b"[]", r"'config\.json' of the model is no JSON object"),
        ("tokenizer.json", b"{}", r"'tokenizer\.json' of the model is no tokenizer"),
        (
            "model.safetensors",
            b"\x10\x00\x00\x00\x00\x00\x00\x00{",
            r"'model\.safetensors' of the model is cut or damaged",
        ),
    ],
)
def test_a_file_of_a_folder_that_is_broken_is_named_before_it_is_asked(
    folder: Path, file: str, content: bytes, says: str
) -> None:
    (folder / file).write_bytes(content)
    with pytest.raises(InvalidRequest, match=f"model: '{folder}': .*{says}.*; .*another copy"):
        model_file(str(folder))


@pytest.mark.fault("B8")
def test_weights_that_are_cut_are_found_by_their_length(folder: Path) -> None:
    weights = folder / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(InvalidRequest, match=r"'model\.safetensors' of the model is cut"):
        model_file(str(folder))


@pytest.mark.parametrize(
    "template",
    [
        "{% for one in messages %}{% if loop.last %}{% break %}{% endif %}{% endfor %}",
        "{% generation %}{{ messages[-1].content | trim }}{% endgeneration %}",
    ],
)
def test_what_templates_of_transformers_have_beside_jinja_is_known(folder: Path, template: str) -> None:
    (folder / "chat_template.jinja").write_text(template)
    assert model_file(str(folder)) == folder


def test_however_a_folder_is_written_it_is_one(folder: Path) -> None:
    link = folder.parent / "link"
    link.symlink_to(folder)
    for name in (f"{folder}/", f"{folder.parent}/x/../{folder.name}", str(link)):
        assert model_file(name) == folder


def test_a_folder_without_transformers_is_refused_with_what_to_do(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_files, "_PACKAGE", "a_package_that_nobody_has")
    with pytest.raises(InvalidRequest, match="transformers is not installed: run `make finetune`"):
        model_file(str(folder))
