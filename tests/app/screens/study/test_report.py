"""The report on the page: tables that are too wide for lines are made narrow, and lose no figure."""

from io import StringIO

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from brainlab.reading.report.study_report import report_from_answers
from brainlab.reading.statistics.ratings import read_ratings

SOURCES = ("scans", "an-autoencoder", "an-adversarial-network")
ROWS = "reader,case,answer,truth,source,confidence\n" + "".join(
    f"R{reader},{case},{'real' if (case * case * 7 + case * reader) % 11 < 6 else 'fake'},"
    f"{'fake' if case % 3 else 'real'},{SOURCES[case % 3]},{1 + (case + reader) % 5}\n"
    for reader in (1, 2, 3)
    for case in range(30)
)


@pytest.fixture(scope="module")
def report():
    """A report on two sources of fakes, which are compared."""
    frame, _ = read_ratings(ROWS.encode(), "mine.csv")
    return report_from_answers(frame), frame


def shown(report, tab: str) -> AppTest:
    def script(report, frame):
        from app.screens.study.report import show_report

        show_report(report, frame, "mine")

    page = AppTest.from_function(script, args=({**report[0], "title": "mine"}, report[1]), default_timeout=120)
    page.session_state["report-mine"] = tab
    page.run()
    assert not page.exception
    return page


def test_a_comparison_has_a_table_for_each_measure_with_intervals_behind_their_figures(report):
    page = shown(report, "Comparisons")
    assert not page.dataframe
    heads = [text.value for text in page.markdown if "minus" in text.value and text.value.startswith("**")]
    assert heads == [
        f"**an-autoencoder minus an-adversarial-network, {what}**" for what in ("ROC area", "share called real")
    ]
    (entry, _) = report[0]["paired"]["sources"]
    first = page.table[0].value.iloc[0]
    assert list(first.index) == ["of", "first", "second", "difference (interval)", "n", "df", "p"]
    other = entry["other_readers"]
    said = f"{other['value']:.3f} ({other['low']:.3f} to {other['high']:.3f})"
    assert first["difference (interval)"] == said
    assert first["df"] == f"{other['df']:.1f}"


def test_the_file_of_a_narrow_table_has_every_figure(report, monkeypatch):
    files = {}

    def download(label, content, name, key, **_):
        files[name] = content

    monkeypatch.setattr("app.components.layout.download", download)
    shown(report, "Comparisons")
    (name,) = (name for name in files if "paired" in name)
    table = pd.read_csv(StringIO(files[name]().decode()))
    assert {"comparison", "measure", "difference", "low", "high", "n", "df", "p"} <= set(table)
    assert table["low"][0] == pytest.approx(report[0]["paired"]["sources"][0]["other_readers"]["low"], rel=1e-12)


def test_a_table_that_fits_stays_one_of_lines(report):
    page = shown(report, "Agreement")
    assert {"value", "low", "high"} <= set(page.dataframe[0].value)
