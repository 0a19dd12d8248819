"""Sets the sample handbook as a PDF: cover, contents, one chapter a page, outline, running header, page numbers."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from blocks import Block, Heading, Listing, Paragraph, Table, parse
from fpdf import FPDF
from fpdf.enums import TableBordersLayout, XPos, YPos
from fpdf.fonts import FontFace
from fpdf.outline import OutlineSection

Rgb = tuple[int, int, int]

TITLE = "Coldkeep Customer Handbook"
EDITION = "Edition 4.2 · March 2026"
INK: Rgb = (28, 37, 54)
NAVY: Rgb = (22, 50, 92)
MUTED: Rgb = (91, 104, 124)
ICE: Rgb = (143, 196, 232)
RULE: Rgb = (207, 216, 227)
WASH: Rgb = (240, 245, 250)
WHITE: Rgb = (255, 255, 255)

MARGIN = 25.0
BODY_SIZE = 10.5
LINE = 5.6
COVER_AND_CONTENTS = 2
# Replaced by the number of pages; two wide glyphs, so that the right edge stays where two digits end.
PAGE_COUNT = "¤¤"


def write_handbook(source: Path, fonts: Path, target: Path, *, created: datetime) -> None:
    """The same source, fonts and `created` give the same bytes under one version of fpdf2, fontTools and zlib."""
    pdf = Handbook(fonts, created.astimezone(UTC))
    blocks = parse(source.read_text(encoding="utf-8"))
    pdf.add_cover()
    pdf.add_contents(next(block.text for block in blocks if isinstance(block, Heading)))
    for block in blocks:
        pdf.add_block(block)
    pdf.output(str(target))


class Handbook(FPDF):
    """One A4 document; lengths are millimetres, type sizes points."""

    def __init__(self, fonts: Path, created: datetime) -> None:
        super().__init__(format="A4")
        self.chapter = ""
        self.chapters = 0
        self.add_font("Inter", "", fonts / "Inter-Regular.ttf")
        self.add_font("Inter", "B", fonts / "Inter-SemiBold.ttf")
        self.set_margins(MARGIN, 27, MARGIN)
        self.c_margin = 0
        self.set_auto_page_break(True, margin=24)
        self.set_title(TITLE)
        self.set_author("Fernhollow Systems")
        self.set_subject("A sample document about a fictional company")
        self.set_lang("en-GB")
        self.set_creation_date(created)
        self.alias_nb_pages(PAGE_COUNT)

    def header(self) -> None:
        if self.page_no() <= COVER_AND_CONTENTS:
            return
        self._use("", 8, MUTED)
        self.set_xy(MARGIN, 13)
        self.cell(self.epw / 2, 5, TITLE)
        self.cell(self.epw / 2, 5, f"{self.chapters}  {self.chapter}", align="R")
        self._rule(19.5)
        self.set_y(self.t_margin)

    def footer(self) -> None:
        if self.page_no() == 1:
            return
        self._rule(self.h - 18)
        self._use("", 8, MUTED)
        self.set_xy(MARGIN, -16)
        self.cell(self.epw / 2, 5, "Fernhollow Systems")
        self.cell(self.epw / 2, 5, f"Page {self.page_no()} of {PAGE_COUNT}", align="R")

    def add_cover(self) -> None:
        self.add_page()
        with self._whole_page():
            self._fill(NAVY)
            self.rect(0, 0, self.w, self.h, style="F")
            self._frost(self.w * 0.72, 78, 46)
            self._use("B", 12, ICE)
            self.text(MARGIN, 34, "FERNHOLLOW SYSTEMS")
            self._use("B", 34, WHITE)
            self.set_xy(MARGIN, 150)
            self.multi_cell(self.epw, 15, "Coldkeep\nCustomer Handbook", align="L")
            self._fill(ICE)
            self.rect(MARGIN + 0.5, 186, 22, 1.4, style="F")
            self._use("", 12, ICE)
            self.text(MARGIN, 200, "Temperature monitoring for kitchens, pharmacies and laboratories")
            self._use("", 9.5, ICE)
            self.text(MARGIN, self.h - 24, EDITION)

    def add_contents(self, first_chapter: str) -> None:
        self.add_page()
        self._use("B", 22, NAVY)
        self.cell(0, 12, "Contents", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(6)
        self.chapter, self.chapters = first_chapter, 1
        self.insert_toc_placeholder(_render_contents)

    def add_block(self, block: Block) -> None:
        match block:
            case Heading(level=1):
                self._add_chapter(block.text)
            case Heading():
                self._add_section(block.text)
            case Paragraph(is_note=True):
                self._add_note(block.text)
            case Paragraph():
                self._paragraph(block.text)
            case Listing():
                self._add_list(block)
            case Table():
                self._add_table(block)

    def _add_chapter(self, title: str) -> None:
        # The contents placeholder has already opened the first chapter's page, header and all.
        if title != self.chapter:
            self.chapter = title
            self.chapters += 1
            self.add_page()
        self.start_section(title)
        self._use("B", 22, NAVY)
        self.multi_cell(self.epw, 11, title, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(4)

    def _add_section(self, title: str) -> None:
        if self.will_page_break(30):
            self.add_page()
        self.ln(2.5)
        self.start_section(title, level=1)
        self._use("B", 13, NAVY)
        self.multi_cell(self.epw, 7, title, align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(0.8)

    def _paragraph(self, text: str) -> None:
        self._use("", BODY_SIZE, INK)
        self.multi_cell(self.epw, LINE, text, align="L", markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        self.ln(2.2)

    def _add_note(self, text: str) -> None:
        self.ln(3)
        self._use("", BODY_SIZE - 0.5, INK)
        self._fill(WASH)
        top = self.get_y()
        self.multi_cell(
            self.epw, LINE, text, align="L", fill=True, padding=(4, 5, 4, 7), new_x=XPos.LMARGIN, new_y=YPos.NEXT
        )
        self._fill(ICE)
        self.rect(MARGIN, top, 1.4, self.get_y() - top, style="F")
        self.ln(3)

    def _add_list(self, block: Listing) -> None:
        self._use("", BODY_SIZE, INK)
        for number, item in enumerate(block.items, start=1):
            self.set_x(MARGIN + 2)
            self.cell(6, LINE, f"{number}." if block.is_numbered else "•")
            self.multi_cell(self.epw - 8, LINE, item, align="L", markdown=True, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
            self.ln(0.8)
        self.ln(1.8)

    def _add_table(self, block: Table) -> None:
        self.ln(1)
        self._use("", 9, INK)
        self._fill(WHITE)
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        with self.table(
            borders_layout=TableBordersLayout.HORIZONTAL_LINES,
            headings_style=FontFace(emphasis="BOLD", color=NAVY, fill_color=WASH),
            line_height=LINE,
            padding=(1.3, 2, 1.3, 2),
            text_align="LEFT",
            col_widths=_column_widths(block.rows),
        ) as table:
            for row in block.rows:
                table.row(row)
        self.ln(4)

    def _use(self, style: str, size: float, color: Rgb) -> None:
        self.set_font("Inter", style, size)
        self.set_text_color(*color)

    def _fill(self, color: Rgb) -> None:
        self.set_fill_color(*color)

    def _rule(self, y: float) -> None:
        self.set_draw_color(*RULE)
        self.set_line_width(0.2)
        self.line(MARGIN, y, self.w - MARGIN, y)

    def _frost(self, x: float, y: float, radius: float) -> None:
        """A snow crystal of six branches around (x, y)."""
        self.set_draw_color(*ICE)
        self.set_line_width(1.5)
        for branch in range(6):
            with self.rotation(branch * 60, x, y):
                self.line(x, y, x, y - radius)
                for share, twig in ((0.38, 0.2), (0.62, 0.26), (0.84, 0.14)):
                    start, reach = y - radius * share, radius * twig
                    for side in (-1, 1):
                        self.line(x, start, x + side * reach * 0.87, start - reach * 0.5)

    @contextmanager
    def _whole_page(self) -> Iterator[None]:
        self.set_auto_page_break(False)
        yield
        self.set_auto_page_break(True, margin=24)


def _render_contents(pdf: FPDF, outline: list[OutlineSection]) -> None:
    chapters = [section for section in outline if section.level == 0]
    pdf.set_line_width(0.2)
    pdf.set_x(pdf.l_margin)
    for number, section in enumerate(chapters, start=1):
        link = pdf.add_link(page=section.page_number)
        pdf.set_font("Inter", "", 11.5)
        pdf.set_text_color(*MUTED)
        pdf.cell(10, 11, str(number), link=link)
        pdf.set_text_color(*INK)
        pdf.cell(pdf.epw - 30, 11, section.name, link=link)
        pdf.cell(20, 11, str(section.page_number), align="R", link=link, new_x=XPos.LMARGIN, new_y=YPos.NEXT)
        pdf.set_draw_color(*RULE)
        pdf.line(MARGIN, pdf.get_y(), pdf.w - MARGIN, pdf.get_y())


def _column_widths(rows: Iterable[tuple[str, ...]]) -> tuple[int, ...]:
    """Shares by the longest cell of each column, with room for the padding."""
    return tuple(max(len(cell) for cell in column) + 5 for column in zip(*rows, strict=True))
