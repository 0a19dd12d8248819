"""The file of a fine-tuned model: one that is missing or changed makes the model unusable, wherever it is offered."""

from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
import sqlalchemy as sa

from backend.agents.providers.local_models import model_files
from backend.db.finetuning import TunedModel
from backend.errors import UnusableModel
from backend.finetuning.adapter_task import MAP
from backend.finetuning.files import described
from backend.services.tuned_models import Served
from tests.api.test_aliases import ALIAS, contest_of, promote
from tests.api.test_finetune import QUESTION, furnished, trained
from tests.finetuning import bases
from tests.support import Api, refused

__all__ = ["furnished"]

GGUF: Final = "model.gguf"
NOTE: Final = (
    "The model is asked by transformers, since it has no GGUF file for llama.cpp: its layers are of another kind."
)
MADE: Final = ("config.json", "tokenizer.json", "tokenizer_config.json", "model.safetensors")
BYTES: Final = b"GGUF\x03\x00\x00\x00" + bytes(64)


def installed(monkeypatch: pytest.MonkeyPatch, *, llama: bool = True, transformers: bool = True) -> None:
    found = object() if llama else None
    monkeypatch.setattr("backend.agents.providers.vendors.find_spec", lambda _name: found)
    monkeypatch.setattr(model_files, "_PACKAGE", "json" if transformers else "a_package_that_nobody_has")


async def rewritten(api: Api, model: dict[str, Any], **values: Any) -> TunedModel:
    """The model as a row that has these values."""
    id = UUID(model["id"])
    async with api.scope.database.write() as session:
        await session.execute(sa.update(TunedModel).where(TunedModel.id == id).values(**values))
    async with api.scope.database.read() as session:
        return (await session.scalars(sa.select(TunedModel).where(TunedModel.id == id))).one()


async def lora(api: Api, dataset: dict[str, Any]) -> tuple[TunedModel, Path]:
    """What a training of the method lora leaves, and where its GGUF file is."""
    model = await trained(api, dataset, name="Own")
    folder = next(api.settings.tuned.rglob(MAP)).parent
    (folder / GGUF).write_bytes(BYTES)
    return await left(api, model, folder, [GGUF], []), folder / GGUF


async def without_gguf(api: Api, dataset: dict[str, Any]) -> tuple[TunedModel, Path]:
    """As `lora`, of a model that has no place in GGUF; and its folder."""
    model = await trained(api, dataset, name="Own")
    folder = next(api.settings.tuned.rglob(MAP)).parent
    bases.write(folder / "model", config={"model_type": "qwen2"})
    return await left(api, model, folder, [f"model/{name}" for name in MADE], [NOTE]), folder / "model"


async def left(api: Api, model: dict[str, Any], folder: Path, names: list[str], notes: list[str]) -> TunedModel:
    files = {"items": [one.model_dump() for one in described(folder, *names)]}
    values = {"method": "lora", "collection_id": None, "spec_key": None, "files": files}
    return await rewritten(api, model, **values, notes=notes)


async def unusable(api: Api) -> str:
    """The reason, which every place gives that offers models."""
    [model] = (await api.get("/models"))["items"]
    assert model["state"] == "unusable"
    assert (await api.get(f"/models/{model['id']}"))["reason"] == model["reason"]
    assert "Own" not in {one["id"] for one in (await api.get("/v1/models"))["data"]}
    told = await api.client.get("/v1/models/Own")
    assert (told.status_code, told.json()["error"]["code"]) == (404, "model_not_found")
    assert model["reason"] in told.json()["error"]["message"]
    answers = [
        await api.client.post("/chat", json={"message": QUESTION, "model": "Own"}),
        await api.client.post(
            "/compare", json={"question": QUESTION, "lanes": [{"model": "Own"}, {"provider": "builtin"}]}
        ),
    ]
    details = [refused(answer, 409, "conflict")["detail"] for answer in answers]
    assert all(model["reason"] in detail for detail in details), details
    return str(model["reason"])


async def test_a_model_whose_file_is_as_it_was_made_is_usable(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await lora(api, furnished)
    installed(monkeypatch)
    [model] = (await api.get("/models"))["items"]
    assert (model["state"], model["reason"]) == ("usable", "")
    assert "Own" in {one["id"] for one in (await api.get("/v1/models"))["data"]}
    assert (await api.get("/v1/models/Own"))["id"] == "Own"


async def test_a_model_without_a_gguf_file_is_served_from_its_folder(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    row, folder = await without_gguf(api, furnished)
    installed(monkeypatch)
    assert api.scope.services.tuned_models.served(row) == Served("local", str(folder.resolve()))
    [model] = (await api.get("/models"))["items"]
    assert (model["state"], model["reason"], model["notes"]) == ("usable", "", [NOTE])
    assert "Own" in {one["id"] for one in (await api.get("/v1/models"))["data"]}


async def test_a_model_without_a_gguf_file_is_unusable_while_transformers_is_not_installed(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await without_gguf(api, furnished)
    installed(monkeypatch, transformers=False)
    reason = await unusable(api)
    assert reason.startswith("it has no GGUF file, and transformers is not installed: run `make finetune`")
    assert reason.endswith(NOTE)


@pytest.mark.parametrize("name", MADE)
async def test_each_file_of_a_folder_is_checked_before_it_is_asked(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    row, folder = await without_gguf(api, furnished)
    installed(monkeypatch)
    before = (folder / name).read_bytes()
    (folder / name).write_bytes(before[:-1] + b"~")
    with pytest.raises(UnusableModel, match=f"'model/{name}' of the model is not what was trained"):
        await api.scope.services.tuned_models.ready(row)
    assert f"'model/{name}' of the model is not what was trained" in await unusable(api)
    (folder / name).unlink()
    assert await unusable(api) == f"'model/{name}' of the model is missing; train it anew"


async def test_a_file_that_is_missing_or_of_another_size_is_seen_at_once(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    _, path = await lora(api, furnished)
    installed(monkeypatch)
    path.write_bytes(BYTES + b"x")
    assert await unusable(api) == "'model.gguf' of the model is not what was trained; train it anew"
    path.unlink()
    assert await unusable(api) == "'model.gguf' of the model is missing; train it anew"


async def test_a_file_of_the_same_size_is_read_when_it_is_first_asked_and_what_was_found_is_kept(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    row, path = await lora(api, furnished)
    installed(monkeypatch)
    tuned = api.scope.services.tuned_models
    await tuned.ready(row)
    path.write_bytes(BYTES[:-1] + b"x")
    assert (await api.get("/models"))["items"][0]["state"] == "usable"
    with pytest.raises(UnusableModel, match="is not what was trained"):
        await tuned.ready(row)
    assert "is not what was trained" in await unusable(api)


async def test_a_model_is_unusable_while_what_runs_it_is_not_installed(
    api: Api, furnished: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await lora(api, furnished)
    installed(monkeypatch, llama=False)
    assert "is not installed: run `make local`" in await unusable(api)


async def test_tuned_retrieval_without_its_map_is_unusable(api: Api, furnished: dict[str, Any]) -> None:
    await trained(api, furnished, name="Own")
    next(api.settings.tuned.rglob(MAP)).unlink()
    assert await unusable(api) == "'query_map.safetensors' of the model is missing; train it anew"


async def test_an_alias_of_a_model_that_is_unusable_is_not_listed_and_says_why(
    api: Api, furnished: dict[str, Any]
) -> None:
    await trained(api, furnished, name="Own")
    contest_id, keys = await contest_of(api, {"provider": "builtin"}, {"model": "Own"})
    await promote(api, contest_id, keys["Own"], reason="try it")
    assert ALIAS in {one["id"] for one in (await api.get("/v1/models"))["data"]}
    next(api.settings.tuned.rglob(MAP)).unlink()
    reason = await unusable(api)
    assert ALIAS not in {one["id"] for one in (await api.get("/v1/models"))["data"]}
    said = await api.client.get(f"/v1/models/{ALIAS}")
    assert (said.status_code, said.json()["error"]["code"]) == (404, "model_not_found")
    assert said.json()["error"]["message"] == f"the model 'Own', which {ALIAS!r} means, cannot be asked: {reason}"


async def test_an_alias_is_not_moved_to_a_model_that_is_unusable_neither_forth_nor_back(
    api: Api, furnished: dict[str, Any]
) -> None:
    await trained(api, furnished, name="Own")
    contest_id, keys = await contest_of(api, {"provider": "builtin"}, {"model": "Own"})
    await promote(api, contest_id, keys["Own"], reason="try it")
    await promote(api, contest_id, keys["builtin"], reason="try it")
    next(api.settings.tuned.rglob(MAP)).unlink()
    reason = await unusable(api)
    body = {"contest_id": contest_id, "key": keys["Own"], "reason": "back to it"}
    for path, sent in (("promote", body), ("rollback", {})):
        problem = refused(await api.client.post(f"/aliases/{ALIAS}/{path}", json=sent), 409, "conflict")
        assert problem["detail"] == f"the model 'Own' cannot be asked: {reason}"
    assert (await api.get(f"/aliases/{ALIAS}"))["current"]["contestant"]["name"] == "builtin"
