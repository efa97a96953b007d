"""A report as a PDF, from the same sections as the HTML: text that can be searched, tables, charts as vectors."""

import io
import json
import logging
from typing import Any

from fpdf import FPDF
from fpdf.fonts import FontFace

from brainlab.reading.report.charts.chart import Chart
from brainlab.reading.report.charts.chart_svg import chart_svg
from brainlab.reading.report.document import Block, Note, Section, Table, report_sections
from brainlab.reading.report.fonts import (
    BOLD,
    REGULAR,
    fallback_fonts,
    legible,
    letters_wide,
    needs_shaping,
    without_a_font,
)
from brainlab.reading.report.html_file import NOTE, cell

FONT = "DejaVu"

WITHOUT_A_FONT = (
    "No font on this machine has some of the characters in this report; they are given as Unicode numbers, such as {}. "
    "The HTML report holds them as they are."
)

INK, FAINT, RULE = (36, 41, 47), (87, 96, 106), (216, 222, 228)
TEXT_PT, SMALL_PT = 9.5, 8
LINE_MM, INDENT_MM = 4.9, 4.0
WIDEST_LETTERS, NARROWEST_LETTERS = 34, 8
LETTERS_A_LINE = 115
"""Of a table, in which padding takes some of the room."""

"""A cell of so many letters gets the full share of a table's width; longer ones wrap."""


class _Pages(FPDF):
    """A4 with a page number at the foot, and fonts for every script of its words."""

    def take_fonts(self, words: str) -> None:
        """Embed the fonts that hold `words`; English stays the language, which runs from left to right."""
        self.add_font(FONT, "", REGULAR)
        self.add_font(FONT, "B", BOLD)
        others = fallback_fonts(words)
        for number, path in enumerate(others):
            self.add_font(f"fallback {number}", "", path)
        self.set_fallback_fonts([f"fallback {number}" for number in range(len(others))], exact_match=False)
        if needs_shaping(words):
            self.set_text_shaping(True, features={"liga": False}, direction="ltr")

    def normalize_text(self, text: str) -> str:
        """See `FPDF`, through which every text goes."""
        return super().normalize_text(legible(text))

    def footer(self) -> None:
        self.set_y(-12)
        self.set_font(FONT, size=SMALL_PT)
        self.set_text_color(*FAINT)
        self.cell(0, 5, f"{self.page_no()} / {{nb}}", align="R")


def report_pdf(report: dict[str, Any]) -> bytes:
    """Return the report of `report_from_answers` as a PDF on A4."""
    logging.getLogger("fontTools").setLevel(logging.ERROR)
    words = json.dumps(report, ensure_ascii=False)
    pages = _Pages(format="A4")
    pages.take_fonts(words)
    pages.set_margins(18, 16)
    pages.set_auto_page_break(True, 18)
    pages.set_title(report["title"])
    pages.set_lang("en")
    pages.add_page()
    _words(pages, report["title"], 15, bold=True)
    _words(pages, NOTE, SMALL_PT, colour=FAINT)
    if unknown := without_a_font(words):
        _words(pages, WITHOUT_A_FONT.format(legible(unknown[0])), SMALL_PT, colour=FAINT)
    for section in report_sections(report):
        _heading(pages, section)
        for block in section.blocks:
            _block(pages, block)
    return bytes(pages.output())


def _heading(pages: FPDF, section: Section) -> None:
    """Write a heading on the page on which what follows it begins."""
    first = section.blocks[0]
    if pages.will_page_break(12 + (_height(pages, first) if isinstance(first, Chart) else 5 * LINE_MM)):
        pages.add_page()
    pages.ln(4)
    pages.start_section(section.heading)
    _words(pages, section.heading, 12, bold=True)
    pages.ln(1)


def _block(pages: FPDF, block: Block) -> None:
    if isinstance(block, Chart):
        _chart(pages, block)
    elif isinstance(block, Table):
        _table(pages, block)
    elif isinstance(block, Note):
        _words(pages, block.text, SMALL_PT, colour=FAINT)
    else:
        if block.heading:
            if pages.will_page_break(3 * LINE_MM):
                pages.add_page()
            pages.ln(1)
            _words(pages, block.heading, TEXT_PT, bold=True)
        for line in block.lines:
            _item(pages, line)


def _words(pages: FPDF, text: str, size: float, *, bold: bool = False, colour: tuple[int, int, int] = INK) -> None:
    pages.set_font(FONT, "B" if bold else "", size)
    pages.set_text_color(*colour)
    pages.multi_cell(0, size * 0.52, text, align="L", new_x="LMARGIN", new_y="NEXT")


def _item(pages: FPDF, line: str) -> None:
    pages.set_font(FONT, size=TEXT_PT)
    pages.set_text_color(*INK)
    pages.cell(INDENT_MM, LINE_MM, "•")
    pages.multi_cell(0, LINE_MM, line, align="L", new_x="LMARGIN", new_y="NEXT")


def _chart(pages: FPDF, chart: Chart) -> None:
    if pages.will_page_break(_height(pages, chart)):
        pages.add_page()
    pages.image(io.BytesIO(chart_svg(chart).encode()), w=pages.epw, alt_text=chart.title)
    pages.ln(2)


def _height(pages: FPDF, chart: Chart) -> float:
    """Height in mm of a drawing as wide as the page, from its view box."""
    _, _, width, height = (float(part) for part in chart_svg(chart).split('viewBox="', 1)[1].split('"', 1)[0].split())
    return pages.epw * height / width + 6


def _fitting(letters: list[int]) -> list[int]:
    """Narrow the widest columns until all fit on a line, so that long words do not squeeze short ones to nothing."""
    widest = WIDEST_LETTERS
    while widest > NARROWEST_LETTERS and sum(min(width, widest) for width in letters) > LETTERS_A_LINE:
        widest -= 1
    return [max(min(width, widest), NARROWEST_LETTERS // 2) for width in letters]


def _table(pages: FPDF, table: Table) -> None:
    """Write a table that goes on over pages, with its heading on each."""
    rows = [[cell(value, table.places) for value in row] for row in table.shown.astype(object).to_numpy().tolist()]
    columns = [str(name) for name in table.shown.columns]
    widths = _fitting([2 + max(letters_wide(row[place]) for row in [columns, *rows]) for place in range(len(columns))])
    pages.ln(1)
    pages.set_font(FONT, size=SMALL_PT - 0.5)
    pages.set_text_color(*INK)
    pages.set_draw_color(*RULE)
    heading = FontFace(emphasis="BOLD", color=INK)
    with pages.table(
        col_widths=tuple(widths),
        line_height=3.9,
        padding=(0.7, 1.2),
        text_align="LEFT",
        borders_layout="HORIZONTAL_LINES",
        headings_style=heading,
    ) as grid:
        grid.row(columns)
        for row in rows:
            grid.row(row)
    pages.ln(3)
