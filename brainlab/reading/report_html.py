"""A report as one HTML file: no scripts, no network, prints to PDF from any browser."""

from html import escape
from typing import Any

import pandas as pd

from brainlab.reading.report import agreement_table, kappa_figure, reader_table, source_figure, table_2

STYLE = """
:root { color-scheme: light }
body { font: 15px/1.5 system-ui, sans-serif; color: #24292f; max-width: 820px; margin: 40px auto; padding: 0 16px }
h1 { font-size: 24px; margin-bottom: 4px } h2 { font-size: 17px; margin-top: 32px }
table { border-collapse: collapse; width: 100%; font-size: 13px }
th { text-align: left; border-bottom: 2px solid #24292f } th, td { padding: 4px 8px; vertical-align: top }
td { border-bottom: 1px solid #d8dee4; font-variant-numeric: tabular-nums }
svg { max-width: 100%; height: auto } .note { color: #57606a }
@media print { body { margin: 0 } h2 { break-after: avoid } table, svg { break-inside: avoid } }
"""


def report_html(report: dict[str, Any]) -> str:
    """Return the report of `study_report` as a self-contained HTML page."""
    parts = [
        f"<h1>{escape(report['title'])}</h1>",
        '<p class="note">Blinded real or fake reading study. For research only, not for diagnosis.</p>',
        _section("Findings", _list(report["summary"])),
    ]
    if report["per_source"]:
        parts.append(_section("Called real, by reader and source", source_figure(report) + _table(table_2(report), 1)))
    if report["cohens_kappa"]:
        parts.append(_section("Agreement", kappa_figure(report) + _table(agreement_table(report), 3)))
    parts += [
        _section("Each reader", _table(reader_table(report), 3)),
        _section("What these figures do not show", _list(report["cautions"])),
        _section("Methods", _list(report["methods"])),
    ]
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{escape(report['title'])}</title><style>{STYLE}</style></head><body>{''.join(parts)}</body></html>\n"
    )


def _section(heading: str, body: str) -> str:
    return f"<section><h2>{escape(heading)}</h2>{body}</section>"


def _list(lines: list[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"


def _table(frame: pd.DataFrame, places: int) -> str:
    """Return an HTML table; an undefined number is a dash."""
    head = "".join(f"<th>{escape(str(name))}</th>" for name in frame.columns)
    rows = "".join(
        "<tr>" + "".join(f"<td>{_cell(value, places)}</td>" for value in row) + "</tr>"
        for row in frame.itertuples(index=False)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"


def _cell(value: object, places: int) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    return f"{value:.{places}f}" if isinstance(value, float) else escape(str(value))
