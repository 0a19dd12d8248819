"""Reference pages: a command or function described under NAME, DESCRIPTION, EXIT STATUS."""

import re

from backend.faqs.headings import Asked, clean
from backend.parsing.base import Section

_NAME_LINE = re.compile(r"(\S+(?: \S+){0,4}?)(?:, \S+){0,6} [-—–] (\S.{3,200})")
_MANUAL = re.compile(r"\s*\(\d\w{0,3}\).*$")
_NOT_COMMANDS = re.compile(r"\([457]\w?\)")  # manual sections of files, formats and overviews
_CONDITION = re.compile(r"(?:if|when|by default|note|for|in|on|as|with|to)\b", re.IGNORECASE)
_EXIT = frozenset({"exit status", "exit code", "exit codes", "return code", "return codes"})


class Page:
    """Follows the sections of a document and knows what the current reference page is about.

    `subject` is the command, function or setting whose page it is; empty when there is none. `is_name_line` says that
    the current section is the line that names it.
    """

    def __init__(self, document_title: str) -> None:
        self.title = _MANUAL.sub("", clean(document_title))
        self.subject = ""
        self.is_name_line = False
        self._is_command = True
        self._owner: tuple[str, ...] = ()
        self._path: tuple[str, ...] = ()

    def enter(self, section: Section) -> None:
        self._path = section.title_path
        line = _NAME_LINE.match(section.text[:400].replace("\n", " "))
        self.is_name_line = line is not None and self._is_name(line[1], section)
        if line is not None and self.is_name_line:
            self.subject = line[1]
            self._owner = section.title_path[:-1]
            self._is_command = not any(_NOT_COMMANDS.search(title) for title in section.title_path)
        elif section.title_path[: len(self._owner)] != self._owner:
            self.subject = ""
            self._owner = ()

    def _is_name(self, name: str, section: Section) -> bool:
        titles = {_MANUAL.sub("", clean(title)).lower() for title in section.title_path} | {self.title.lower()}
        return name.lower() in titles or section.title.strip().lower() == "name"

    def ask(self, heading: str, first: str) -> Asked | None:
        """The question behind a heading that every reference page has."""
        if not self.subject or self._path[:-1] != self._owner:
            return None
        lower = heading.lower()
        if lower == "description" and not _NAME_LINE.match(first):
            if not self._is_command:
                return Asked(f"What is {self.subject}?", "definition", 0.48, "reference page describes it")
            certainty = 0.74 if _CONDITION.match(first) else 0.84
            return Asked(f"What does {self.subject} do?", "definition", certainty, "reference page describes it")
        if lower in _EXIT:
            return Asked(f"What exit status does {self.subject} return?", "definition", 0.8, "reference page lists it")
        return None
