"""The report of a study on the page: findings in words, figures, tables, downloads."""

import json
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from app.components import layout
from app.screens.study.charts import chart_figure
from app.screens.study.machine_readers import machine_readers
from brainlab.errors import InputError
from brainlab.experiments.studies.machine_reader import machine_areas
from brainlab.files.spreadsheet import csv_text
from brainlab.reading.desk.lifecycle import load_protocol
from brainlab.reading.report.charts.chart import Chart
from brainlab.reading.report.document import Block, Note, Section, Table, Words, report_sections
from brainlab.reading.report.export import ALL_PHASES, answers_frame
from brainlab.reading.report.files.imrmc import imrmc_table
from brainlab.reading.report.findings import MOST_PAIRS
from brainlab.reading.report.html_file import cell, report_html
from brainlab.reading.report.pdf_file import report_pdf
from brainlab.reading.report.study_report import study_report
from brainlab.reading.statistics.paired.machine_scores import MachineReader

TABS = {
    "Sources": ("sources",),
    "Readers": ("readers",),
    "Comparisons": ("paired",),
    "Agreement": ("agreement",),
    "Further questions": ("questions",),
    "Time and learning": ("course",),
    "Second reading": ("rounds",),
    "Machine readers": ("machine",),
    "Images": ("images",),
    "Methods": ("methods", "cautions", "grras"),
}
"""Sections of the report by tab; the findings stand above."""

IN_A_ROW = 4
MOST_ACROSS = 65
"""Characters of a row, heads counted, that a table of single lines shows in a window of 1000 pixels."""
FIGURES = ("value", "difference", "percent")
"""Columns that have an interval, from `low` to `high`."""
HEADS = ("comparison", "measure")
"""Columns that say of many rows the same."""


def show(folder: Path) -> None:
    """Show the whole report of an unblinded study."""
    frame = answers_frame(folder, ALL_PHASES, None)
    if frame.empty:
        layout.empty("Nothing to report.", "Every reader has withdrawn.")
        return
    machines = machine_readers(frame, folder.name, None if load_protocol(folder).grouped else folder)
    show_report(_report(str(folder), machine_areas(load_protocol(folder)), machines), frame, folder.name)


def show_report(report: dict[str, Any], frame: pd.DataFrame, name: str) -> None:
    """Show a report and offer it as files. frame: the answers it rests on. name: begins the files' names."""
    sections = {section.key: section for section in report_sections(report)}
    pdf = partial(report_pdf, report)
    layout.download("Report (PDF)", pdf, f"{name}-report.pdf", f"{name}-pdf", icon=":material/download:")
    _headline(report, name)
    for block in sections["findings"].blocks if "findings" in sections else ():
        _block(block, name)
    present = {tab: [sections[key] for key in keys if key in sections] for tab, keys in TABS.items()}
    layout.tabs(f"report-{name}", {tab: partial(_tab, found, name) for tab, found in present.items() if found})
    _downloads(report, frame, name)


def _tab(sections: Iterable[Section], name: str) -> None:
    """Show sections one below the other; a heading only where there are several."""
    sections = list(sections)
    for section in sections:
        if len(sections) > 1:
            st.subheader(section.heading, anchor=False)
        for block in section.blocks:
            _block(block, name)


def _block(block: Block, name: str) -> None:
    if isinstance(block, Chart):
        layout.plot(chart_figure(block), f"{name}-{block.key}")
    elif isinstance(block, Table):
        _table(block, f"{name}-{block.key}")
    elif isinstance(block, Note):
        st.caption(layout.literal(block.text))
    else:
        _words(block)


def _table(table: Table, name: str) -> None:
    """Show a table with as many decimals as its figures deserve; the download has them all. Reasons wrap.

    So do the cells of a table that is too wide for lines; its intervals stand behind their figures, and what many rows
    share above them.
    """
    shown = table.shown
    floats = shown.select_dtypes("float").columns
    if _across(shown, table.places) > MOST_ACROSS:
        heads = [column for column in HEADS if column in shown]
        layout.text_table(_compact(shown, table.places), name, name, table.places, file=shown, heads=heads)
    elif floats.empty or "reason" in shown:
        layout.text_table(shown, name, name, table.places)
    else:
        number = st.column_config.NumberColumn(format=f"%.{table.places}f")
        layout.table(shown, name, name, column_config=dict.fromkeys(floats, number))


def _across(frame: pd.DataFrame, places: int) -> int:
    """Return the characters of a table's longest line."""
    cells = frame.astype(object).map(partial(cell, places=places))
    return sum(max(map(len, [name, *cells[name]])) for name in cells)


def _compact(frame: pd.DataFrame, places: int) -> pd.DataFrame:
    """Return a table whose figures stand in one column with their intervals, as journals print them, and df as in a
    text."""
    if "df" in frame:
        frame = frame.assign(df=["" if pd.isna(df) else f"{df:.1f}" for df in frame["df"]])
    figure = next((name for name in FIGURES if name in frame), None)
    if figure is None:
        return frame
    joined = [
        cell(value, places) if pd.isna(low) else f"{cell(value, places)} ({cell(low, places)} to {cell(high, places)})"
        for value, low, high in frame[[figure, "low", "high"]].astype(object).itertuples(index=False)
    ]
    frame = frame.assign(**{figure: joined}).drop(columns=["low", "high"])
    return frame.rename(columns={figure: f"{figure} (interval)"})


def _words(words: Words) -> None:
    """Write sentences as a list; signs that Markdown takes for its own are shown as they are."""
    heading = f"**{layout.literal(words.heading)}**\n\n" if words.heading else ""
    st.markdown(heading + "\n".join(f"- {layout.literal(line)}" for line in words.lines))


def _headline(report: dict[str, Any], name: str) -> None:
    """Show kappa and, always beside it, each reader's accuracy, with intervals."""
    pairs = report["cohens_kappa"]
    agreement = [(f"Kappa, {' and '.join(entry['readers'])}", entry, "{:.3f}") for entry in pairs]
    if len(pairs) > MOST_PAIRS:
        agreement = [("Kappa, all readers (Fleiss)", report["fleiss_kappa"], "{:.3f}")]
    accuracy = [(f"Accuracy, {who}", values["accuracy"], "{:.0%}") for who, values in report["per_reader"].items()]
    _metrics([*agreement, *accuracy] if len(agreement) == 1 else accuracy, f"{name}-head")
    if len(agreement) > 1:
        _metrics(agreement, f"{name}-head-pairs")


def _metrics(figures: list[tuple[str, dict[str, Any], str]], key: str) -> None:
    for start in range(0, len(figures), IN_A_ROW):
        row = figures[start : start + IN_A_ROW]
        columns = layout.wrapping(f"{key}-{start}", 2).columns(IN_A_ROW)
        for column, (label, figure, form) in zip(columns, row, strict=False):
            value = "undefined" if figure["value"] is None else form.format(figure["value"])
            bounds = [figure["low"], figure["high"]]
            interval = "no interval" if None in bounds else " to ".join(form.format(bound) for bound in bounds)
            column.metric(label, value, interval, delta_color="off", delta_arrow="off", help=figure["reason"])


def _downloads(report: dict[str, Any], frame: pd.DataFrame, name: str) -> None:
    """Offer the report and the answers as files."""
    files: list[tuple[str, Any, str]] = [
        ("Report (PDF)", partial(report_pdf, report), "report.pdf"),
        ("Report (HTML)", lambda: report_html(report).encode(), "report.html"),
        ("Report (JSON)", lambda: json.dumps(report, indent=1, allow_nan=False).encode(), "report.json"),
        ("Answers (CSV)", lambda: csv_text(frame).encode(), "answers.csv"),
    ]
    refused = ""
    try:
        files.append(("iMRMC (CSV)", imrmc_table(frame).encode(), "answers.imrmc.csv"))
    except InputError as error:
        refused = f"No file for iMRMC: {error}."
    st.subheader("Files", anchor=False)
    columns = layout.wrapping(f"{name}-files", 2).columns(len(files))
    for column, (label, content, file) in zip(columns, files, strict=True):
        with column:
            layout.download(label, content, f"{name}-{file}", f"{name}-file-{file}", width="stretch")
    if refused:
        st.caption(refused)


@st.cache_data(max_entries=16, show_spinner="Computing the statistics")
def _report(folder: str, machine: dict[str, dict[str, Any]], machines: list[MachineReader]) -> dict[str, Any]:
    """The report; an unblinded study never changes, but machine readers may come."""
    return study_report(Path(folder), machine, machines)
