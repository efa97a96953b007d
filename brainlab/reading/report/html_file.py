"""A report as one HTML file: no scripts, no network, prints to PDF from any browser."""

from html import escape
from typing import Any

from brainlab.reading.report.chart import Chart
from brainlab.reading.report.chart_svg import chart_svg
from brainlab.reading.report.document import Block, Note, Section, Table, report_sections

STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #24292f; max-width: 820px; margin: 40px auto; padding: 0 16px }
h1 { font-size: 24px; margin-bottom: 4px } h2 { font-size: 17px; margin-top: 32px }
h3 { font-size: 14px; margin: 14px 0 0 }
table { border-collapse: collapse; width: 100%; font-size: 13px; margin: 8px 0 20px }
th { text-align: left; border-bottom: 2px solid #24292f } th, td { padding: 4px 8px; vertical-align: top }
td { border-bottom: 1px solid #d8dee4; font-variant-numeric: tabular-nums }
ul { padding-left: 20px; margin: 6px 0 } .table { overflow-x: auto }
svg { max-width: 100%; height: auto; margin: 8px 0 } .note { color: #57606a; font-size: 13px }
@media print { body { margin: 0 } h2, h3 { break-after: avoid } tr, svg { break-inside: avoid } }
"""
NOTE = "Blinded real or fake reading study. For research only, not for diagnosis."


def report_html(report: dict[str, Any]) -> str:
    """Return the report of `study_report` as a self-contained HTML page."""
    title = escape(report["title"])
    body = "".join(_section(section) for section in report_sections(report))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title}</title><style>{STYLE}</style></head><body>"
        f'<h1>{title}</h1><p class="note">{NOTE}</p>{body}</body></html>\n'
    )


def cell(value: object, places: int) -> str:
    """Write one value of a table; an undefined number is a dash."""
    if value is None or value != value:
        return "–"
    return f"{value:z.{places}f}" if isinstance(value, float) else str(value)


def _section(section: Section) -> str:
    body = "".join(_block(block) for block in section.blocks)
    return f'<section id="{section.key}"><h2>{escape(section.heading)}</h2>{body}</section>'


def _block(block: Block) -> str:
    if isinstance(block, Chart):
        return chart_svg(block)
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Note):
        return f'<p class="note">{escape(block.text)}</p>'
    heading = f"<h3>{escape(block.heading)}</h3>" if block.heading else ""
    return heading + "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in block.lines) + "</ul>"


def _table(table: Table) -> str:
    head = "".join(f"<th>{escape(str(name))}</th>" for name in table.shown.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{escape(cell(value, table.places))}</td>" for value in row) + "</tr>"
        for row in table.shown.astype(object).itertuples(index=False)
    )
    return f'<div class="table"><table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'
