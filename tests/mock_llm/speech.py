"""What the mock says: sentences from the passages in the prompt, values that fit a schema."""

import html
import json
import re
from collections.abc import Mapping

from tests.mock_llm.asked import Asked, Json

UNSURE = "I could not find this in the documents."
_PASSAGE = re.compile(r'<passage n="(\d+)" title="([^"]*)">\n(.*?)\n</passage>', re.DOTALL)
_ANSWER = re.compile(r'<answer which="\w+">\n(.*?)\n</answer>', re.DOTALL)
_SENTENCE = re.compile(r".+?(?:[.!?](?=\s|\Z)|\Z)", re.DOTALL)


def text_for(asked: Asked) -> str:
    if asked.schema is not None and asks_for_faqs(asked.schema) and not is_wrong(asked):
        return json.dumps(faqs(asked))
    if asked.schema is not None and asks_for_questions(asked.schema) and not is_wrong(asked):
        return json.dumps(questions(asked))
    if asked.schema is not None and asks_for_preference(asked.schema) and not is_wrong(asked):
        return json.dumps(preference(asked))
    if asked.schema is not None:
        return 'Here it is: {"wrong": true}' if is_wrong(asked) else json.dumps(instance(asked.schema, asked.schema))
    if asked.tool is not None:
        return ""
    if asked.mode == "unsure":
        return UNSURE
    question = asked.prompt.rpartition("Question: ")[2]
    passages = _PASSAGE.findall(asked.prompt)
    if not passages:
        return f"You asked: {question}"
    n, _, text = max(passages, key=lambda passage: len(words(question) & words(f"{passage[1]} {passage[2]}")))
    sentence = _SENTENCE.match(" ".join(text.split()))
    answer = f"{sentence.group() if sentence else text} [{n}]"
    return f"{answer} The moon is made of cheese [{len(passages) + 40}]." if asked.mode == "badcite" else answer


def call_for(asked: Asked) -> Json | None:
    """The arguments of the call of the tool that was offered."""
    if asked.tool is None:
        return None
    if is_wrong(asked):
        return {"wrong": True}
    if asks_for_faqs(asked.tool.schema):
        return faqs(asked)
    if asks_for_questions(asked.tool.schema):
        return questions(asked)
    arguments = instance(asked.tool.schema, asked.tool.schema)
    assert isinstance(arguments, dict)
    return arguments


def asks_for_faqs(schema: Json) -> bool:
    """Whether drafts of FAQs are asked for."""
    properties = schema.get("properties")
    return isinstance(properties, dict) and "faqs" in properties


def faqs(asked: Asked) -> Json:
    """A question about each of the first two sentences, which are answer and quote; `invent` adds what is not there."""
    [(_, title, text)] = _PASSAGE.findall(f"{asked.earlier}\n{asked.prompt}")
    sentences = [" ".join(found.split()) for found in _SENTENCE.findall(text) if len(found.split()) > 3]
    found = [
        {"question": f"What about {' '.join(one.split()[:4])} in {title}?", "answer": one, "quote": one}
        for one in sentences[:2]
    ]
    if asked.mode == "invent":
        moon = "The moon is made of cheese."
        found[1:] = [{"question": "What is the moon made of?", "answer": moon, "quote": moon}]
    return {"faqs": found}


def asks_for_questions(schema: Json) -> bool:
    """Whether paraphrases are asked for."""
    properties = schema.get("properties")
    return isinstance(properties, dict) and "questions" in properties


def questions(asked: Asked) -> Json:
    """The question in three other forms, one of them twice; `invent` asks for something else first."""
    [(_, title, _)] = _PASSAGE.findall(f"{asked.earlier}\n{asked.prompt}")
    bare = html.unescape(title).rstrip("?")
    said = [f"Please tell me: {bare}?", f"I am wondering: {bare}?", f"Please tell me: {bare}?", f"Do you know {bare}?"]
    return {"questions": ["What is the moon made of?", *said] if asked.mode == "invent" else said}


def asks_for_preference(schema: Json) -> bool:
    """Whether it is asked which of two answers is better."""
    properties = schema.get("properties")
    return isinstance(properties, dict) and "better" in properties


def preference(asked: Asked) -> Json:
    """The first answer, whatever it says; `longer` the longer one, in either place, and a tie of equal ones."""
    first, second = (len(text) for text in _ANSWER.findall(f"{asked.earlier}\n{asked.prompt}"))
    if asked.mode != "longer":
        return {"better": "first", "why": "it comes first"}
    better = "tie" if first == second else "first" if first > second else "second"
    return {"better": better, "why": "it is longer"}


def is_wrong(asked: Asked) -> bool:
    is_repair = "not valid" in asked.prompt
    return asked.mode == "badjson-twice" or (asked.mode == "badjson" and not is_repair)


def instance(schema: Json, root: Json) -> object:
    """The simplest value that fits a JSON schema, whatever case its types are written in."""
    if "$ref" in schema:
        name = str(schema["$ref"]).rpartition("/")[2]
        definitions = root["$defs"]
        assert isinstance(definitions, dict)
        return instance(definitions[name], root)
    for choice in ("anyOf", "allOf"):
        options = schema.get(choice)
        if isinstance(options, list):
            return instance(options[0], root)
    values = schema.get("enum")
    if isinstance(values, list):
        return values[0]
    properties = schema.get("properties")
    if isinstance(properties, dict):
        return {name: instance(each, root) for name, each in properties.items()}
    simple: Mapping[str, object] = {"integer": 1, "number": 0.5, "boolean": True, "array": [], "object": {}}
    return simple.get(str(schema.get("type")).lower(), "mock text")


def words(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if len(word) > 3}
