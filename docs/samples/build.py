"""Builds the sample documents from `source/`: `python docs/samples/build.py [folder]` (default: beside this file)."""

import shutil
import sys
from datetime import UTC, datetime
from pathlib import Path

from guide_docx import write_guide
from handbook_pdf import write_handbook

HERE = Path(__file__).resolve().parent
SOURCE = HERE / "source"
CREATED = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)


def build(target: Path) -> None:
    """Writes handbook.pdf, product-guide.docx and support-faq.md into the folder `target`."""
    target.mkdir(parents=True, exist_ok=True)
    write_handbook(SOURCE / "handbook.md", SOURCE / "fonts", target / "handbook.pdf", created=CREATED)
    write_guide(SOURCE / "product-guide.md", target / "product-guide.docx", created=CREATED)
    shutil.copyfile(SOURCE / "support-faq.md", target / "support-faq.md")


if __name__ == "__main__":
    build(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE)
