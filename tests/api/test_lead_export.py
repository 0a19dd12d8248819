"""Leads as a file: every field in a column of its own, and nothing that a spreadsheet runs."""

import csv
import io
import json
from typing import Any

import pytest

from backend.services import lead_export as service
from tests.api.test_leads import KIM, captured, edited
from tests.api.test_smart_chat import HELLO, made
from tests.support import Api, refused

OWN = [
    {"name": "colour", "kind": "choice", "question": "Which colour?", "choices": ["Red", "Green"]},
    {"name": "seats", "kind": "number", "question": "How many seats?"},
]
FIELDS = {"own": OWN}
RICH = (
    "I am Kim Ode from Blue Rivet Ltd, kim@rivet.io, +49 30 901820. Our budget is 40k to 60k EUR per year. We are a "
    "team of 12 people. We start on 2027-03-01. I would like the colour red."
)


async def exported(api: Api, **query: str | float) -> list[dict[str, str]]:
    answer = await api.client.get("/leads/export", params=query)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.headers["content-disposition"] == 'attachment; filename="leads.csv"'
    return list(csv.DictReader(io.StringIO(answer.text)))


@pytest.fixture
async def agent(api: Api) -> dict[str, Any]:
    return await made(api, lead_fields=FIELDS)


async def test_amounts_days_and_sizes_have_columns_of_their_own(api: Api, agent: dict[str, Any]) -> None:
    lead_id = await captured(api, agent, RICH)
    await edited(api, lead_id, stage="qualified", owner="Noa", notes="Call, then write")
    lead = await api.get(f"/leads/{lead_id}")
    [row] = await exported(api)
    told = {"id": lead_id, "agent": "Sales", "stage": "qualified", "owner": "Noa", "score": str(lead["score"])}
    told |= {"consent": "not_required", "notes": "Call, then write", "other": ""}
    told |= {"name": "Kim Ode", "company": "Blue Rivet Ltd", "email": "kim@rivet.io", "phone": "'+4930901820"}
    told |= {"budget": "", "budget_low": "40000", "budget_high": "60000"}
    told |= {"budget_currency": "EUR", "budget_period": "year", "team_size": "12", "team_size_low": ""}
    told |= {"timeline_from": "2027-03-01", "timeline_to": "2027-03-01", "own_colour": "Red", "own_seats": ""}
    assert {name: row[name] for name in told} == told
    assert row["created_at"].startswith(lead["created_at"][:19])


@pytest.mark.parametrize("sign", ["=", "+", "-", "@"])
async def test_no_cell_is_run_by_a_spreadsheet(api: Api, agent: dict[str, Any], sign: str) -> None:
    formula = f"{sign}HYPERLINK(1)"
    lead_id = await captured(api, agent, HELLO)
    await edited(api, lead_id, owner=formula, notes=formula)
    [row] = await exported(api)
    assert (row["owner"], row["notes"]) == (f"'{formula}", f"'{formula}")
    text = (await api.client.get("/leads/export")).text
    assert not any(
        cell.startswith(("=", "+", "-", "@", "\t", "\r")) for line in csv.reader(io.StringIO(text)) for cell in line
    )


async def test_a_file_has_the_leads_of_the_list_in_its_order_over_many_pages(
    api: Api, agent: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service, "READ", 1)
    dana, kim, part = [await captured(api, agent, one) for one in (HELLO, KIM, "Call me Dana.")]
    await api.post(f"/leads/{dana}/merge", {"lead_ids": [part]})
    await edited(api, dana, stage="won")
    assert [row["id"] for row in await exported(api)] == [kim, dana]
    assert [row["id"] for row in await exported(api, sort="updated")] == [dana, kim]
    assert [row["id"] for row in await exported(api, stage="won")] == [dana]
    assert [row["id"] for row in await exported(api, q="rivet")] == [kim]
    assert await exported(api, q="zebra") == []
    refused(await api.client.get("/leads/export", params={"format": "xlsx"}), 422, "invalid_request")


async def test_fields_that_no_agent_has_any_more_are_kept_together(api: Api, agent: dict[str, Any]) -> None:
    await captured(api, agent, HELLO + " I would like the colour red.")
    await api.client.delete(f"/agents/{agent['id']}")
    [row] = await exported(api)
    assert "own_colour" not in row
    assert json.loads(row["other"]) == {"colour": "Red"}
    assert row["agent"] == agent["id"]
