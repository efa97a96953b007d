"""A report as one HTML file: no scripts, no network, prints to PDF from any browser."""

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from brainlab.reading.report.charts.chart_svg import chart_svg
from brainlab.reading.report.document import report_sections

NOTE = "Blinded reading study of real and generated images. For research only, not for diagnosis."
TEMPLATE = "report.html.jinja"
"""Beside this file. Everything put into it is escaped but the charts, whose own words are escaped by `chart_svg`."""


def report_html(report: dict[str, Any]) -> str:
    """Return the report of `report_from_answers` as a self-contained HTML page."""
    pages = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    sections = [
        (section, [(type(block).__name__, block) for block in section.blocks]) for section in report_sections(report)
    ]
    page = pages.get_template(TEMPLATE)
    return page.render(title=report["title"], caution=NOTE, sections=sections, svg=chart_svg, cell=cell)


def cell(value: object, places: int) -> str:
    """Write one value of a table; an undefined number is a dash."""
    if value is None or value != value:
        return "–"
    return f"{value:z.{places}f}" if isinstance(value, float) else str(value)
