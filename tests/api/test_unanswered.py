"""The questions that had no answer, and what was written for them since."""

from contracts.access import Role
from tests.api.conftest import Keys
from tests.support import Api, refused


async def test_questions_without_an_answer_are_listed_newest_first(api: Api) -> None:
    await api.add_faq("Where is the silver key?", "The silver key is under the stone.")
    await api.drain()
    first = await api.asked("What is the capital of Peru?")
    await api.asked("Where is the silver key?")
    second = await api.asked("Who won the regatta?", conversation_id=first["conversation_id"])

    listed = await api.get("/conversations/unanswered")

    assert [(one["question"], one["message_id"], one["conversation_id"]) for one in listed["items"]] == [
        ("Who won the regatta?", second["message_id"], first["conversation_id"]),
        ("What is the capital of Peru?", first["message_id"], first["conversation_id"]),
    ]
    assert [one["faq_id"] for one in listed["items"]] == [None, None]
    page = await api.get("/conversations/unanswered", limit=1)
    rest = await api.get("/conversations/unanswered", limit=1, cursor=page["next_cursor"])
    assert rest["items"] == listed["items"][1:]
    assert rest["next_cursor"] is None
    refused(await api.client.get("/conversations/unanswered", params={"cursor": "x"}), 422, "invalid_request")


async def test_a_question_that_was_answered_by_hand_since_names_that_faq(api: Api) -> None:
    await api.asked("What is the capital of Peru?")
    await api.asked("Und wo ist Übersee?")
    written = await api.add_faq("what is the capital of peru?", "Lima.")
    other = await api.add_faq("Und wo ist Übersee?", "Hinter dem Meer.")
    assert [one["faq_id"] for one in (await api.get("/conversations/unanswered"))["items"]] == [
        other["id"],
        written["id"],
    ]
    await api.post("/faqs/reject", {"ids": [written["id"], other["id"]]})
    assert [one["faq_id"] for one in (await api.get("/conversations/unanswered"))["items"]] == [None, None]


async def test_a_follow_up_is_listed_as_it_stands_alone(api: Api) -> None:
    first = await api.asked("What is the capital of Peru?")
    await api.asked("and Chile?", conversation_id=first["conversation_id"])
    listed = (await api.get("/conversations/unanswered"))["items"]
    assert [one["question"] for one in listed] == ["What is the capital of Chile?", "What is the capital of Peru?"]


async def test_who_writes_the_answers_sees_everybodys_questions_but_not_their_conversations(keys: Keys) -> None:
    admin, asking, other, sales = [
        await keys.sign_in(role=role) for role in (Role.ADMIN, Role.ANALYST, Role.ML_ENGINEER, Role.SALES)
    ]
    asked = await asking.asked("What is the capital of Peru?")
    listed = [(await api.get("/conversations/unanswered"))["items"] for api in (admin, asking, other)]
    assert [[one["question"] for one in items] for items in listed] == [["What is the capital of Peru?"]] * 3
    assert [items[0]["conversation_id"] for items in listed] == [asked["conversation_id"]] * 2 + [None]
    refused(await sales.client.get("/conversations/unanswered"), 403, "forbidden")


async def test_small_talk_is_no_question_without_an_answer_and_does_not_come_between_two_questions(api: Api) -> None:
    await api.add_faq("What does the Enterprise plan cost?", "The Enterprise plan costs 90 euros.")
    await api.add_faq("What does the Starter plan cost?", "The Starter plan costs 9 euros.")
    await api.drain()
    asked = await api.asked("What does the Starter plan cost?")
    for said in ("thanks", "ok", "who are you?", "no"):
        answer = await api.asked(said, conversation_id=asked["conversation_id"])
        assert answer["confidence"] is None
    follow_up = await api.asked("And for Enterprise?", conversation_id=asked["conversation_id"])
    assert follow_up["question"] == "What does the Enterprise plan cost?"
    assert (await api.get("/conversations/unanswered"))["items"] == []


async def test_a_question_that_names_nothing_after_a_greeting_is_asked_back(api: Api) -> None:
    greeted = await api.asked("hello")
    assert (await api.asked("How long is that valid?", conversation_id=greeted["conversation_id"]))["asks_back"]
