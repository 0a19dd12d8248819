"""Text that means something to a database, a template or a terminal is text."""

import json
from typing import Any

import pytest

from tests.support import Api, client_of, events_of, refused

STRINGS = {
    "SQL": "'; DROP TABLE faq; --",
    "SQL or": '" OR "1"="1',
    "LIKE": "100%_\\",
    "FTS": 'NEAR("a" b) AND * NOT -x"',
    "Jinja": "{{ 7*7 }}{% for x in ().__class__.__bases__ %}",
    "f-string": "{self.__init__.__globals__} %s %(x)s ${HOME} $(id) `id`",
    "HTML": '<script>alert(1)</script><img src=x onerror="alert(1)">',
    "ANSI": "\x1b[31mred\x1b[0m\r\nX-Injected: 1",
    "JSON": '{"role": "admin"}',
    "RTL": "\u202etxet desrever\u202c",
    "emoji": "👩‍👩‍👧‍👦 e\u0301",
    "not a character": "\uffff\ufdd0",
}
UNSTORABLE = {"NUL": "a\x00b", "lone surrogate": "a\ud800b"}
every = pytest.mark.parametrize("text", STRINGS.values(), ids=STRINGS.keys())
unstorable = pytest.mark.parametrize("text", UNSTORABLE.values(), ids=UNSTORABLE.keys())

pytestmark = pytest.mark.fault("E20")


async def send(api: Api, method: str, path: str, body: object) -> Any:
    """JSON with every character escaped, so that what is no text can be sent too."""
    headers = {"Content-Type": "application/json"}
    return await api.client.request(method, path, content=json.dumps(body).encode(), headers=headers)


@every
async def test_text_in_a_faq_is_kept_found_and_shown_as_it_was_written(api: Api, text: str) -> None:
    await api.add_faq("Something else?", "An answer.")
    made = await api.add_faq(f"What is {text} here?", f"It is {text} there.", tags=[f"t{text}"[:60]], external_id=text)

    shown = await api.get(f"/faqs/{made['id']}")
    assert (shown["question"], shown["answer"]) == (f"What is {text} here?", f"It is {text} there.")
    assert shown["external_id"] == text
    for query in ({"q": text}, {"q": f"IS {text}".lower()}, {"tag": f"t{text}"[:60]}):
        assert [faq["id"] for faq in await api.faqs(**query)] == [made["id"]], query


@every
async def test_text_in_a_question_is_answered_and_kept_as_it_was_written(api: Api, text: str) -> None:
    await api.add_faq(f"What is {text} here?", f"It is {text} there.")
    await api.drain()

    answer = await api.asked(f"What is {text} here?")

    kept = await api.get(f"/conversations/{answer['conversation_id']}")
    assert kept["turns"][0]["content"] == f"What is {text} here?"
    assert answer["retrieved"][0]["quote"] == f"It is {text} there."


@every
async def test_text_in_a_path_or_a_filter_does_no_harm(api: Api, text: str) -> None:
    faq = await api.add_faq("Something else?", "An answer.")
    for path in ("/faqs/{}", "/documents/{}", "/providers/{}", "/jobs/{}/events", "/conversations/{}"):
        request = api.client.build_request("GET", "/")
        request.url = request.url.copy_with(raw_path=path.format(_quoted(text)).encode())
        answer = await api.client.send(request)
        assert answer.status_code in (404, 405, 422), path
        assert answer.headers["content-type"] == "application/problem+json"
    for query in ({"status": text}, {"kind": text}, {"sort": text}, {"document_id": text}, {"cursor": text}):
        refused(await api.client.get("/faqs", params=query), 422, "invalid_request")
    assert [item["id"] for item in await api.faqs()] == [faq["id"]]


def _quoted(text: str) -> str:
    return "".join(f"%{byte:02X}" for byte in text.encode())


@every
async def test_text_in_names_and_settings_is_refused_or_kept_as_it_is(api: Api, text: str) -> None:
    key = await send(api, "POST", "/keys", {"name": text, "role": "sales"})
    if set(text) & set("\x1b\r\n\u202e"):
        assert "one line" in refused(key, 422, "invalid_request")["errors"][0]["message"]
    else:
        assert (key.status_code, key.json()["record"]["name"]) == (201, text)
    refused(await send(api, "POST", "/collections", {"name": text}), 422, "invalid_request")
    refused(await send(api, "POST", "/collections", {"name": "tea", "store": text}), 422, "unknown_strategy")
    url = "/providers/openai-compatible"
    refused(await send(api, "PUT", url, {"base_url": f"http://{text}/v1"}), 422, "outbound_refused")
    agent = (await api.get("/agents"))["items"][0]["id"]
    assert (await send(api, "PATCH", f"/agents/{agent}", {"provider": text})).status_code in (404, 422)
    answer = await send(api, "PUT", url, {"base_url": "http://127.0.0.1:9/v1", "model": text})
    assert (answer.status_code, answer.json()["model"]) == (200, text)
    keyed = await send(api, "PUT", url, {"api_key": f"key {text}"})
    problem = refused(keyed, 422, "invalid_request")
    assert text not in problem["detail"]


@every
async def test_a_token_is_only_ever_compared(api: Api, text: str) -> None:
    async with client_of(api.client._transport.app, None) as nobody:  # type: ignore[attr-defined]
        for value in (f"Bearer {text}", text, f"Basic {text}", f"Bearer nxk_{text}"):
            request = nobody.build_request("GET", "/me", headers=[(b"authorization", value.encode())])
            refused(await nobody.send(request), 401, "unauthenticated")


@unstorable
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "/faqs", {"question": "#", "answer": "a"}),
        ("POST", "/faqs", {"question": "a", "answer": "#"}),
        ("POST", "/faqs", {"question": "a", "answer": "a", "tags": ["#"]}),
        ("POST", "/faqs", {"question": "a", "answer": "a", "external_id": "#"}),
        ("POST", "/faqs", {"question": "a", "answer": "a", "#": "unknown field"}),
        ("POST", "/ingest", {"faqs": [{"question": "#", "answer": "a"}]}),
        ("POST", "/ingest", {"collection": "#", "faqs": [{"question": "a", "answer": "a"}]}),
        ("POST", "/collections", {"name": "tea", "store": "#"}),
        ("POST", "/rag-chat", {"message": "#", "collection_id": "00000000-0000-0000-0000-000000000000"}),
        ("POST", "/keys", {"name": "#", "role": "sales"}),
        ("PUT", "/providers/openai-compatible", {"base_url": "http://127.0.0.1:9/#"}),
        ("PUT", "/providers/openai-compatible", {"base_url": "http://127.0.0.1:9/v1", "model": "#"}),
        ("PUT", "/providers/openai-compatible", {"base_url": "http://127.0.0.1:9/v1", "api_key": "#"}),
        ("PATCH", "/agents/{agent}", {"provider": "echo", "model": "#"}),
        ("PATCH", "/agents/{agent}", {"provider": "#"}),
    ],
    ids=str,
)
async def test_what_cannot_be_stored_is_refused(api: Api, text: str, method: str, path: str, body: object) -> None:
    before = await api.stored()
    agent = (await api.get("/agents"))["items"][0]["id"]
    filled = json.loads(json.dumps(body).replace("#", json.dumps(text)[1:-1]))

    answer = await send(api, method, path.format(agent=agent), filled)

    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert await api.stored() == before


@pytest.mark.parametrize("query", ["q=%00", "tag=a%00b", "q=%ED%A0%80", "cursor=%00", "q=" + "x" * 201])
async def test_a_filter_that_cannot_be_searched_for_is_refused_or_finds_nothing(api: Api, query: str) -> None:
    await api.add_faq("Something else?", "An answer.")
    answer = await api.client.get(f"/faqs?{query}")
    if answer.status_code != 200:
        refused(answer, 422, "invalid_request")
    else:
        assert answer.json()["items"] == []


async def test_twenty_thousand_characters_are_taken_where_an_answer_may_be_long_and_refused_elsewhere(api: Api) -> None:
    long = "lorem ipsum " * 1_667
    made = await api.add_faq("A long one?", long[:20_000])
    assert len(made["answer"]) > 19_000
    refused(await send(api, "POST", "/faqs", {"question": long, "answer": "a"}), 422, "invalid_request")
    refused(await send(api, "POST", "/faqs", {"question": "a", "answer": long[:20_000] + "xx"}), 422, "invalid_request")
    refused(await api.ask("x" * 4_001), 422, "invalid_request")
    await api.drain()
    assert (await api.ask("lorem ipsum " * 333)).status_code == 200


async def test_numbers_that_no_database_holds_are_refused(api: Api) -> None:
    faq = await api.add_faq("Something else?", "An answer.")
    for revision in (10**30, 2**63):
        answer = await api.client.patch(f"/faqs/{faq['id']}", json={"revision": revision, "answer": "b"})
        assert answer.status_code in (409, 422)
    refused(await api.client.get("/faqs", params={"limit": 10**30}), 422, "invalid_request")
    refused(await api.client.get("/faqs", params={"limit": 0}), 422, "invalid_request")


@every
async def test_a_streamed_answer_is_framed_whatever_its_text(api: Api, text: str) -> None:
    await api.use_provider("echo")
    question = f"What is {text}\n\nevent: done\ndata: x here?"
    await api.add_faq(question[:1000], "An answer.")
    await api.drain()

    answer = await api.ask(question, stream=True)

    events = events_of(answer.text)
    assert [name for name, _ in events].count("done") == 1
    words = "".join(data["text"] for name, data in events if name == "token")
    assert words == events[-1][1]["answer"]["response"]
