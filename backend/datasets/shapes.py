"""How a row looks in a JSON object: OpenAI's chat, Alpaca and ShareGPT.

OpenAI: platform.openai.com/docs/guides/supervised-fine-tuning. Alpaca: github.com/tatsu-lab/stanford_alpaca. ShareGPT:
the form that LLaMA-Factory and Axolotl read. What a form has no place for stands in `metadata`, as far as it is asked
for; readers of tables find the same keys in every row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from backend.datasets.rows import Provenance, Row, Split, provenance_from_json, provenance_to_json

Json = dict[str, object]
Turns = Literal["refuse", "first"]
"""What is done with a conversation of several turns."""

LONGEST_TEXT: Final = 100_000
"""Characters of one text; a FAQ's answer has 20,000 at most."""
SPLITS: Final = {split.value: split for split in Split} | {
    "training": Split.TRAIN,
    "val": Split.VALIDATION,
    "valid": Split.VALIDATION,
    "dev": Split.VALIDATION,
    "held-out": Split.HELD_OUT,
    "test": Split.HELD_OUT,
}
_SPEAKERS: Final = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "gpt": "assistant",
    "chatgpt": "assistant",
}


class WrongRow(ValueError):
    """What is wrong with a row, in which field."""

    def __init__(self, field: str, what: str) -> None:
        super().__init__(f"{field}: {what}")


@dataclass(frozen=True, slots=True)
class Said:
    """What a row of a file says; where it came from and its split only if the file tells."""

    question: str
    answer: str
    system: str | None = None
    split: Split | None = None
    provenance: Provenance | None = None


def to_openai(row: Row, *, with_metadata: bool) -> Json:
    messages = [_message("system", row.system)] if row.system is not None else []
    messages += [_message("user", row.question), _message("assistant", row.answer)]
    return {"messages": messages, **_metadata(row, with_metadata)}


def to_alpaca(row: Row, *, with_metadata: bool) -> Json:
    """`system` is LLaMA-Factory's; `input` stays empty."""
    said = {"instruction": row.question, "input": "", "output": row.answer, "system": row.system or ""}
    return {**said, **_metadata(row, with_metadata)}


def to_sharegpt(row: Row, *, with_metadata: bool) -> Json:
    turns = [_turn("system", row.system)] if row.system is not None else []
    turns += [_turn("human", row.question), _turn("gpt", row.answer)]
    return {"conversations": turns, **_metadata(row, with_metadata)}


def from_json(value: object, turns: Turns) -> Said:
    """Any of the forms, by the keys of the row. Raises `WrongRow`."""
    if not isinstance(value, dict):
        raise WrongRow("row", f"it is {_kind(value)}, not an object")
    read = next((read for key, read in _READERS.items() if key in value), None)
    if read is None:
        found = ", ".join(map(repr, list(value)[:6])) or "nothing"
        raise WrongRow("row", f"it has neither messages, conversations nor instruction, but {found[:120]}")
    system, question, answer = read(value, turns)
    metadata = value.get("metadata")
    told = metadata if isinstance(metadata, dict) else {}
    split = read_split(told.get("split", value.get("split")))
    return Said(question, answer, system, split, read_provenance(told.get("provenance")))


def text_of(value: object, field: str) -> str:
    """Raises `WrongRow` for what is no text, and for one that cannot be stored. White space stays as it is."""
    if not isinstance(value, str):
        raise WrongRow(field, "it is missing" if value is None else f"it is {_kind(value)}, not a text")
    if len(value) > LONGEST_TEXT:
        raise WrongRow(field, f"it has {len(value)} characters, at most {LONGEST_TEXT}")
    if "\x00" in value:
        raise WrongRow(field, "it contains a NUL character; remove it")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise WrongRow(field, "it contains half of a character (a lone surrogate); write the text anew") from None
    return value


def read_split(value: object) -> Split | None:
    """Also by other names in use, such as "val" and "test"; none when it is empty."""
    if value is None or value == "":
        return None
    split = SPLITS.get(value.strip().lower()) if isinstance(value, str) else None
    if split is None:
        raise WrongRow("split", f"{str(value)[:40]!r} is none of {', '.join(repr(one.value) for one in Split)}")
    return split


def read_provenance(value: object) -> Provenance | None:
    if value is None:
        return None
    try:
        found = provenance_from_json(value)
    except ValueError as exc:
        raise WrongRow("provenance", str(exc)) from exc
    for key, told in provenance_to_json(found).items():
        text_of(str(told), f"provenance.{key}")
    return found


def _from_openai(value: Json, turns: Turns) -> tuple[str | None, str, str]:
    parts = []
    for number, message in enumerate(_list(value["messages"], "messages")):
        field = f"messages[{number}]"
        if not isinstance(message, dict):
            raise WrongRow(field, f"it is {_kind(message)}, not an object")
        calls = next((key for key in ("tool_calls", "function_call", "audio") if message.get(key)), None)
        if calls is not None:
            raise WrongRow(f"{field}.{calls}", "only texts can be learnt here; leave the row out")
        if message.get("weight", 1) == 0 and message.get("role") == "assistant":
            raise WrongRow(f"{field}.weight", "it is 0: the answer is not to be learnt; leave the row out")
        parts.append(
            (_speaker(message.get("role"), f"{field}.role"), _content(message.get("content"), f"{field}.content"))
        )
    return _conversation(parts, "messages", turns)


def _from_sharegpt(value: Json, turns: Turns) -> tuple[str | None, str, str]:
    if value.get("tools"):
        raise WrongRow("tools", "only texts can be learnt here; leave the row out")
    parts = []
    for number, turn in enumerate(_list(value["conversations"], "conversations")):
        field = f"conversations[{number}]"
        if not isinstance(turn, dict):
            raise WrongRow(field, f"it is {_kind(turn)}, not an object")
        parts.append((_speaker(turn.get("from"), f"{field}.from"), text_of(turn.get("value"), f"{field}.value")))
    system, question, answer = _conversation(parts, "conversations", turns)
    return system or text_of(value.get("system") or "", "system") or None, question, answer


def _from_alpaca(value: Json, turns: Turns) -> tuple[str | None, str, str]:
    """An input follows its instruction in a line of its own, as LLaMA-Factory joins them."""
    history = _list(value.get("history") or [], "history")
    if history and turns == "refuse":
        raise WrongRow("history", _SEVERAL)
    system = text_of(value.get("system") or "", "system") or None
    if history:
        first = _list(history[0], "history[0]")
        if len(first) != 2:
            raise WrongRow("history[0]", "it is not a question with its answer")
        return system, text_of(first[0], "history[0][0]"), text_of(first[1], "history[0][1]")
    instruction, answer = text_of(value.get("instruction"), "instruction"), text_of(value.get("output"), "output")
    given = text_of(value.get("input") or "", "input")
    return system, f"{instruction}\n{given}" if given else instruction, answer


_READERS: Final[Mapping[str, Callable[[Json, Turns], tuple[str | None, str, str]]]] = {
    "messages": _from_openai,
    "conversations": _from_sharegpt,
    "instruction": _from_alpaca,
}
_SEVERAL: Final = (
    "it has several turns, and a row is one question with its answer; divide it, or import the first turn of each row"
)


def _conversation(parts: Sequence[tuple[str, str]], field: str, turns: Turns) -> tuple[str | None, str, str]:
    """A system prompt or none, a question, its answer. A later turn cannot be understood without those before it."""
    system = parts[0][1] if parts and parts[0][0] == "system" else None
    said = parts[1:] if system is not None else parts
    expected = ["user", "assistant"] * (len(said) // 2)
    if not said or [speaker for speaker, _ in said] != expected:
        order = ", ".join(speaker for speaker, _ in parts[:6]) or "nobody"
        raise WrongRow(field, f"user and assistant must take turns, after a system prompt or none; it is {order}")
    if len(said) > 2 and turns == "refuse":
        raise WrongRow(field, _SEVERAL)
    return system or None, said[0][1], said[1][1]


def _content(value: object, field: str) -> str:
    """A text, or a list of parts that are texts."""
    if not isinstance(value, list):
        return text_of(value, field)
    texts = []
    for number, part in enumerate(value):
        if not isinstance(part, dict) or part.get("type") != "text":
            raise WrongRow(f"{field}[{number}]", "only texts can be learnt here; leave the row out")
        texts.append(text_of(part.get("text"), f"{field}[{number}].text"))
    return text_of("".join(texts), field)


def _speaker(value: object, field: str) -> str:
    speaker = _SPEAKERS.get(value.lower()) if isinstance(value, str) else None
    if speaker is None:
        raise WrongRow(field, f"{str(value)[:40]!r} is unknown; known: {', '.join(map(repr, _SPEAKERS))}")
    return speaker


def _list(value: object, field: str) -> list[object]:
    if not isinstance(value, list):
        raise WrongRow(field, f"it is {_kind(value)}, not a list")
    return value


def _kind(value: object) -> str:
    kinds = {dict: "an object", list: "a list", str: "a text", bool: "a truth value", type(None): "null"}
    return kinds.get(type(value), "a number")


def _message(role: str, text: str | None) -> Json:
    return {"role": role, "content": text}


def _turn(speaker: str, text: str | None) -> Json:
    return {"from": speaker, "value": text}


def _metadata(row: Row, wanted: bool) -> Json:
    if not wanted:
        return {}
    return {"metadata": {"split": row.split.value, "provenance": provenance_to_json(row.provenance)}}
