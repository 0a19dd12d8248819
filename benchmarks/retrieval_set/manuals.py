"""The manuals of the retrieval set: Debian packages of bookworm, read by our own pipeline.

`apt-get install --no-install-recommends` of `packages()` gives them all. Another release's texts differ, so that quotes
may be missing there: `hardness` says which.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from backend.errors import NoText
from backend.parsing import base
from backend.parsing.chunking import PASSAGE_TOKENS, SEPARATOR
from backend.parsing.work import Arguments
from backend.parsing.work import main as read_document

Headings = Literal["questions", "nouns"]


@dataclass(frozen=True, slots=True)
class Manual:
    """Pages of one package: globs below the folder without `.html`, divided by spaces.

    `asked` says how the headings read when questions are asked over it; None is a distractor.
    """

    key: str
    package: str
    folder: str
    pages: str
    asked: Headings | None = None

    def paths(self, root: Path = Path("/")) -> list[Path]:
        """Each file once, in the order of the globs; empty when the package is not installed."""
        found = (path for glob in self.pages.split() for path in sorted((root / self.folder).glob(f"{glob}.html")))
        return list(dict.fromkeys(found))


_DOC: Final = "usr/share/doc"
_R: Final = "usr/share/R/doc/manual"

MANUALS: Final = (
    Manual("r-faq", "r-doc-html", _R, "R-FAQ", "questions"),
    Manual("borg-faq", "borgbackup-doc", f"{_DOC}/borgbackup/html", "faq", "questions"),
    Manual("fetchmail-faq", "fetchmail", f"{_DOC}/fetchmail", "fetchmail-FAQ", "questions"),
    Manual(
        "privoxy-faq", "privoxy", f"{_DOC}/privoxy/faq", "general misc trouble configuration installation", "questions"
    ),
    Manual("git-manual", "git-doc", f"{_DOC}/git-doc", "user-manual", "nouns"),
    Manual(
        "installation-guide",
        "installation-guide-amd64",
        f"{_DOC}/installation-guide-amd64/en",
        "ch* ap[a-e]*",
        "nouns",
    ),
    Manual(
        "mutt-manual",
        "mutt",
        f"{_DOC}/mutt/html",
        "gettingstarted configuration advancedusage mimesupport optionalfeatures security tuning miscellany",
        "nouns",
    ),
    Manual(
        "handbook",
        "debian-handbook",
        f"{_DOC}/debian-handbook/html/en-US",
        "advanced-administration installation basic-configuration unix-services sect.after-first-boot "
        "sect.asynchronous-task-scheduling-anacron sect.automated-installation sect.backup sect.config-* "
        "sect.creating-accounts sect.hostname-name-service sect.how-to-migrate sect.installation-steps "
        "sect.monitoring sect.network-config sect.quotas sect.remote-login sect.rights-management "
        "sect.shell-environment sect.syslog sect.task-scheduling-cron-atd sect.user-group-databases "
        "sect.firewall-packet-filtering sect.virtual-private-network sect.dealing-with-compromised-machine "
        "sect.regular-upgrades sect.automatic-upgrades sect.dist-upgrade sect.hotplug",
        "nouns",
    ),
    Manual("r-data", "r-doc-html", _R, "R-data"),
    Manual("r-intro", "r-doc-html", _R, "R-intro"),
    Manual(
        "borg-manual",
        "borgbackup-doc",
        f"{_DOC}/borgbackup/html",
        "introduction installation quickstart usage/* deployment/*",
    ),
    Manual(
        "privoxy-manual",
        "privoxy",
        f"{_DOC}/privoxy/user-manual",
        "installation startup quickstart configuration config actions-file filter-file appendix",
    ),
    Manual("fetchmail-features", "fetchmail", f"{_DOC}/fetchmail", "fetchmail-features design-notes"),
    Manual("git-guides", "git-doc", f"{_DOC}/git-doc", "gitfaq gittutorial gittutorial-2 giteveryday gitworkflows"),
)


@dataclass(frozen=True, slots=True)
class Section:
    """The text under one heading; `file` is the name below the manual's folder, `ordinal` the place in the file."""

    manual: str
    file: str
    ordinal: int
    title_path: tuple[str, ...]
    text: str

    @property
    def key(self) -> str:
        """Unique over all manuals."""
        return f"{self.manual}/{self.file}#{self.ordinal}"

    @property
    def heading(self) -> str:
        return SEPARATOR.join(self.title_path)


@dataclass(frozen=True, slots=True)
class Passage:
    """What one embedding is made of: `section.text[start:end]` under the section's headings."""

    section: Section
    start: int
    end: int

    @property
    def body(self) -> str:
        return self.section.text[self.start : self.end]

    @property
    def text(self) -> str:
        return f"{self.section.heading}\n{self.body}"


def packages() -> list[str]:
    return list(dict.fromkeys(manual.package for manual in MANUALS))


def missing(root: Path = Path("/")) -> list[str]:
    """The Debian packages of which a manual is not there."""
    return list(dict.fromkeys(manual.package for manual in MANUALS if not manual.paths(root)))


def passages(manuals: Iterable[Manual] = MANUALS, root: Path = Path("/")) -> list[Passage]:
    """In the order of the manuals, their files and the text; of manuals that are installed."""
    return [passage for manual in manuals for path in manual.paths(root) for passage in _read(manual, path, root)]


def _read(manual: Manual, path: Path, root: Path) -> Iterator[Passage]:
    file = path.relative_to(root / manual.folder).as_posix()
    sections: dict[int, Section] = {}
    arguments = Arguments(path=path, media_type="text/html", passage_tokens=PASSAGE_TOKENS)
    try:
        for record in read_document(arguments, lambda _done, _total: None):
            if isinstance(record, base.Section):
                sections[record.ordinal] = Section(manual.key, file, record.ordinal, record.title_path, record.text)
            elif isinstance(record, base.Passage):
                yield Passage(sections[record.section], record.start, record.end)
    except NoText:
        # A chapter's page with nothing but links to its sections.
        return
