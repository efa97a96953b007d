"""One document, three ways to read it: HTML, PDF and the page hold the same sections, tables and charts."""

import re

import numpy as np
import pandas as pd
import pytest

from brainlab.reading.desk import lifecycle
from brainlab.reading.report.charts.chart import Chart
from brainlab.reading.report.charts.chart_svg import chart_svg
from brainlab.reading.report.document import Table, report_sections
from brainlab.reading.report.html_file import cell, report_html
from brainlab.reading.report.pdf_file import _Pages, _table, report_pdf
from brainlab.reading.report.study_report import report_from_answers, study_report


@pytest.fixture(scope="module")
def report() -> dict:
    """Three readers, 40 cases, two sources of fakes, confidence, times, classes and a second reading."""
    random = np.random.default_rng(0)
    truth = np.repeat(["real", "fake"], 20)
    rows = []
    for number in (1, 2):
        for reader, skill in (("R1", 0.9), ("R2", 0.7), ("R3 <b>", 0.5)):
            right = random.random(40) < skill
            rows.append(
                pd.DataFrame(
                    {
                        "reader": reader,
                        "case": [str(case) for case in range(40)],
                        "answer": np.where(right, truth, np.where(truth == "real", "fake", "real")),
                        "truth": truth,
                        "source": np.repeat(["people", "<model>", "other"], [20, 10, 10]),
                        "class": np.repeat(["healthy", "ms", None], [10, 10, 20]),
                        "confidence": random.integers(1, 6, 40),
                        "position": random.permutation(40) + 1,
                        "active_ms": random.integers(1000, 9000, 40),
                        "round": number,
                    }
                )
            )
    machine = {"other": {"value": 0.97, "low": 0.9, "high": 1.0, "n": 400, "reason": None}}
    return report_from_answers(pd.concat(rows, ignore_index=True), machine=machine)


def blocks(report: dict, kind: type) -> list:
    return [block for section in report_sections(report) for block in section.blocks if isinstance(block, kind)]


def test_every_plot_that_the_answers_allow_is_there(report):
    assert [chart.key for chart in blocks(report, Chart)] == [
        "sources",
        "classes",
        "accuracy",
        "roc",
        "detection",
        "paired-sources",
        "kappa",
        "time",
        "pace",
        "learning",
        "rounds",
    ]


def test_sections_follow_the_guideline_methods_before_results(report):
    keys = [section.key for section in report_sections(report)]
    assert keys == [
        "findings",
        "methods",
        "sources",
        "readers",
        "paired",
        "agreement",
        "course",
        "rounds",
        "machine",
        "cautions",
        "grras",
    ]
    (checklist,) = [table for table in blocks(report, Table) if table.key == "grras"]
    assert checklist.frame["item"].tolist() == list(range(1, 16))


def test_kappa_never_stands_without_accuracy(report):
    agreement = next(section for section in report_sections(report) if section.key == "agreement")
    words = " ".join(line for block in agreement.blocks if hasattr(block, "lines") for line in block.lines)
    for reader in report["readers"]:
        assert f"{reader}: accuracy" in words


def test_html_is_one_safe_file_with_every_chart(report):
    page = report_html(report)
    assert "&lt;model&gt;" in page
    assert "<model>" not in page
    assert "<b>" not in page
    assert "<script" not in page
    assert page.count("<svg") == len(blocks(report, Chart))
    assert set(re.findall(r'href="(.)', page)) == {"#"}, "nothing outside the file is referred to"
    assert "src=" not in page
    names = re.findall(r"<svg.*?</svg>", page, re.S)
    clips = [set(re.findall(r'<clipPath id="([^"]+)"', svg)) for svg in names]
    assert sum(map(len, clips)) == len(set().union(*clips)), "charts of one page share no clip path"


def test_a_chart_is_drawn_alike_each_time(report):
    chart = blocks(report, Chart)[0]
    first = chart_svg(chart)
    chart_svg.cache_clear()
    assert chart_svg(chart) == first


def test_dots_and_intervals_are_those_of_the_figures(report):
    (chart,) = [chart for chart in blocks(report, Chart) if chart.key == "sources"]
    series = next(series for series in chart.series if series.name == "R2")
    for source, value, low, high in zip(series.labels, series.x, series.low, series.high, strict=True):
        cell = report["per_source"]["R2"][source]
        assert (value, low, high) == (cell["value"], cell["low"], cell["high"])


def test_pdf_is_whole_and_holds_text(report):
    data = report_pdf(report)
    assert data.startswith(b"%PDF-")
    assert data.rstrip().endswith(b"%%EOF")
    outlines = re.findall(rb"/Title \(?<?([^)>]*)", data)
    assert len(outlines) >= len(report_sections(report))


def test_an_undefined_kappa_is_a_reason_in_every_file(report):
    frame = pd.DataFrame({"reader": list("aabb"), "case": list("1212"), "answer": "real", "truth": list("ab") * 2})
    bare = report_from_answers(frame.assign(truth="real"))
    assert "undefined: each side gave a single answer" in report_html(bare)
    assert report_pdf(bare).startswith(b"%PDF-")


def test_counts_are_whole_numbers_where_some_row_has_none(report):
    (readers,) = [table for table in blocks(report, Table) if table.key == "readers"]
    shown = readers.shown
    assert list(shown.columns[:2]) == ["reader", "measure"]
    assert {cell(n, readers.places) for n in shown["n"]} == {"40", "20", "–"}


def test_a_reading_that_nobody_began_has_no_display_and_an_undefined_kappa_in_words(make_study):
    study = make_study(rounds=2)
    study.read_all("A")
    lifecycle.close(study.folder)
    lifecycle.unblind(study.folder, "tester")
    report = study_report(study.folder)
    text = " ".join(report["methods"])
    assert "A, reading 2: not started." in text
    assert "A, reading 2: no display check" not in text
    assert (
        "A: intra-reader kappa between readings 1 and 2 is undefined: no case has two answers to compare."
        in (report["summary"])
    )


@pytest.mark.parametrize("columns", [2, 9, 14, 22])
def test_a_table_of_any_width_has_a_place_for_every_letter(columns):
    """Long reasons beside many short columns once squeezed these to nothing, and there was no PDF."""
    random = np.random.default_rng(columns)
    long = ["undefined: needs two cases of each source that each reader judged", "x" * 90, "0.123", "–"]
    names = [f"c{number}" * random.integers(1, 5) for number in range(columns)]
    frame = pd.DataFrame([[long[random.integers(4)] for _ in names] for _ in range(4)], columns=names)
    pages = _Pages(format="A4")
    pages.take_fonts("x")
    pages.add_page()
    _table(pages, Table("wide", frame, 3))
    assert bytes(pages.output()).startswith(b"%PDF")


def test_a_study_that_nobody_answered_has_a_report():
    frame = pd.DataFrame(
        {
            "reader": np.repeat(["R1", "R2"], 20),
            "case": [str(case) for case in range(20)] * 2,
            "answer": None,
            "truth": (["real"] * 10 + ["fake"] * 10) * 2,
            "source": (["/data/people"] * 10 + ["a long name of a model"] * 5 + ["another long name of one"] * 5) * 2,
        }
    ).astype({"answer": object})
    empty = report_from_answers(frame)
    assert empty["answers"] == 0
    assert report_pdf(empty).startswith(b"%PDF")
    assert "needs two cases of each source" in report_html(empty)
