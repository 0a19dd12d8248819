"""Other ways to ask a question, by rules: for training, and by other rules for held-out questions.

Read by eye, all paraphrases of 40 questions that a draw gave from docs/samples, the manuals of benchmarks/retrieval_set
and tests/fixtures/paraphrases.json, when the rules had their last form: 337 of 341 read well. Some of these questions
had been seen while the rules were mended. The others keep what is odd in the question ("Tell me about understanding the
hub light."). Three questions got none to hold out. What opens with "is", "does" or "why is" gets only what leads it in:
no rule moves a verb to its place.
"""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from backend.datasets import wordings
from backend.datasets.follows import still_follows
from backend.datasets.rows import Example, Provenance, Rewording
from backend.datasets.wordings import Rule
from backend.faqs.dedup import question_key

Rules = Mapping[str, Rule]
"""Rules by their names, which a row's provenance keeps."""

TRAINING_RULES: Final[Rules] = {
    "how can I": wordings.how_can,
    "the way to": wordings.the_way_to,
    "keywords": wordings.keywords,
    "tell me about": wordings.tell_me_about,
    "can you explain": wordings.can_you_explain,
    "is it possible": wordings.is_it_possible,
    "I would like to know if": wordings.like_to_know_if,
    "can you tell me": wordings.can_you_tell_me,
    "what for which": wordings.what_for_which,
    "lower case": wordings.lower_case,
    "greeting": wordings.greeting,
    "without politeness": wordings.without_politeness,
    "typing error": wordings.typing_error,
}
HELD_OUT_RULES: Final[Rules] = {
    "the steps to": wordings.the_steps_to,
    "how to": wordings.how_to,
    "I want to": wordings.want_to,
    "how to go about": wordings.go_about,
    "how they differ": wordings.how_they_differ,
    "meaning": wordings.meaning,
    "used for": wordings.used_for,
    "am I able": wordings.am_i_able,
    "could you say if": wordings.could_you_say_if,
    "I am wondering": wordings.am_wondering,
    "other word": wordings.other_word,
    "quick question": wordings.quick_question,
}
"""None is a rule for training: a model that knows the forms of its training is not asked in them."""

_UNCHECKED: Final = frozenset({"typing error"})
"""A misspelt word is another word to every check."""


@dataclass(frozen=True, slots=True)
class Rephrased:
    rule: str
    text: str


def rephrase(question: str, answer: str, rules: Rules, *, most: int, taken: Set[str] = frozenset()) -> list[Rephrased]:
    """At most `most`, all different, the same for the same question; `answer` follows from each.

    Which rules come first depends on the question, so that a small `most` does not ask everything in one form.
    `taken` are the `question_key`s of other questions: no paraphrase asks what one of them asks.
    """
    question = " ".join(question.split())
    own = question_key(question)
    found: dict[str, Rephrased] = {}
    for name, rule in _turned(list(rules.items()), question):
        made = rule(question)
        if len(found) >= most or made is None:
            continue
        text = " ".join(made.split())
        key = question_key(text)
        is_free = key == own or key not in taken
        follows = name in _UNCHECKED or still_follows(question, answer, text) is None
        if is_free and follows and text.casefold() != question.casefold():
            found.setdefault(text.casefold(), Rephrased(name, text))
    return list(found.values())


def reworded(example: Example, rules: Rules, *, most: int, taken: Set[str] = frozenset()) -> Iterator[Example]:
    """The example with other questions; a paraphrase is not rephrased again."""
    if example.provenance.rewording is not None:
        return
    for made in rephrase(example.question, example.answer, rules, most=most, taken=taken):
        rewording = Rewording("rule", made.rule, example.question)
        yield Example(made.text, example.answer, Provenance(example.provenance.source, rewording), example.system)


def _turned(rules: list[tuple[str, Rule]], question: str) -> Sequence[tuple[str, Rule]]:
    start = (
        int.from_bytes(blake2b(question.encode(errors="surrogatepass"), digest_size=4).digest()) % len(rules)
        if rules
        else 0
    )
    return rules[start:] + rules[:start]
