"""Questions, answers and names that would act, everywhere the Compare, Fine-tune and Smart agents pages draw them."""

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Final

import pytest
import sqlalchemy as sa
from streamlit.testing.v1 import AppTest

from backend.db.comparing import ComparisonBatch
from backend.db.finetuning import Dataset, Training, TunedModel
from backend.db.models import Agent
from contracts.agents import AgentNew
from contracts.batches import NewBatch
from contracts.comparisons import Promotion, Target
from contracts.datasets import NewDataset
from contracts.faqs import NewFaq
from contracts.finetuning import NewTraining
from contracts.lead_fields import LeadFields, OwnField
from contracts.personas import Persona
from tests.frontend.comparing import COMPARE, compare, default, of_model, set_up
from tests.frontend.conftest import Pages
from tests.frontend.looking import address, press
from tests.frontend.test_smart_agents import SMART
from tests.frontend.tuning import TUNE
from tests.mock_openai import MockServer

ACTS: Final = ":material/home: :smile: :red[x] <b>y</b> $z$ [x](https://evil.example)"
TURNS: Final = "\u202e"
HOSTILE: Final = f"Evil {TURNS}nekot {ACTS}"
NAME: Final = f"Evil {ACTS}"
"""No name may turn the text."""
TYPED: Final = frozenset({"text_input", "text_area"})
"""What is typed into a field is shown as it was typed."""
NO_MARKDOWN: Final = TYPED | {"selectbox", "multiselect", "vega_lite_chart", "dataframe"}
ACTING: Final = re.compile(r":material/home:|:smile:|(?<!\\):red\[|(?<!\\)<b>|(?<!\\)\$z|(?<!\\)\]\(https")


def drawn(page: AppTest) -> Iterator[tuple[str, bytes]]:
    """Each element's type and what is sent to the browser of it, dialogs included."""
    assert not page.exception, page.exception
    for node in page._tree:
        proto = getattr(node, "proto", None)
        if proto is not None and hasattr(proto, "SerializeToString"):
            yield node.type, proto.SerializeToString()


def check(page: AppTest) -> None:
    seen = False
    for kind, sent in drawn(page):
        text = re.sub("`` .*? ``", "", sent.decode(errors="replace").replace("\\:", ":"))
        seen = seen or "evil.example" in text
        if kind not in TYPED:
            assert TURNS not in text, (kind, text)
        if kind not in NO_MARKDOWN:
            assert not ACTING.search(text), (kind, text)
    assert seen, "the page draws none of it"


@pytest.fixture
def hostile(approved: Pages, mock: MockServer) -> Pages:
    """Everything that has a name, an author or a text has such a one."""
    set_up(approved.api, mock)
    api = approved.api
    api.create_faq(NewFaq(question=f"{HOSTILE}?", answer=f"{HOSTILE}."))
    approved.drain()
    other = api.create_agent(AgentNew(name="Evil"))
    made = api.create_dataset(NewDataset(name="Evil"))
    approved.drain()
    api.train(NewTraining(dataset_id=made.dataset.id, name="Evil tuned"))
    approved.drain()
    [tuned] = api.tuned_models().items
    lanes = [Target(agent_id=other.id), of_model("ok")]
    api.start_batch(NewBatch(dataset_id=made.dataset.id, lanes=lanes, limit=2))
    approved.drain()
    for table in (Agent, Dataset, Training, TunedModel):
        named = table.name != "default" if table is Agent else sa.true()
        approved.execute(sa.update(table).where(named).values(name=NAME))
    approved.execute(sa.update(Dataset).values(author=HOSTILE))
    approved.execute(sa.update(ComparisonBatch).values(dataset_name=NAME, author=HOSTILE))
    told = compare(api, [*lanes, Target(model=tuned.name)][:2], question=HOSTILE, blind=False)
    compare(api, [default(api), Target(agent_id=other.id)], question=HOSTILE)
    contest = api.contest(told.contest_id)
    move = Promotion(contest_id=contest.id, key=contest.contestants[0].key, reason=HOSTILE)
    api.promote("support-default", move)
    return approved


def test_no_text_acts_on_the_compare_page(hostile: Pages) -> None:
    api = hostile.api
    contests, batches = api.contests().items, api.batches().items
    views: Sequence[dict[str, str]] = [
        {"view": "ask"},
        *({"comparison": str(one.id)} for one in api.comparisons().items if one.batch_id is None),
        {"view": "votes"},
        *({"contest": str(one.id)} for one in contests),
        {"view": "batches"},
        *({"batch": str(one.id)} for one in batches),
        {"view": "promoted"},
    ]
    for query in views:
        check(hostile.open(COMPARE, **query))
    check(press(hostile.open(COMPARE, contest=str(contests[0].id)), "delete_contest"))


def test_no_text_acts_on_the_fine_tune_page(hostile: Pages) -> None:
    api = hostile.api
    dataset, model = api.datasets().items[0], api.tuned_models().items[0]
    views: Sequence[dict[str, str]] = [
        {"view": "datasets"},
        {"dataset": str(dataset.id)},
        {"view": "train"},
        {"training": str(model.training_id)},
        {"view": "models"},
        {"model": str(model.id)},
    ]
    for query in views:
        check(hostile.open(TUNE, **query))
    check(press(hostile.open(TUNE), "new_dataset"))
    check(press(hostile.open(TUNE, model=str(model.id)), "delete_model"))


def test_no_text_acts_on_the_smart_agents_page(approved: Pages) -> None:
    api = approved.api
    own = OwnField(name="size", question=f"Size {ACTS}?", kind="choice", choices=[f"Large {ACTS}"])
    new = AgentNew(
        name="Evil",
        persona=Persona(role=NAME, tone=NAME, greeting=HOSTILE, handover=HOSTILE, do=[NAME]),
        lead_fields=LeadFields(standard=["name", "company", "need"], own=[own]),
        consent_text=HOSTILE,
    )
    agent = api.create_agent(new)
    approved.execute(sa.update(Agent).where(Agent.id == agent.id).values(name=NAME))
    check(approved.open(SMART))
    check(press(approved.open(SMART), f"delete_agent_{agent.id}"))
    check(press(approved.open(SMART), f"duplicate_{agent.id}"))
    check(approved.open(SMART, view="configure", agent=str(agent.id)))
    page = approved.open(SMART, view="chat", agent=str(agent.id))
    check(page)
    page = page.chat_input[0].set_value(f"I'm Dana Levi from Acme {ACTS}. We need help with {HOSTILE}").run()
    check(page)
    check(press(page, "consent_yes"))
    approved.execute(sa.update(Agent).where(Agent.id == agent.id).values(archived_at=datetime.now(UTC)))
    check(approved.open(SMART, view="chat", agent=str(agent.id), conversation=address(page, "conversation")))
