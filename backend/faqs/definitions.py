"""A section or an entry that says what its heading is: "X is a ...", "X stores ...", "Specifies ..."."""

import re

from backend.faqs.casing import Truecaser
from backend.faqs.grammar import is_name, is_plural, lower_first, third_person_base
from backend.faqs.headings import Asked
from backend.faqs.words import DESCRIBING, HOLDING, TASKS

_FIRST_LENGTH = 400
_SUBJECT_WORDS = 8
_IS = frozenset({"is", "are", "means", "refers"})


def defined(heading: str, first: str, case: Truecaser) -> Asked | None:
    """Asks what the heading is (or does) when the first sentence begins with it.

    `first` is the beginning of the answer. The question takes number and article from that sentence.
    """
    sentence = first[:_FIRST_LENGTH]
    words = sentence.split()
    for at, word in enumerate(words[1 : _SUBJECT_WORDS + 1], start=1):
        verb = word.lower().strip(",")
        if verb in _IS or verb in DESCRIBING:
            return _about(" ".join(words[:at]), verb, words[at + 1 :], heading, case)
    return None


def _about(said: str, verb: str, after: list[str], heading: str, case: Truecaser) -> Asked | None:
    subject = re.sub(r"\s*\([^()]{0,60}\)", "", said)
    subject = re.sub(r"(?:\s(?:[a-z]+ly|also|now|can|will))+$", "", subject).strip(" ,\"“”'‘’`*")
    if (
        not subject
        or subject.endswith(("-", "–", "—", ":"))
        or _PREPOSITION.match(subject)
        or not _same(subject, heading)
        or not after
    ):
        return None
    written = _as_inside_sentence(subject, case)
    if verb in _IS:
        if verb in {"is", "are"} and not _is_defining(after):
            return None
        be = "are" if verb == "are" or (verb not in {"is"} and is_plural(subject.split()[-1])) else "is"
        return Asked(f"What {be} {written}?", "definition", 0.84, "first sentence says what it is")
    base = third_person_base(verb, lambda _: True)
    if base is None:
        return None
    asked = base if base in HOLDING else "do"
    return Asked(f"What does {written} {asked}?", "definition", 0.82, "first sentence says what it does")


_PREPOSITION = re.compile(
    r"(?:on|in|for|with|by|to|at|from|under|when|if|as|using|of|since|while|all|most|some)\s", re.IGNORECASE
)


def _same(subject: str, heading: str) -> bool:
    """The subject is the heading, but for article, number, case and a kind noun ("the catalog pg_am")."""
    named, said = _stems(heading), _stems(subject)
    if not named or not said:
        return False
    if said == named:
        return True
    return len(named) == 1 and is_name(heading.split()[0]) and len(said) <= 3 and named[0] in said


def _stems(text: str) -> list[str]:
    bare = re.sub(r"\s*\([^()]{0,60}\)", " ", text.lower())
    words = [word.strip("\"'“”‘’`,;:") for word in bare.split()]
    return [word[:-1] if is_plural(word) else word for word in words if word and word not in {"a", "an", "the"}]


_DEFINING = re.compile(
    r"(?:an?|the|one|used|simply|just|any|those|software|tools?|programs?|basically|essentially|similar|part|called|"
    r"defined|responsible|to|meant|designed|intended|provided|special|another|some|objects?|files?|[a-z]+ly)\b|\w+s\b",
    re.IGNORECASE,
)
_NOT_DEFINING = re.compile(
    r"(?:an? (?:important|essential|great|good|bad|big|large|major|key|common|popular|difficult|simple|hard|very|"
    r"matter)|not|now|currently|already|always|never|often|usually|only|available|documented|described|discussed|covered|listed|"
    r"shown|given|important|essential|necessary|possible|easy|difficult|also|very|quite|"
    r"the (?:same|following|best|most|main|only|first|preferred|recommended)|"
    r"as follows|required|needed|explained|based|this|that|in|on|at|of)\b",
    re.IGNORECASE,
)


def _is_defining(after: list[str]) -> bool:
    rest = " ".join(after[:4])
    return not _NOT_DEFINING.match(rest) and bool(_DEFINING.match(rest))


def _as_inside_sentence(subject: str, case: Truecaser) -> str:
    article, _, rest = subject.partition(" ")
    if article.lower() in {"a", "an", "the"} and rest:
        return f"{article.lower()} {rest}"
    if any(word[:1].isupper() and not is_name(word) for word in case.lowered(subject).split()[1:]):
        return subject
    if not rest and is_plural(article) and not is_name(article):
        return article.lower()
    lowered = case.lowered(article)
    return subject if is_name(article) else (f"{lowered} {rest}" if rest else lowered)


def entry(label: str, owner: str, heading: str, body: str, case: Truecaser) -> Asked | None:
    """A term with its explanation: an option, a parameter, a setting, a function or a glossary entry.

    `owner` is the command whose page it is, `heading` the section's.
    """
    term = label.rstrip(":").strip()
    if not 1 < len(term) <= 120:
        return None
    if term.startswith("-"):
        return _option(term, owner, body)
    name = _TYPE.sub("", term).strip() or term
    if len(name.split()) == 1 and is_name(name) and re.search(r"[A-Za-z]{2}", name):
        return _identifier(name, owner, body, has_type=name != term)
    asked = defined(name, body, case) if len(name.split()) <= 6 else None
    return asked or (_glossary(name, body, case) if _GLOSSARY.search(heading) else None)


_TYPE = re.compile(r"\s*[(\[][^()\[\]]{0,60}[)\]]$")
_GLOSSARY = re.compile(r"glossar|terminolog|\bterms\b|definitions|vocabulary|key concepts", re.IGNORECASE)
_PLACEHOLDER = re.compile(
    r"(?:the )?(?:new |optional )?(?:name|type|number|value|list|expression|definition)\b", re.IGNORECASE
)
_TELLS = re.compile(
    r"(?:do not|don['’]t|only|also|if (?:specified|set|given|present|true|enabled)|when (?:set|given|specified|true)|"
    r"same as|synonym|like|instead of|after|before|by default|with this|this|[a-z]+ly)\b",
    re.IGNORECASE,
)


def _option(term: str, owner: str, body: str) -> Asked | None:
    options = [part for part in re.split(r"[,\s]+", term) if part.startswith("-")]
    names = [name for part in options if re.match(r"--?[A-Za-z?]", name := re.split(r"[=\[<(]", part, maxsplit=1)[0])]
    if not names:
        return None
    of = f" of {owner}" if owner else ""
    name = next((name for name in names if name.startswith("--")), names[0])
    certainty = (
        0.5 if body[:1].islower() and not owner else 0.7 if _PLACEHOLDER.match(body) else 0.82 if owner else 0.78
    )
    return Asked(f"What does the {name} option{of} do?", "definition", certainty, "entry explains an option")


def _identifier(name: str, owner: str, body: str, *, has_type: bool) -> Asked | None:
    inside = f" in {owner}" if owner and owner.lower() != name.lower() and "." not in name and not has_type else ""
    first = body.split(" ", 1)[0].lower().strip(",")
    if name.startswith("<") or (inside and _PLACEHOLDER.match(body)):
        return Asked(f"What is {name}{inside}?", "definition", 0.42, "entry explains a placeholder")
    if first in DESCRIBING:
        return Asked(f"What does {name} do{inside}?", "definition", 0.84, "entry says what it does")
    if first in TASKS or _TELLS.match(body):
        return Asked(f"What does {name} do{inside}?", "definition", 0.72, "entry says what it does")
    if re.match(r"(?:an?|the)\s", body, re.IGNORECASE):
        certainty = 0.48 if inside and name.islower() else 0.78 if has_type or "." in name else 0.66
        return Asked(f"What is {name}{inside}?", "definition", certainty, "entry explains a name")
    return Asked(f"What is {name}{inside}?", "definition", 0.5, "entry explains a name")


def _glossary(name: str, body: str, case: Truecaser) -> Asked | None:
    """`Cluster: A group of databases ...`"""
    if len(name.split()) > 5 or not name[:1].isalpha():
        return None
    written = lower_first(case.lowered(name))
    is_many = is_plural(name.split()[-1])
    is_counted = bool(re.match(r"(?:an?|the|any|one)\s", body, re.IGNORECASE)) and not _UNCOUNTED.search(written)
    article = _article(written) if is_counted and not is_many and not is_name(name.split()[0]) else ""
    certainty = 0.82 if re.match(r"(?:an?|the|any|one)\s", body, re.IGNORECASE) else 0.62
    return Asked(f"What {'are' if is_many else 'is'} {article}{written}?", "definition", certainty, "glossary entry")


_UNCOUNTED = re.compile(r"(?:tion|sion|ment|ance|ence|ing|ity|ness|ship|acy|ism|data|head|ware)$", re.IGNORECASE)


def _article(noun: str) -> str:
    return "an " if noun[:1].lower() in "aeiou" and not noun.lower().startswith(("uni", "use", "usa", "one")) else "a "
