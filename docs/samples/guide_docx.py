"""Sets the sample product guide as a Word document with real heading styles, lists, a table and a page number field."""

import io
import zipfile
from datetime import UTC, datetime
from pathlib import Path

from blocks import Block, Heading, Listing, Paragraph, Table, bold_runs, parse
from docx import Document
from docx.document import Document as Word
from docx.enum.text import WD_ALIGN_PARAGRAPH, WD_TAB_ALIGNMENT
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Cm, Pt, RGBColor
from docx.styles.style import ParagraphStyle
from docx.table import _Cell
from docx.text.paragraph import Paragraph as WordParagraph

TITLE = "Coldkeep Product Guide"
NAVY = RGBColor(22, 50, 92)
MUTED = RGBColor(91, 104, 124)
HEADER_FILL = "F0F5FA"
RULE = "CFD8E3"
TEXT_WIDTH = Cm(16)
ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def write_guide(source: Path, target: Path, *, created: datetime) -> None:
    """The same source and `created` give the same bytes under one version of python-docx and zlib."""
    word = Document()
    _set_properties(word, created.astimezone(UTC).replace(tzinfo=None))
    _set_styles(word)
    _set_page(word)
    word.add_heading(TITLE, level=0)
    word.add_paragraph("Hardware, installation, care and integrations · Coldkeep 4.2", style="Subtitle")
    for block in parse(source.read_text(encoding="utf-8")):
        _add(word, block)
    _restart_numbered_lists(word)
    buffer = io.BytesIO()
    word.save(buffer)
    _write_members(buffer, target)


def _set_properties(word: Word, created: datetime) -> None:
    properties = word.core_properties
    properties.title = TITLE
    properties.author = properties.last_modified_by = "Fernhollow Systems"
    properties.comments = "A sample document about a fictional company"
    properties.created = properties.modified = created


def _set_styles(word: Word) -> None:
    sizes = {"Normal": 10.5, "Title": 26, "Subtitle": 11, "Heading 1": 18, "Heading 2": 13}
    for name, size in sizes.items():
        style = word.styles[name]
        assert isinstance(style, ParagraphStyle)
        style.font.name = "Calibri"
        style.font.size = Pt(size)
        if name != "Normal":
            style.font.color.rgb = MUTED if name == "Subtitle" else NAVY
            style.font.italic = False
    normal = word.styles["Normal"]
    assert isinstance(normal, ParagraphStyle)
    normal.paragraph_format.space_after = Pt(6)
    normal.paragraph_format.line_spacing = 1.15


def _set_page(word: Word) -> None:
    section = word.sections[0]
    section.page_width, section.page_height = Cm(21), Cm(29.7)
    section.left_margin = section.right_margin = Cm(2.5)
    header = section.header.paragraphs[0]
    header.text = f"{TITLE}\tFernhollow Systems"
    header.style.paragraph_format.tab_stops.clear_all()
    header.paragraph_format.tab_stops.add_tab_stop(TEXT_WIDTH, WD_TAB_ALIGNMENT.RIGHT)
    footer = section.footer.paragraphs[0]
    footer.alignment = WD_ALIGN_PARAGRAPH.RIGHT
    footer.add_run("Page ")
    _add_page_field(footer)


def _add_page_field(paragraph: WordParagraph) -> None:
    run = paragraph.add_run()
    for kind, text in (("begin", None), (None, "PAGE"), ("end", None)):
        element = OxmlElement("w:instrText" if text else "w:fldChar")
        if text:
            element.text = text
        else:
            element.set(qn("w:fldCharType"), str(kind))
        run._r.append(element)


def _add(word: Word, block: Block) -> None:
    match block:
        case Heading():
            word.add_heading(block.text, level=block.level)
        case Paragraph():
            _fill(word.add_paragraph(), block.text)
        case Listing():
            for item in block.items:
                _fill(word.add_paragraph(style="List Number" if block.is_numbered else "List Bullet"), item)
        case Table():
            _add_table(word, block)


def _fill(paragraph: WordParagraph, text: str) -> None:
    for piece, is_bold in bold_runs(text):
        paragraph.add_run(piece).bold = is_bold or None


def _add_table(word: Word, block: Table) -> None:
    table = word.add_table(rows=0, cols=len(block.rows[0]), style="Table Grid")
    table._tbl.tblPr.append(_light_borders())
    for number, row in enumerate(block.rows):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.paragraphs[0].paragraph_format.space_after = Pt(2)
            cell.paragraphs[0].paragraph_format.space_before = Pt(2)
            cell.paragraphs[0].add_run(text).bold = number == 0 or None
            if number == 0:
                _shade(cell)
    word.add_paragraph()


def _light_borders() -> BaseOxmlElement:
    borders = OxmlElement("w:tblBorders")
    for edge in ("top", "left", "bottom", "right", "insideH", "insideV"):
        line = OxmlElement(f"w:{edge}")
        line.set(qn("w:val"), "single" if edge in ("top", "bottom", "insideH") else "nil")
        line.set(qn("w:sz"), "4")
        line.set(qn("w:color"), RULE)
        borders.append(line)
    return borders


def _shade(cell: _Cell) -> None:
    shading = OxmlElement("w:shd")
    shading.set(qn("w:val"), "clear")
    shading.set(qn("w:fill"), HEADER_FILL)
    cell._tc.get_or_add_tcPr().append(shading)


def _restart_numbered_lists(word: Word) -> None:
    """Word counts one numbering through the whole document unless each list has its own instance."""
    style = word.styles["List Number"]
    assert isinstance(style, ParagraphStyle)
    numbering = word.part.numbering_part.element
    shared = style.element.pPr.numPr.numId.val
    abstract = next(num.abstractNumId.val for num in numbering.num_lst if num.numId == shared)
    previous, current = None, None
    for paragraph in word.paragraphs:
        is_numbered = paragraph.style is not None and paragraph.style.name == "List Number"
        if is_numbered and previous is not None:
            current = numbering.add_num(abstract)
            current.add_lvlOverride(0).add_startOverride(1)
        if is_numbered and current is not None:
            paragraph._p.get_or_add_pPr().get_or_add_numPr().get_or_add_numId().val = current.numId
        previous = None if is_numbered else paragraph


def _write_members(archive: io.BytesIO, target: Path) -> None:
    with zipfile.ZipFile(archive) as source, zipfile.ZipFile(target, "w") as out:
        for name in source.namelist():
            out.writestr(zipfile.ZipInfo(name, ZIP_EPOCH), source.read(name), zipfile.ZIP_DEFLATED)
