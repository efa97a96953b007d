"""The report of an unblinded study on the page: findings in words, figures, tables, downloads."""

import json
from pathlib import Path
from typing import Any

import streamlit as st

from app import layout
from brainlab.reading.desk import load_protocol
from brainlab.reading.export import answers_frame
from brainlab.reading.report import agreement_table, kappa_figure, reader_table, source_figure, study_report, table_2
from brainlab.reading.report_html import report_html


def show(folder: Path) -> None:
    """Show the whole report of an unblinded study."""
    report = _report(str(folder))
    _headline(report)
    st.markdown(_list(report["summary"]))
    tabs = st.tabs(["Sources", "Agreement", "Readers", "Methods"])
    with tabs[0]:
        st.image(source_figure(report), width="stretch")
        layout.table(table_2(report).round(1), f"{folder.name}-called-real", "called-real")
    with tabs[1]:
        if report["cohens_kappa"]:
            st.image(kappa_figure(report), width="stretch")
        layout.table(agreement_table(report).round(4), f"{folder.name}-agreement", "agreement")
    with tabs[2]:
        layout.table(reader_table(report).round(4), f"{folder.name}-readers", "readers")
    with tabs[3]:
        st.markdown("**Methods**\n\n" + _list(report["methods"]))
        st.markdown("**What these figures do not show**\n\n" + _list(report["cautions"]))
    _downloads(folder, report)


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {line}" for line in lines)


def _headline(report: dict[str, Any]) -> None:
    """Show kappa of each pair and accuracy of each reader, with intervals."""
    figures = [(f"Kappa, {' and '.join(entry['readers'])}", entry, "{:.3f}") for entry in report["cohens_kappa"][:3]]
    figures += [(f"Accuracy, {name}", values["accuracy"], "{:.0%}") for name, values in report["per_reader"].items()]
    for column, (label, figure, form) in zip(st.columns(len(figures)), figures, strict=True):
        value = "undefined" if figure["value"] is None else form.format(figure["value"])
        interval = None if figure["low"] is None else f"{form.format(figure['low'])} to {form.format(figure['high'])}"
        column.metric(
            label, value, interval or "no interval", delta_color="off", delta_arrow="off", help=figure["reason"]
        )


def _downloads(folder: Path, report: dict[str, Any]) -> None:
    """Offer the answers and the report as files."""
    frame = answers_frame(folder, ("practice", "main", "repeat"), None)
    files = [
        ("Report (HTML)", report_html(report), "report.html"),
        ("Report (JSON)", json.dumps(report, indent=1, allow_nan=False), "report.json"),
        ("Answers (CSV)", frame.to_csv(index=False), "answers.csv"),
        ("Figure (SVG)", source_figure(report), "sources.svg"),
    ]
    st.subheader("Files", anchor=False)
    for column, (label, content, name) in zip(st.columns(len(files)), files, strict=True):
        with column:
            layout.download(label, content, f"{folder.name}-{name}", f"file-{name}", width="stretch")


@st.cache_data(max_entries=16, show_spinner="Working out the statistics")
def _report(folder: str) -> dict[str, Any]:
    """The report; an unblinded study never changes."""
    return study_report(answers_frame(Path(folder)), load_protocol(Path(folder)))
