"""What a person may ask for: all that is kept of them, and to be forgotten, without a trace."""

import logging
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa

from backend.db.comparing import AuditEvent
from backend.db.leads import Consent, Lead
from backend.db.models import Base, Conversation, Message
from backend.tracing import track
from backend.tracing.config import OtlpTarget, TracingConfig
from contracts.access import Role
from tests.api.conftest import Keys
from tests.api.test_leads import KIM, captured, edited
from tests.api.test_smart_chat import CONSENT, aged, made, rows, said
from tests.support import Api, refused
from tests.tracing.collector import collecting

ZOHAR = "Hi, I'm Zohar Quinby from Oxbow Kilns Ltd, zohar@oxbow.io, +49 30 901820. What does the small plan cost?"
LATER = "Zohar Quinby again, zohar@oxbow.io. Write to me about zinnias. Which plan has single sign-on?"
WORDS = ("zohar", "quinby", "oxbow", "901820", "zinnias")


async def stored(api: Api) -> dict[str, str]:
    """All rows of every table of ours, as text."""
    async with api.scope.database.read() as session:
        return {
            table.name: str((await session.execute(sa.select(table))).all()).casefold()
            for table in Base.metadata.sorted_tables
        }


def on_disk(api: Api) -> bytes:
    """Every file of the data directory, but for the secrets."""
    files = [path for path in api.settings.data_dir.rglob("*") if path.is_file()]
    return b"".join(path.read_bytes() for path in files).lower()


async def two_talks(api: Api) -> tuple[str, list[str]]:
    """A lead with a part, corrected, with notes, and their conversations; and somebody else's."""
    agent = await made(api)
    first, later = await said(api, agent, ZOHAR), await said(api, agent, LATER)
    await said(api, agent, "Our budget is 20k EUR.", conversation_id=first["conversation_id"])
    await said(api, agent, "Actually it's 30k.", conversation_id=first["conversation_id"])
    lead_id = str(first["lead"]["id"])
    await edited(api, lead_id, notes="Zohar likes zinnias")
    await api.post(f"/leads/{lead_id}/merge", {"lead_ids": [later["lead"]["id"]]})
    await captured(api, agent, KIM)
    return lead_id, [first["conversation_id"], later["conversation_id"]]


@pytest.mark.fault("E19")
async def test_of_a_person_who_is_erased_nothing_is_left_in_any_table(api: Api) -> None:
    lead_id, [first, _] = await two_talks(api)
    agent_id = (await api.get(f"/leads/{lead_id}"))["agent_id"]
    asked = {"agent_id": agent_id, "message": "I am Zohar. Are there zinnias?", "conversation_id": first}
    answer = await api.client.post("/chat", json=asked, headers={"Idempotency-Key": "once"})
    assert answer.status_code == 200, answer.text
    assert first in (await stored(api))["idempotency"]
    assert "zohar" in (await stored(api))["message"]

    answer = await api.client.delete(f"/leads/{lead_id}")

    assert (answer.status_code, answer.json()) == (200, {"leads": 2, "conversations": 2})
    for table, text in (await stored(api)).items():
        assert first not in text, table
        assert [word for word in WORDS if word in text] == [], table
    assert (len(await rows(api, Lead)), len(await rows(api, Conversation)), len(await rows(api, Message))) == (1, 1, 2)
    refused(await api.client.get(f"/leads/{lead_id}"), 404, "not_found")


@pytest.mark.fault("E19")
async def test_of_a_person_who_is_erased_nothing_is_left_in_the_files(api: Api) -> None:
    if not api.scope.database.is_sqlite:
        pytest.skip("a server keeps its files itself")
    lead_id, _ = await two_talks(api)
    sealed = [row.sealed.encode().lower() for row in await rows(api, Lead) if str(row.id) == lead_id]
    before = on_disk(api)
    assert all(word.encode() in before for word in WORDS)
    assert sealed[0] in before

    await api.client.delete(f"/leads/{lead_id}")

    after = on_disk(api)
    assert [word for word in WORDS if word.encode() in after] == []
    assert sealed[0] not in after
    assert b"kim@rivet.io" in after


@pytest.mark.fault("E19")
async def test_of_a_lead_whose_time_is_over_nothing_is_left_in_the_files(api: Api) -> None:
    if not api.scope.database.is_sqlite:
        pytest.skip("a server keeps its files itself")
    await said(api, await made(api, retention_days=30), ZOHAR)
    await aged(api, Lead, timedelta(days=31))
    assert await api.scope.services.upkeep.remove_expired() == 1
    assert [word for word in WORDS if word.encode() in on_disk(api)] == []


async def test_neither_logs_nor_traces_tell_anything_of_a_person(api: Api, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, logger="nexus")
    with collecting() as collector:
        track.configure(TracingConfig(targets=(OtlpTarget(f"{collector.url}/v1/traces"),), delay=3600))
        lead_id, _ = await two_talks(api)
        await api.get("/leads", q="Zohar Quinby")
        await api.get(f"/leads/{lead_id}/export")
        await api.client.get("/leads/export", params={"q": "zinnias"})
        await api.client.delete(f"/leads/{lead_id}")
        track.flush()
        track.shutdown()
    assert {"leads.merge", "persons.erase"} <= set(collector.spans)
    told = collector.everything.decode("latin-1").casefold() + caplog.text.casefold()
    assert [word for word in WORDS if word in told] == []


async def test_who_erased_a_person_is_kept_and_nothing_of_the_person(keys: Keys) -> None:
    admin, sales = await keys.sign_in(), await keys.sign_in(role=Role.SALES)
    lead_id, _ = await two_talks(admin)
    await sales.client.delete(f"/leads/{lead_id}")
    [event] = (await admin.get("/audit"))["items"]
    assert (event["actor"], event["action"], event["subject"]) == ("default sales", "lead.erased", lead_id)
    assert event["details"] == {"leads": "2", "conversations": "2"}
    assert len(await rows(admin, AuditEvent)) == 1


async def test_consents_go_with_the_person(api: Api) -> None:
    agent = await made(api, consent_text=CONSENT)
    first = await said(api, agent, ZOHAR)
    given = await api.post(f"/conversations/{first['conversation_id']}/consent", {"given": True})
    await api.client.delete(f"/leads/{given['lead']['id']}")
    assert (await rows(api, Consent), await rows(api, Conversation)) == ([], [])


async def test_a_visitor_who_goes_on_after_the_erasure_begins_anew(api: Api) -> None:
    agent = await made(api)
    first = await said(api, agent, ZOHAR)
    await api.client.delete(f"/leads/{first['lead']['id']}")
    asked: dict[str, Any] = {"agent_id": agent["id"], "message": "Hi", "conversation_id": first["conversation_id"]}
    refused(await api.client.post("/smart_chat/chat", json=asked), 404, "not_found")


async def test_a_lead_whose_key_is_lost_can_still_be_erased(api: Api) -> None:
    lead_id, _ = await two_talks(api)
    async with api.scope.database.write() as session:
        await session.execute(sa.update(Lead).values(sealed="damaged"))
    assert (await api.client.get(f"/leads/{lead_id}")).status_code == 500
    assert (await api.client.delete(f"/leads/{lead_id}")).json() == {"leads": 2, "conversations": 2}


async def test_all_that_is_kept_of_a_person_is_given_out(api: Api) -> None:
    agent = await made(api, consent_text=CONSENT)
    first = await said(api, agent, ZOHAR, user_id="visitor-7")
    path = f"/conversations/{first['conversation_id']}/consent"
    lead_id = (await api.post(path, {"given": True}))["lead"]["id"]
    other = await said(api, await made(api, "Second"), LATER)
    await edited(api, lead_id, notes="Zohar likes zinnias")
    await api.post(f"/leads/{lead_id}/merge", {"lead_ids": [other["lead"]["id"]]})

    kept = await api.get(f"/leads/{lead_id}/export")

    assert kept["lead"] == await api.get(f"/leads/{lead_id}")
    assert kept["lead"]["notes"] == "Zohar likes zinnias"
    assert [(one["state"], one["text"], one["version"]) for one in kept["consents"]] == [
        ("given", CONSENT, 1),
        ("not_required", None, None),
    ]
    talks = kept["conversations"]
    assert [(one["id"], one["user_id"]) for one in talks] == [
        (first["conversation_id"], "visitor-7"),
        (other["conversation_id"], None),
    ]
    assert [talk["turns"][0]["content"] for talk in talks] == [ZOHAR, LATER]
    assert all(len(talk["turns"]) == 2 and talk["turns"][1]["answer"] for talk in talks)


async def test_the_person_of_a_part_is_that_of_the_whole(api: Api) -> None:
    lead_id, _ = await two_talks(api)
    [part] = (await api.get(f"/leads/{lead_id}"))["merged"]
    for answer in (await api.client.get(f"/leads/{part}/export"), await api.client.delete(f"/leads/{part}")):
        assert lead_id in refused(answer, 409, "part_of_another")["detail"]
