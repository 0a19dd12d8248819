"""Names that a reader takes for one stand beside each other nowhere."""

from typing import Any

import pytest

from tests.api.test_aliases import contest_of, promote
from tests.api.test_compare import Json, known, of_model
from tests.api.test_finetune import furnished, train, trained
from tests.support import Api, refused

__all__ = ["furnished", "known"]

TWINS = ["SUPPORT", "Sup\u200bport", "Support\u2060", "\uff33upport", "Sup\u00adport\u200d"]


async def agent(api: Api, name: str, *, status: int = 201) -> Json:
    made: Json = await api.post("/agents", {"name": name}, status=status)
    return made


def collides(problem: Json, kind: str, with_name: str) -> None:
    assert f"there is {kind} {with_name!r} already" in problem["detail"]


@pytest.mark.parametrize("name", TWINS)
async def test_an_agent_is_not_named_like_another_one(api: Api, name: str) -> None:
    await agent(api, "Support")
    problem = refused(await api.client.post("/agents", json={"name": name}), 409, "conflict")
    collides(problem, "an agent", "Support")
    assert "only in case or in signs that nobody sees" in problem["detail"]


async def test_an_agent_may_change_how_its_own_name_is_written(api: Api) -> None:
    made, other = await agent(api, "Support"), await agent(api, "Sales")
    assert (await api.client.patch(f"/agents/{made['id']}", json={"name": "SUPPORT"})).json()["name"] == "SUPPORT"
    edited = await api.client.patch(f"/agents/{other['id']}", json={"name": "support"})
    collides(refused(edited, 409, "conflict"), "an agent", "SUPPORT")


async def test_names_that_only_share_letters_stand_beside_each_other(api: Api) -> None:
    for name in ("Support", "Support 2", "Súpport", "Support-2", "Suport"):
        await agent(api, name)


async def test_models_agents_and_aliases_share_their_names(known: Api, furnished: dict[str, Any]) -> None:
    await trained(known, furnished, name="Tuned")
    problem = refused(await known.client.post("/agents", json={"name": "tuned"}), 409, "conflict")
    collides(problem, "a model", "Tuned")
    contest_id, keys = await contest_of(known, of_model("ok"), of_model("unsure"))
    body = {"contest_id": contest_id, "key": keys["ok"], "reason": "a trial"}
    collides(refused(await known.client.post("/aliases/tuned/promote", json=body), 409, "conflict"), "a model", "Tuned")
    await promote(known, contest_id, keys["ok"], name="best", reason="a trial")
    await promote(known, contest_id, keys["unsure"], name="best", reason="a trial")
    problem = refused(await known.client.post("/agents", json={"name": "Best"}), 409, "conflict")
    collides(problem, "an alias", "best")
    new = {"dataset_id": furnished["id"], "name": "B\u200best"}
    collides(refused(await known.client.post("/finetune", json=new), 409, "conflict"), "an alias", "best")


async def test_a_name_is_taken_while_its_model_is_trained(api: Api, furnished: dict[str, Any]) -> None:
    body = {"dataset_id": furnished["id"], "name": "Tuned"}
    await api.post("/finetune", body, status=202)
    again = await api.client.post("/finetune", json={**body, "name": "tuned"})
    collides(refused(again, 409, "conflict"), "a model", "Tuned")
    await api.drain()


async def test_a_model_that_nobody_named_gets_a_name_of_its_own(api: Api, furnished: dict[str, Any]) -> None:
    await agent(api, "SUPPORT v1 tuned retrieval")
    assert (await train(api, furnished))["name"] == "Support v1 tuned retrieval (2)"


@pytest.mark.usefixtures("furnished")
@pytest.mark.parametrize("name", TWINS)
async def test_a_dataset_gets_another_version_by_its_very_name_alone(api: Api, name: str) -> None:
    made = await api.client.post("/datasets", json={"name": name})
    collides(refused(made, 409, "conflict"), "a dataset", "Support")
    file = ("a.csv", b"question,answer\na,b\n", "text/csv")
    imported = await api.client.post("/datasets/import", params={"name": name}, files={"files": file})
    collides(refused(imported, 409, "conflict"), "a dataset", "Support")
    again = await api.post("/datasets", {"name": "Support"}, status=202)
    assert again["dataset"]["version"] == 2
    await api.drain()


async def test_collections_and_aliases_are_named_in_lower_case_without_signs(api: Api) -> None:
    """So that no two of them read alike."""
    for name in ("Default", "def\u200bault"):
        refused(await api.client.post("/collections", json={"name": name}), 422, "invalid_request")
        body = {"contest_id": "00000000-0000-0000-0000-000000000000", "key": "k"}
        refused(await api.client.post(f"/aliases/{name}/promote", json=body), 422, "invalid_request")
