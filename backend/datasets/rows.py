"""The rows of a dataset: what each says, where it came from, and one hash for all of them."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from hashlib import sha256
from typing import Final, Literal
from uuid import UUID, uuid5

Origin = Literal["faq", "paraphrase", "imported"]

_NAMESPACE: Final = UUID("a1f3c1de-9a55-5d0e-8f0b-5b9e2c7d4e10")
_VERSION: Final = 1
"""Of the canonical form: another form is another hash."""
_MANY: Final = 1 << 31


class Split(StrEnum):
    TRAIN = "train"
    VALIDATION = "validation"
    HELD_OUT = "held_out"


@dataclass(frozen=True, slots=True)
class FaqSource:
    """An approved FAQ at one revision, and where in its document the answer stands, as far as that is known."""

    faq_id: UUID
    revision: int
    document_id: UUID | None = None
    section: str = ""
    page: int | None = None


@dataclass(frozen=True, slots=True)
class FileSource:
    """A row of an imported file; `row` counts from 1, without the header of a CSV file."""

    file: str
    row: int


@dataclass(frozen=True, slots=True)
class Rewording:
    """Which rule or model wrote the question, and from which one."""

    by: Literal["rule", "model"]
    name: str
    of: str


@dataclass(frozen=True, slots=True)
class Provenance:
    source: FaqSource | FileSource
    rewording: Rewording | None = None


@dataclass(frozen=True, slots=True)
class Example:
    """A question with its answer, in no split yet. A `system` of white space alone is None."""

    question: str
    answer: str
    provenance: Provenance
    system: str | None = None

    def __post_init__(self) -> None:
        if self.system is not None and not self.system.strip():
            object.__setattr__(self, "system", None)

    @property
    def id(self) -> UUID:
        """The same for the same source, revision and wording of the question; another answer does not change it."""
        source = self.provenance.source
        if isinstance(source, FaqSource):
            place: tuple[str, str, int] = ("faq", str(source.faq_id), source.revision)
        else:
            place = ("file", source.file, source.row)
        return uuid5(_NAMESPACE, json.dumps([*place, self.question]))

    @property
    def origin(self) -> Origin:
        if self.provenance.rewording is not None:
            return "paraphrase"
        return "faq" if isinstance(self.provenance.source, FaqSource) else "imported"

    def in_split(self, split: Split) -> "Row":
        return Row(self.question, self.answer, self.provenance, self.system, split=split)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(Example):
    """An example of a frozen dataset."""

    split: Split


def canonical(row: Row) -> str:
    """All that a row says as JSON in ASCII: keys in their order, no spaces, what is not known as null."""
    return json.dumps(
        {
            "question": row.question,
            "answer": row.answer,
            "system": row.system,
            "split": row.split.value,
            "provenance": provenance_to_json(row.provenance),
        },
        sort_keys=True,
        separators=(",", ":"),
    )


def content_hash(rows: Iterable[Row]) -> str:
    """SHA-256 in 64 hex digits over the version of the form and the sorted canonical rows, a line each.

    Equal for the same rows in any order. Another question, answer, system prompt, split or provenance, and a row more
    or less, even one that is there twice, change it.
    """
    digest = sha256(f"rows {_VERSION}\n".encode())
    for line in sorted(map(canonical, rows)):
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def provenance_to_json(provenance: Provenance) -> dict[str, object]:
    """Flat, with the same keys for every row, so that readers of tables find one schema."""
    source, rewording = provenance.source, provenance.rewording
    faq = source if isinstance(source, FaqSource) else None
    file = source if isinstance(source, FileSource) else None
    return {
        "faq_id": str(faq.faq_id) if faq else None,
        "faq_revision": faq.revision if faq else None,
        "document_id": str(faq.document_id) if faq and faq.document_id else None,
        "section": faq.section if faq else None,
        "page": faq.page if faq else None,
        "file": file.file if file else None,
        "row": file.row if file else None,
        "reworded_by": rewording.by if rewording else None,
        "rewording": rewording.name if rewording else None,
        "reworded_from": rewording.of if rewording else None,
    }


def provenance_from_json(value: object) -> Provenance:
    """What `provenance_to_json` wrote. Raises `ValueError` for anything else, with the key that is wrong."""
    if not isinstance(value, dict):
        raise ValueError("it is not an object")
    fields = _Fields(value)
    source: FaqSource | FileSource
    if (faq_id := fields.uuid("faq_id")) is not None:
        revision, section = fields.number("faq_revision"), fields.text("section")
        source = FaqSource(faq_id, revision or 1, fields.uuid("document_id"), section or "", fields.number("page"))
    else:
        file, row = fields.text("file"), fields.number("row")
        if file is None or row is None:
            raise ValueError("it has neither a faq_id nor a file with a row")
        source = FileSource(file, row)
    by, name, of = fields.text("reworded_by"), fields.text("rewording"), fields.text("reworded_from")
    if by is None and name is None and of is None:
        return Provenance(source)
    if by not in ("rule", "model") or name is None or of is None:
        raise ValueError("reworded_by is 'rule' or 'model', with a rewording and the question that it is reworded_from")
    return Provenance(source, Rewording("rule" if by == "rule" else "model", name, of))


@dataclass(frozen=True, slots=True)
class _Fields:
    given: dict[object, object]

    def text(self, key: str) -> str | None:
        value = self.given.get(key)
        if value is not None and not isinstance(value, str):
            raise ValueError(f"{key} is not a text")
        return value

    def number(self, key: str) -> int | None:
        value = self.given.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < _MANY):
            raise ValueError(f"{key} is not a whole number from 0 to {_MANY - 1}")
        return value

    def uuid(self, key: str) -> UUID | None:
        value = self.text(key)
        try:
            return None if value is None else UUID(value)
        except ValueError:
            raise ValueError(f"{key} is not a UUID") from None
