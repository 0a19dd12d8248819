"""What is measured of one answer, where the values are counted by hand."""

from typing import Any
from uuid import UUID, uuid4

import numpy as np
import pytest

from backend.repositories.uow import UnitOfWork
from backend.services.batch_questions import BatchQuestion
from backend.services.lanes import LaneResult
from backend.services.measuring import Measuring, Values, said_by
from contracts.chat import Answered, Citation, CitationCheck, TokenUsage
from contracts.comparisons import Contestant, Target
from tests.support import Api

FAQ = "The silver key is under the stone. It opens the garden gate."


class Letters:
    """Embeds a text as how often it has each letter."""

    spec = None

    async def embed(self, texts: Any, *, kind: str) -> Any:
        assert kind == "document"
        return np.array(
            [[text.lower().count(letter) for letter in "abcdefghijklmnopqrstuvwxyz"] for text in texts], "f4"
        )


def contestant(*, documents: bool = True) -> Contestant:
    target = Target(provider="builtin", documents=documents)
    return Contestant(key="k", kind="model", name="K", about="", target=target, provider="builtin", model="")


def source(n: int, faq_id: UUID | None, quote: str = FAQ) -> Citation:
    return Citation(
        n=n,
        document_id=None,
        faq_id=faq_id,
        document_name=None,
        title="Where is the key?",
        section=None,
        page=None,
        quote=quote,
        score=0.9,
    )


def answer(text: str, *sources: Citation, **more: Any) -> Answered:
    told: dict[str, Any] = {
        "response": text,
        "answered": True,
        "citations": list(sources),
        "retrieved": list(sources),
        "model": "m",
        "provider": "openai",
        "fallback_used": False,
        "usage": TokenUsage(),
        "latency_ms": 1.0,
    }
    return Answered.model_validate({**told, **more})


@pytest.fixture
async def faq_id(api: Api) -> UUID:
    return UUID((await api.add_faq("Where is the key?", FAQ))["id"])


async def values(
    api: Api, faq_id: UUID | None, given: Answered | None, *, documents: bool = True, expected: str | None = FAQ
) -> Values:
    workspace = UUID((await api.get("/me"))["workspace_id"])
    question = BatchQuestion(0, uuid4(), "Where?", faq_id is not None, expected, None, faq_id)
    result = LaneResult(contestant(documents=documents), given.response if given else "", 12.0, given)
    measuring = Measuring(UnitOfWork(api.scope.database), Letters())  # type: ignore[arg-type]  # of an embedder its call
    [found] = await measuring.measure(workspace, [(question, result)])
    return found.values


async def test_the_place_of_the_faq_among_what_was_found_counts(api: Api, faq_id: UUID) -> None:
    others = [source(n, uuid4()) for n in range(1, 6)]
    third = await values(api, faq_id, answer("Yes.", *others[:2], source(3, faq_id)))
    assert third["hit_at_k"] == 1.0
    assert third["mrr"] == pytest.approx(1 / 3)
    sixth = await values(api, faq_id, answer("Yes.", *others, source(6, faq_id)))
    assert sixth["hit_at_k"] == 0.0
    assert sixth["mrr"] == pytest.approx(1 / 6)
    gone = await values(api, uuid4(), answer("Yes.", *others))
    assert gone["hit_at_k"] is gone["mrr"] is None
    alone = await values(api, faq_id, answer("Yes."), documents=False)
    assert alone["hit_at_k"] is alone["support"] is None


async def test_a_faq_of_the_same_group_says_the_same(api: Api, faq_id: UUID) -> None:
    twin = UUID((await api.add_faq("Where do I find the key?", FAQ))["id"])
    before = await values(api, faq_id, answer("Yes.", source(1, twin)))
    async with api.scope.services.faqs._uow(UUID((await api.get("/me"))["workspace_id"])) as tx:
        group = uuid4()
        await tx.faqs.set_groups({faq_id: group, twin: group})
    after = await values(api, faq_id, answer("Yes.", source(1, twin)))
    assert (before["hit_at_k"], after["hit_at_k"]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("Look under the stone [1]. It may rain.", 0.5),
        ("The silver key is under the stone. It opens the garden gate. [1]", 1.0),
        ("The silver key is under the stone. It may rain. [1]", 1.0),
        ("The silver key is under the stone. It may rain.", 0.5),
        ("It may rain.", 0.0),
    ],
)
async def test_a_sentence_is_supported_by_its_mark_or_word_for_word(
    api: Api, faq_id: UUID, text: str, share: float
) -> None:
    assert (await values(api, faq_id, answer(text, source(1, faq_id, quote="cut off…"))))["support"] == share


async def test_a_mark_that_was_found_for_the_whole_answer_supports_all_of_it(api: Api, faq_id: UUID) -> None:
    text = "Look under the stone. It fits the gate."
    check = CitationCheck(n=1, sentence=text, score=0.8, supported=True)
    given = answer(f"{text} [1]", source(1, faq_id), checks=[check])
    assert (await values(api, faq_id, given))["support"] == 1.0


async def test_what_the_built_in_provider_lists_below_is_no_part_of_its_answer(api: Api, faq_id: UUID) -> None:
    text = f"{FAQ} [1]\n\nRelated: [2] Where is the gate?"
    given = answer(text, source(1, faq_id), source(2, uuid4(), "Nothing."), provider="builtin")
    assert said_by(given) == FAQ
    found = await values(api, faq_id, given)
    assert found["support"] == 1.0
    assert found["similarity"] == pytest.approx(1.0)


async def test_a_refusal_has_no_similarity_and_no_support_and_is_right_off_topic(api: Api, faq_id: UUID) -> None:
    given = answer("I could not find this in the documents.", answered=False)
    found = await values(api, faq_id, given)
    assert (found["similarity"], found["support"], found["refusal"]) == (None, None, 0.0)
    assert (await values(api, None, given, expected=None))["refusal"] == 1.0


async def test_a_lane_with_an_error_has_no_values(api: Api, faq_id: UUID) -> None:
    assert await values(api, faq_id, None) == {}


@pytest.mark.parametrize(
    ("provider", "usage", "cost"),
    [
        ("openai", TokenUsage(input_tokens=5, output_tokens=5, cost_usd=None), None),
        ("openai", TokenUsage(input_tokens=5, output_tokens=5, cost_usd="0.25"), 0.25),
        ("openai", TokenUsage(), 0.0),
        ("local", TokenUsage(input_tokens=5, output_tokens=5), 0.0),
        ("builtin", TokenUsage(), 0.0),
    ],
)
async def test_a_cost_is_zero_only_where_it_is_known_to_be(
    api: Api, faq_id: UUID, provider: str, usage: TokenUsage, cost: float | None
) -> None:
    given = answer("Yes.", source(1, faq_id), provider=provider, usage=usage)
    found = await values(api, faq_id, given)
    assert (found["cost"], found["latency"]) == (cost, 12.0)
