"""Documents and FAQs made for measuring: varied sentences from a fixed seed, the same on every machine."""

import random
import zipfile
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from xml.sax.saxutils import escape

from fpdf import FPDF
from fpdf.enums import XPos, YPos

THINGS = (
    "boiler", "kettle", "gate", "badge printer", "meeting room", "parking space", "travel card", "projector", "locker",
    "invoice", "expense report", "payroll", "visitor pass", "fire door", "coffee machine", "laptop", "mail account",
    "backup", "firewall", "warehouse scanner", "forklift", "delivery van", "loading dock", "contract", "purchase order",
    "supplier", "warranty", "training course", "first aid kit", "alarm", "window", "lift", "bicycle shed",
    "archive box", "label printer", "packing table", "cold store", "pallet", "customs form", "test bench", "iron",
    "canteen card",
)  # fmt: skip
ACTIONS = (
    "order", "replace", "clean", "reset", "reserve", "cancel", "return", "inspect", "move", "label", "repair", "insure",
    "register", "lock", "unlock", "test", "store", "share", "approve", "renew",
)  # fmt: skip
PLACES = (
    "in the north wing", "at the main site", "in the workshop", "abroad", "in the old building", "at night",
    "during an audit", "on the first day", "after a power cut", "before the holidays", "for a customer", "for a guest",
)  # fmt: skip
PEOPLE = ("the facility team", "a team lead", "the help desk", "the safety officer", "an accountant", "the night shift")
_SENTENCES = (
    "To {action} the {thing} {place}, {person} signs the form beside the {other} and keeps a copy for {n} days.",
    "{Person} can {action} it within {n} hours when the {other} is free and nobody has asked for it before.",
    "Costs below {n} euros are paid from the budget of the department that uses the {thing}.",
    "The {thing} stays switched off until {person} has checked the {other} twice.",
    "If the {other} shows a red light, call extension {n} and leave the {thing} as it is.",
    "A {thing} that is older than {n} months is written off and replaced in the following quarter.",
    "Write the number of the {thing} on the card, hand the card to {person}, and wait for the green stamp.",
    "Nobody may {action} a {thing} alone; the second person watches the {other} during the whole time.",
)  # fmt: skip


def topics(chance: random.Random) -> Iterator[tuple[str, str, str]]:
    """(action, thing, place), each once, in a shuffled order: 10,080 of them."""
    every = list(product(ACTIONS, THINGS, PLACES))
    chance.shuffle(every)
    yield from every


def question(topic: tuple[str, str, str]) -> str:
    action, thing, place = topic
    return f"How do I {action} the {thing} {place}?"


def paragraph(topic: tuple[str, str, str], chance: random.Random, sentences: int) -> str:
    action, thing, place = topic
    return " ".join(
        chance.choice(_SENTENCES).format(
            action=action,
            thing=thing,
            place=place,
            person=(person := chance.choice(PEOPLE)),
            Person=person.capitalize(),
            other=chance.choice(THINGS),
            n=chance.randrange(2, 400),
        )
        for _ in range(sentences)
    )


def faqs(count: int, seed: int = 1) -> list[dict[str, str]]:
    """At most 10,080 pairs whose questions all differ."""
    chance = random.Random(seed)
    found = [
        {"question": question(topic), "answer": paragraph(topic, chance, 3)}
        for topic, _ in zip(topics(chance), range(count), strict=False)
    ]
    if len(found) < count:
        raise ValueError(f"there are {len(found)} different questions, not {count}")
    return found


def asked(count: int, seed: int = 2) -> list[str]:
    """Questions in other words than those of `faqs`, about the same things."""
    chance = random.Random(seed)
    forms = ("who helps me to {0} a {1} {2}", "what must I do to {0} our {1} {2}", "rules when you {0} any {1} {2}")
    return [chance.choice(forms).format(*topic) for topic, _ in zip(topics(chance), range(count), strict=False)]


def write_pdf(path: Path, *, pages: int, seed: int = 3) -> int:
    """A text PDF with two headed sections a page, about 420 words. Returns its words."""
    chance = random.Random(seed)
    pdf = FPDF(format="A4")
    pdf.set_auto_page_break(False)
    words, found = 0, topics(chance)
    for page in range(pages):
        pdf.add_page()
        if page % 10 == 0:
            words += _write(pdf, f"Chapter {page // 10 + 1}: rules for the {chance.choice(THINGS)}", size=20)
        for _ in range(2):
            topic = next(found)
            words += _write(pdf, question(topic), size=15)
            for _ in range(3):
                words += _write(pdf, paragraph(topic, chance, 4), size=10)
    pdf.output(str(path))
    return words


def _write(pdf: FPDF, text: str, *, size: int) -> int:
    pdf.set_font("Helvetica", style="B" if size > 10 else "", size=size)
    pdf.multi_cell(0, size * 0.5, text, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
    pdf.ln(3)
    return len(text.split())


def text_pieces(size: int, seed: int = 4) -> Iterator[bytes]:
    """Headed paragraphs as Markdown-like text, `size` bytes in all."""
    chance = random.Random(seed)
    left = size
    while left > 0:
        for topic in topics(chance):
            piece = f"{question(topic)}\n\n{paragraph(topic, chance, 4)}\n\n{paragraph(topic, chance, 4)}\n\n".encode()
            yield piece[:left]
            left -= len(piece)
            if left <= 0:
                return


_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Override PartName="/word/document.xml" ContentType='
    '"application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="r1" Target="word/document.xml" Type='
    '"http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"/></Relationships>'
)
_BODY = (
    '<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>'
)


def write_docx(path: Path, *, sections: int, seed: int = 5) -> int:
    """A DOCX with that many headed sections of about 290 words. Returns its words."""
    chance = random.Random(seed)
    words = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", _TYPES)
        archive.writestr("_rels/.rels", _RELATIONS)
        with archive.open("word/document.xml", "w") as document:
            document.write(_BODY.encode())
            for topic, _ in zip(topics(chance), range(sections), strict=False):
                texts = [question(topic), *(paragraph(topic, chance, 4) for _ in range(4))]
                for place, text in enumerate(texts):
                    words += len(text.split())
                    style = '<w:pPr><w:pStyle w:val="Heading1"/></w:pPr>' if place == 0 else ""
                    document.write(f"<w:p>{style}<w:r><w:t>{escape(text)}</w:t></w:r></w:p>".encode())
            document.write(b"</w:body></w:document>")
    return words
