"""One question in other words: each rule gives the whole question, or None for a question of another form.

The rules take a question in one line, without spaces around it. They say nothing about meaning: `follows` does.
"""

import re
from collections.abc import Callable
from hashlib import blake2b
from typing import Final

from backend.faqs.grammar import gerund, is_name, is_plural, lower_first, upper_first
from backend.faqs.words import TASKS

Rule = Callable[[str], str | None]


def _form(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


_HOW: Final = _form(r"How (?P<aux>do|can|could) (?P<who>I|we) (?P<do>[^?]+)\?")
_HOW_TO: Final = _form(r"How to (?P<do>[^?]+)\?")
_CAN: Final = _form(r"Can (?P<who>I|we) (?P<do>[^?]+)\?")
_POSSIBLE: Final = _form(r"Is it possible to (?P<do>[^?]+)\?")
_CAN_YOU: Final = _form(r"Can you (?P<do>[^?]+)\?")
_DO_YOU: Final = _form(r"Do you (?P<do>[^?]+)\?")
_WHAT_IS: Final = _form(r"What (?P<be>is|are) (?P<it>[^?]+)\?")
_DIFFERENCE: Final = _form(r"What is the difference between (?P<one>[^?]+?) and (?P<other>[^?]+)\?")
_DOES: Final = _form(r"What does (?P<it>[^?]+?) (?P<verb>do|mean)\?")
_ABOUT: Final = _form(r"What should I know about (?P<it>[^?]+)\?")
_WHICH: Final = _form(r"Which (?P<rest>[^?]+)\?")
_WHERE: Final = _form(r"Where (?P<aux>do|can) (?P<who>I|we) (?P<rest>[^?]+)\?")
_ASKED_OF: Final = _form(
    r"(?P<wh>(?:how (?:long|often|many|much)|what|which|when|where|why|who)\b[^?]*?) do "
    r"(?P<rest>(?:I|we|you|they|the|my|our|your)\b [^?]+)\?"
)
_SUBJECT: Final = _form(r"(?:What happens|Who (?:can|may|must|has)|(?:What|Which) [a-z]+ (?:can|may|must))\b[^?]+\?")
_CLAUSE: Final = _form(
    r"\b(?:that|which|who|whose|when|while|if|where|called|used|made|done|meant|to|for|and|or|with|about|from|in|on|by|it|this|"
    r"some|there|wrong|all|left|possible|happening)\b|[,;:]"
)
_DETERMINED: Final = _form(r"(?:my|your|our|the|his|her|their|this|that|these|those)\b")
_ARTICLE: Final = _form(r"(?:my|your|our|the|an?)\s+")
_LEFT_OUT: Final = _form(r"\b(?:my|your|our|the|an?)\s+")
_POLITE: Final = _form(r"\A(?:please[,:]?\s+)|,?\s+please(?=[?.!]*\Z)")
_GREETED: Final = _form(r"\A(?:hi|hello|hey|please|quick|can you|could you|tell)\b")
_MANY: Final = 12
"""Words of a question that is long enough without more around it."""


def how_can(question: str) -> str | None:
    if (asked := _WHERE.fullmatch(question)) is not None:
        return f"Where {_other_aux(asked['aux'])} {asked['who']} {asked['rest']}?"
    asked = _HOW.fullmatch(question)
    return None if asked is None else f"How {_other_aux(asked['aux'])} {asked['who']} {asked['do']}?"


def the_way_to(question: str) -> str | None:
    task = _task(question)
    return None if task is None else f"What is the way to {task}?"


def the_steps_to(question: str) -> str | None:
    task = _task(question)
    return None if task is None else f"What are the steps to {task}?"


def how_to(question: str) -> str | None:
    task = _task(question)
    return None if task is None or _HOW_TO.fullmatch(question) else f"How to {task}?"


def want_to(question: str) -> str | None:
    if (asked := _CAN.fullmatch(question) or _POSSIBLE.fullmatch(question)) is not None:
        return f"{upper_first(_person(question))} would like to {asked['do']}. Is that possible?"
    task = _task(question)
    return (
        None
        if task is None
        else f"{upper_first(_person(question))} want to {task}. How do {_person(question)} do that?"
    )


def go_about(question: str) -> str | None:
    """Of one verb that is known: "boot and start" has two."""
    task = _task(question)
    verb, _, rest = (task or "").partition(" ")
    if verb not in TASKS or not rest or re.search(r"\b(?:and|or)\b", rest):
        return None
    return f"How do {_person(question)} go about {gerund(verb)} {rest}?"


def keywords(question: str) -> str | None:
    """What somebody types into a search: "reset password", "refund policy"."""
    task = _task(question)
    if task is not None:
        words = _LEFT_OUT.sub("", task)
    else:
        topic = _thing(question)
        words = _LEFT_OUT.sub("", topic) if topic else ""
    return words if len(words.split()) > 1 else None


def tell_me_about(question: str) -> str | None:
    topic = _thing(question)
    return None if topic is None else f"Tell me about {topic}."


def can_you_explain(question: str) -> str | None:
    if (asked := _DOES.fullmatch(question)) is not None:
        return f"Can you explain what {asked['it']} {'does' if asked['verb'].lower() == 'do' else 'means'}?"
    if (both := _DIFFERENCE.fullmatch(question)) is not None:
        return f"Can you explain the difference between {both['one']} and {both['other']}?"
    if (asked := _WHAT_IS.fullmatch(question)) is not None and _thing(question):
        return f"Can you explain what {asked['it']} {asked['be'].lower()}?"
    return None


def meaning(question: str) -> str | None:
    """ "RAID-6 meaning", of a name alone; "What is the meaning of X?" of what is said to mean something."""
    if (asked := _DOES.fullmatch(question)) is not None and asked["verb"].lower() == "mean":
        return f"What is the meaning of {asked['it']}?"
    asked = _WHAT_IS.fullmatch(question)
    topic = _thing(question) if asked else None
    if topic is None or _DETERMINED.match(topic) or len(topic.split()) > 3:
        return None
    return f"{_ARTICLE.sub('', topic, count=1)} meaning"


def used_for(question: str) -> str | None:
    asked = _DOES.fullmatch(question)
    if asked is None or asked["verb"].lower() != "do":
        return None
    return f"What is {asked['it']} used for?"


def how_they_differ(question: str) -> str | None:
    both = _DIFFERENCE.fullmatch(question)
    return None if both is None or " of " in both["other"] else f"How do {both['one']} and {both['other']} differ?"


def is_it_possible(question: str) -> str | None:
    if (asked := _POSSIBLE.fullmatch(question)) is not None:
        return f"Can I {asked['do']}?"
    if (asked := _CAN_YOU.fullmatch(question)) is not None:
        return f"Are you able to {asked['do']}?"
    asked = _CAN.fullmatch(question)
    return None if asked is None else f"Is it possible to {asked['do']}?"


def am_i_able(question: str) -> str | None:
    if (asked := _CAN_YOU.fullmatch(question)) is not None:
        return f"Is it possible for you to {asked['do']}?"
    asked = _CAN.fullmatch(question)
    return None if asked is None else f"{'Am I' if asked['who'].upper() == 'I' else 'Are we'} able to {asked['do']}?"


def like_to_know_if(question: str) -> str | None:
    said = _whether(question)
    return None if said is None else f"I would like to know if {said}."


def could_you_say_if(question: str) -> str | None:
    said = _whether(question)
    return None if said is None else f"Could you tell me whether {said}?"


def can_you_tell_me(question: str) -> str | None:
    said = _said(question)
    return None if said is None else f"Can you tell me {said}?"


def am_wondering(question: str) -> str | None:
    said = _said(question)
    return None if said is None else f"I am wondering {said}."


def what_for_which(question: str) -> str | None:
    """ "Which of the plans" and "Which is better" have no noun after them."""
    asked = _WHICH.fullmatch(question)
    if asked is None or not is_plural(asked["rest"].split()[0]):
        return None
    return f"What {asked['rest']}?"


def lower_case(question: str) -> str | None:
    """As it is typed in haste: names keep their letters, which may tell them apart ("-F", "-f")."""
    words = [
        word if is_name(word) and word != "I" else word[0].lower() + word[1:]
        for word in question.rstrip("?.! ").split()
    ]
    return " ".join(words) or None


def greeting(question: str) -> str | None:
    return None if _GREETED.match(question) or not _is_asked(question) else f"Hello, {lower_first(question)}"


def quick_question(question: str) -> str | None:
    return None if _GREETED.match(question) or not _is_asked(question) else f"Quick question: {lower_first(question)}"


def without_politeness(question: str) -> str | None:
    bare = _POLITE.sub("", question)
    return None if bare == question or not bare else upper_first(bare)


_WORDS: Final = (
    (_form(r"\bsign in\b"), "log in"),
    (_form(r"\blog in\b"), "sign in"),
    (_form(r"\bbuy\b"), "purchase"),
    (_form(r"\bpurchase\b"), "buy"),
    (_form(r"\bchoose\b"), "select"),
    (_form(r"\bselect\b"), "choose"),
    (_form(r"\bcolleague"), "coworker"),
    (_form(r"\bphoto(?=s?\b)"), "picture"),
    (_form(r"\be-mail"), "email"),
    (_form(r"\bemail"), "e-mail"),
)


def other_word(question: str) -> str | None:
    """A word that means the same in any place; the first of the table."""
    for pattern, word in _WORDS:
        if pattern.search(question):
            return pattern.sub(word, question)
    return None


def typing_error(question: str) -> str | None:
    """Two letters changed places within a long word that is no name."""
    places = [
        (match.start() + at, match[0][at : at + 2])
        for match in re.finditer(r"(?<![\w./-])[a-z]{6,}(?![\w./-])", question)
        for at in range(1, len(match[0]) - 2)
        if match[0][at] != match[0][at + 1]
    ]
    if not places:
        return None
    digest = blake2b(question.encode(errors="surrogatepass"), digest_size=4).digest()
    start, pair = places[int.from_bytes(digest) % len(places)]
    return question[:start] + pair[::-1] + question[start + 2 :]


def _other_aux(aux: str) -> str:
    return "can" if aux.lower() != "can" else "do"


def _task(question: str) -> str | None:
    """What "How do I ...?" wants done, as a verb with its object. "How do I not ..." has none."""
    asked = _HOW.fullmatch(question) or _HOW_TO.fullmatch(question)
    if asked is None or re.match(r"(?:not|best|know|tell)\b", asked["do"], re.IGNORECASE):
        return None
    return asked["do"]


def _person(question: str) -> str:
    return "we" if re.match(r"(?:How \w+|Can) we\b", question, re.IGNORECASE) else "I"


def _thing(question: str) -> str | None:
    """What "What is ...?" asks about, as long as it is a noun by its form."""
    if (about := _ABOUT.fullmatch(question)) is not None:
        return about["it"]
    asked = _WHAT_IS.fullmatch(question)
    if asked is None or len(asked["it"].split()) > 6:
        return None
    it = asked["it"]
    is_sure = _DETERMINED.match(it) or re.match(r"an?\b", it) or len(it.split()) < 4
    return it if is_sure and not _CLAUSE.search(it) else None


def _whether(question: str) -> str | None:
    asked = _DO_YOU.fullmatch(question)
    return None if asked is None else f"you {asked['do']}"


def _said(question: str) -> str | None:
    """The question as a part of a sentence, where no verb has to change its place."""
    if (task := _task(question)) is not None:
        return f"how to {task}"
    if (asked := _ASKED_OF.fullmatch(question)) is not None:
        rest = asked["rest"]
        if asked["wh"].lower() == "where":
            rest = re.sub(r"\A(I|we) ", r"\1 can ", rest, flags=re.IGNORECASE)
        return f"{lower_first(asked['wh'])} {rest}"
    return lower_first(question.rstrip("?")) if _SUBJECT.fullmatch(question) else None


def _is_asked(question: str) -> bool:
    return question.endswith("?") and len(question.split()) <= _MANY and not re.search(r"[.!;:] ", question)
