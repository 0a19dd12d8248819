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
    """Files of one package, in order. `asked` says whether questions are asked over it, and how its headings read."""

    key: str
    package: str
    folder: str
    files: tuple[str, ...]
    asked: Headings | None = None

    def paths(self, root: Path = Path("/")) -> list[Path]:
        """Each file once, in the order of the globs; empty when the package is not installed."""
        folder = root / self.folder
        return list(dict.fromkeys(path for glob in self.files for path in sorted(folder.glob(glob))))


_HANDBOOK: Final = (
    "advanced-administration installation basic-configuration unix-services sect.after-first-boot "
    "sect.asynchronous-task-scheduling-anacron sect.automated-installation sect.backup sect.config-bootloader "
    "sect.config-misc sect.config-printing sect.creating-accounts sect.hostname-name-service sect.how-to-migrate "
    "sect.installation-steps sect.monitoring sect.network-config sect.quotas sect.remote-login "
    "sect.rights-management sect.shell-environment sect.syslog sect.task-scheduling-cron-atd sect.user-group-databases "
    "sect.firewall-packet-filtering sect.virtual-private-network sect.dealing-with-compromised-machine "
    "sect.regular-upgrades sect.automatic-upgrades sect.dist-upgrade sect.hotplug"
).split()

MANUALS: Final = (
    Manual("r-faq", "r-doc-html", "usr/share/R/doc/manual", ("R-FAQ.html",), "questions"),
    Manual("borg-faq", "borgbackup-doc", "usr/share/doc/borgbackup/html", ("faq.html",), "questions"),
    Manual("fetchmail-faq", "fetchmail", "usr/share/doc/fetchmail", ("fetchmail-FAQ.html",), "questions"),
    Manual("privoxy-faq", "privoxy", "usr/share/doc/privoxy/faq", ("[!ci]*.html", "configuration.html", "installation.html"), "questions"),
    Manual("git-manual", "git-doc", "usr/share/doc/git-doc", ("user-manual.html",), "nouns"),
    Manual("installation-guide", "installation-guide-amd64", "usr/share/doc/installation-guide-amd64/en", ("ch*.html", "ap[a-e]*.html"), "nouns"),
    Manual("mutt-manual", "mutt", "usr/share/doc/mutt/html", tuple(f"{name}.html" for name in ("gettingstarted", "configuration", "advancedusage", "mimesupport", "optionalfeatures", "security", "tuning", "miscellany")), "nouns"),
    Manual("handbook", "debian-handbook", "usr/share/doc/debian-handbook/html/en-US", tuple(f"{name}.html" for name in _HANDBOOK), "nouns"),
    Manual("r-data", "r-doc-html", "usr/share/R/doc/manual", ("R-data.html",)),
    Manual("r-intro", "r-doc-html", "usr/share/R/doc/manual", ("R-intro.html",)),
    Manual("borg-manual", "borgbackup-doc", "usr/share/doc/borgbackup/html", ("introduction.html", "installation.html", "quickstart.html", "usage/*.html", "deployment/*.html")),
    Manual("privoxy-manual", "privoxy", "usr/share/doc/privoxy/user-manual", ("installation.html", "startup.html", "quickstart.html", "configuration.html", "config.html", "actions-file.html", "filter-file.html", "appendix.html")),
    Manual("fetchmail-features", "fetchmail", "usr/share/doc/fetchmail", ("fetchmail-features.html", "design-notes.html")),
    Manual("git-guides", "git-doc", "usr/share/doc/git-doc", ("gitfaq.html", "gittutorial.html", "gittutorial-2.html", "giteveryday.html", "gitworkflows.html")),
)  # fmt: skip


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
                sections[record.ordinal] = Section(
                    manual.key, file, record.ordinal, record.title_path, record.text
                )
            elif isinstance(record, base.Passage):
                yield Passage(sections[record.section], record.start, record.end)
    except NoText:
        # A chapter's page with nothing but links to its sections.
        return
