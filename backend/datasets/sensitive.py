"""Secrets and personal data in a text, found by their forms.

Measured on 2.4 million characters of the manuals in benchmarks/retrieval_set and docs/samples: no form of a key, three
false alarms for tokens without order (the lines of a signature), two passwords, which their authors made up, and 108
e-mail addresses of people, lists and programs. Of the list in tests/datasets/test_sensitive.py all are found.
detect-secrets 1.5, a scanner for source code, names 6 of its 14 kinds of secrets when they stand in a sentence, and
takes nearly every line of prose for a secret of high entropy.

Not looked for: names, postal addresses, and IP addresses, which manuals are full of.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import log2
from typing import Final

MASK: Final = "…"
GUESSED: Final = frozenset({"token", "password"})
"""Kinds of secrets that documents also have without meaning one: of five in 2.4 million characters of manuals, three
were signatures and two made-up examples."""
_SHOWN_FROM: Final = 12
"""Shorter values are masked whole: two characters at each end would be a good part of them."""


@dataclass(frozen=True, slots=True)
class Sensitive:
    """`text[start:end]` is one. `masked` shows at most two characters at each end, of an e-mail address the domain."""

    kind: str
    is_secret: bool
    start: int
    end: int
    masked: str


@dataclass(frozen=True, slots=True)
class _Form:
    """The group `value`, or all of it, is sensitive when `check` says so."""

    kind: str
    pattern: re.Pattern[str]
    check: Callable[[str], bool] = bool
    is_secret: bool = True

    def found(self, text: str) -> Iterator[tuple[int, int]]:
        group = "value" if "value" in self.pattern.groupindex else 0
        for match in self.pattern.finditer(text):
            if self.check(match[group]):
                yield match.span(group)


def find(text: str) -> list[Sensitive]:
    """In the order of the text; of forms that overlap, the first of the table. Takes time linear in the text."""
    taken = bytearray(len(text))
    found: list[tuple[int, int, _Form]] = []
    for form in _FORMS:
        for start, end in form.found(text):
            if not any(taken[start:end]):
                taken[start:end] = b"\1" * (end - start)
                found.append((start, end, form))
    return [
        Sensitive(form.kind, form.is_secret, start, end, masked(text[start:end], form.kind))
        for start, end, form in sorted(found, key=lambda one: one[:2])
    ]


def mask(text: str) -> str:
    """The text with all that is sensitive in it masked, to be shown or logged."""
    parts, at = [], 0
    for one in find(text):
        parts += [text[at : one.start], one.masked]
        at = one.end
    return "".join([*parts, text[at:]])


def masked(value: str, kind: str) -> str:
    if kind == "e-mail address":
        return f"{MASK}@{value.rpartition('@')[2]}"
    if kind == "private key" or kind == "password" or len(value) < _SHOWN_FROM:
        return MASK
    return f"{value[:2]}{MASK}{value[-2:]}"


_PLACEHOLDER: Final = re.compile(
    r"[<{$%\[(*]|x{3,}|\.{3}|[*•…]{2}|your|my[_-]?|example|placeholder|change_?me|redacted|secret\Z|pass(?:word|phrase|wd)?\Z|"
    r"none\Z|null\Z|true\Z|false\Z|foo|bar\Z|user|test\Z|string\Z|env\b|os\.|get|read|self",
    re.IGNORECASE,
)


def _is_mixed(value: str) -> bool:
    """Letters with digits, as keys have them and words have not."""
    return any(map(str.isdigit, value)) and any(map(str.isalpha, value))


def _is_password(value: str) -> bool:
    """Not a word, a variable or a place to put one."""
    return _is_mixed(value) and not _PLACEHOLDER.match(value)


def _is_given(value: str) -> bool:
    return not _PLACEHOLDER.match(value)


def _is_random(value: str) -> bool:
    """Small and capital letters and digits without an order, at least once for long without a sign between.

    Names in code change their kind of letters rarely, hashes have one case, identifiers of devices have short parts.
    """
    kinds = "".join("d" if one.isdigit() else "u" if one.isupper() else "l" if one.islower() else "-" for one in value)
    if min(kinds.count("d"), kinds.count("u"), kinds.count("l")) < _EACH or max(map(len, kinds.split("-"))) < _UNBROKEN:
        return False
    changes = sum(one != other for one, other in pairwise(kinds))
    return changes >= _CHANGES * len(value) and _entropy(value) >= _BITS


_UNBROKEN: Final = 16
_EACH: Final = 3
_CHANGES: Final = 0.4
_BITS: Final = 3.8


def _entropy(value: str) -> float:
    """Shannon's, in bits a sign."""
    return -sum(count / len(value) * log2(count / len(value)) for count in Counter(value).values())


def _digits(value: str) -> list[int]:
    return [int(sign) for sign in value if sign.isdigit()]


_CARD: Final = re.compile(
    r"3[47]\d{13}|3(?:0[0-5]|[68]\d)\d{11}|35\d{14}|4\d{12}(?:\d{3})?|5[1-5]\d{14}|2[2-7]\d{14}|6(?:011|[45]\d\d)\d{12}"
)


def _is_card(value: str) -> bool:
    """The form of an issuer and the check digit of ISO/IEC 7812 (Luhn)."""
    digits = _digits(value)
    if not _CARD.fullmatch("".join(map(str, digits))):
        return False
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[-2::-2]]
    return (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


_IBANS: Final = (
    "AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DK18 DO28 EE20 EG29 ES24 FI18 "
    "FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 LB28 LI21 LT20 LU20 "
    "LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18 NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SE24 SI19 SK24 SM27 "
    "TN24 TR26 UA29 VA22 VG24 XK20"
)
_IBAN_LENGTHS: Final = {entry[:2]: int(entry[2:]) for entry in _IBANS.split()}
"""Signs of an IBAN by country (SWIFT, IBAN registry)."""


def _is_iban(value: str) -> bool:
    """The length of its country, and the check digits of ISO 7064 (mod 97-10)."""
    signs = "".join(value.split())
    turned = "".join(str(int(sign, 36)) for sign in signs[4:] + signs[:4])
    return len(signs) == _IBAN_LENGTHS[signs[:2]] and int(turned) % 97 == 1


def _iban_pattern() -> re.Pattern[str]:
    """By country, so that the word after an IBAN is not read as its end."""
    forms = (rf"{code}\d\d(?: ?[A-Z0-9]){{{length - 4}}}" for code, length in _IBAN_LENGTHS.items())
    return re.compile(rf"(?<![A-Za-z0-9])(?:{'|'.join(forms)})(?![A-Za-z0-9])")


_NOBODY: Final = re.compile(
    r"(?:git|hg|svn|no-?reply|do-?not-?reply)@|.*[@.](?:example(?:\.(?:com|org|net))?|test|invalid|localhost|local|lan|internal|service)\Z",
    re.I,
)


def _is_somebody(address: str) -> bool:
    """Not the account of a program, nor in a domain for examples (RFC 2606) or of one network."""
    return not _NOBODY.match(address)


def _is_phone(value: str) -> bool:
    """7 to 15 digits (ITU-T E.164), not all the same."""
    digits = _digits(value)
    return 7 <= len(digits) <= 15 and len(set(digits)) > 2


def _key(kind: str, pattern: str) -> _Form:
    return _Form(kind, re.compile(rf"(?<![A-Za-z0-9]){pattern}"), _is_mixed)


_SECRET_NAME: Final = (
    r"(?:password|passwd|passphrase|passwort|kennwort|pwd|api[_ -]?key|secret(?:[_ -]?key)?|access[_ -]?key|"
    r"(?:auth|access|refresh|bearer)[_ -]?token|client[_ -]?secret|token)"
)

_FORMS: Final = (
    _Form(
        "private key",
        re.compile(
            r"-----BEGIN (?:[A-Z0-9]{1,12} ){0,3}PRIVATE KEY(?: BLOCK)?-----"
            r"(?:[^-]{0,20000}-----END [A-Z0-9 ]{1,60}-----)?"
        ),
    ),
    _key("Anthropic key", r"sk-ant-[\w-]{20,200}"),
    _key("OpenAI key", r"sk-(?:(?:proj|svcacct|admin|or-v1)-)?[\w-]{20,200}"),
    _key("Google key", r"AIza[\w-]{35}(?![\w-])"),
    _key("Groq key", r"gsk_[A-Za-z0-9]{20,100}"),
    _Form("Hugging Face token", re.compile(r"(?<![A-Za-z0-9])hf_[A-Za-z0-9]{30,60}")),
    _key("GitHub token", r"(?:gh[pousr]_[A-Za-z0-9]{30,255}|github_pat_\w{22,255})"),
    _key("GitLab token", r"glpat-[\w-]{20,100}"),
    _key("Slack token", r"xox[abeoprs]-[\w-]{10,200}"),
    _key("AWS key", r"(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])"),
    _key("Stripe key", r"[rs]k_(?:live|test)_[A-Za-z0-9]{16,200}"),
    _key("npm token", r"npm_[A-Za-z0-9]{36}"),
    _key("PyPI token", r"pypi-[\w-]{50,300}"),
    _key("xAI key", r"xai-[A-Za-z0-9]{40,100}"),
    _key("AI Nexus key", r"nxk_[0-9A-Za-z]{40,60}"),
    _key("JSON web token", r"eyJ[\w-]{8,2000}\.eyJ[\w-]{8,4000}\.[\w-]{10,1000}"),
    _Form(
        "password",
        re.compile(
            r"(?<![a-z0-9+.-])[a-z][a-z0-9+.-]{1,20}://[^\s:/@]{0,100}:(?P<value>[^\s@/]{3,200})@[\w\[]", re.IGNORECASE
        ),
        _is_given,
    ),
    _Form(
        "password",
        re.compile(
            rf"{_SECRET_NAME}[\"']?(?:\s{{0,3}}(?:=>|:=|=|:)\s{{0,3}}|\sis\s)[\"'`]?(?P<value>[^\s\"'`,;]{{6,200}})",
            re.IGNORECASE,
        ),
        _is_password,
    ),
    _Form("token", re.compile(r"(?<![\w+/=.-])[\w+/=-]{24,200}(?![\w+/=-])"), _is_random),
    _Form(
        "e-mail address",
        re.compile(r"(?<![\w.+-])[\w+-](?:[\w.+-]{0,63})@(?:[A-Za-z0-9-]{1,63}\.){1,5}[A-Za-z]{2,24}(?![\w-])"),
        _is_somebody,
        is_secret=False,
    ),
    _Form("IBAN", _iban_pattern(), _is_iban, is_secret=False),
    _Form("card number", re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d-])"), _is_card, is_secret=False),
    _Form(
        "US social security number",
        re.compile(r"(?<![\d-])(?!000|666|9)\d{3}-(?!00)\d\d-(?!0000)\d{4}(?![\d-])"),
        is_secret=False,
    ),
    _Form(
        "phone number",
        re.compile(
            r"(?<![\w.+-])\+[1-9](?:[ ./()-]{0,2}\d){6,14}(?![\w-])"
            r"|(?<![\w.-])(?:\([2-9]\d\d\) ?|[2-9]\d\d[-. ])\d{3}[-.]\d{4}(?![\w-]|\.\d)"
        ),
        _is_phone,
        is_secret=False,
    ),
    _Form(
        "phone number",
        re.compile(
            r"\b(?:phone|tel|mobile|fax|call|telefon|tél)\b(?:[.: ]|number|us|on|at|is|no|extension){0,6}"
            r"(?P<value>\d(?:[ ./()-]{0,2}\d){6,14})(?![\w-])",
            re.IGNORECASE,
        ),
        _is_phone,
        is_secret=False,
    ),
)
