"""Comparisons and machines in the report: sentences of a journal, tables and charts on page, HTML and PDF."""

import json

import numpy as np
import pandas as pd
import pytest

from brainlab.reading.report.charts.chart import Chart
from brainlab.reading.report.document import Note, Table, report_sections
from brainlab.reading.report.html_file import report_html
from brainlab.reading.report.paired.sentences import p_in_words
from brainlab.reading.report.pdf_file import report_pdf
from brainlab.reading.report.study_report import report_from_answers
from brainlab.reading.statistics.paired.machine_scores import MachineReader
from tests.reading.statistics.paired.test_comparisons import generators, van_dyke_table
from tests.reading.statistics.paired.test_machine_scores import machine


def section(report: dict, key: str) -> list:
    """The blocks of one section; none where it is absent."""
    return [block for section in report_sections(report) if section.key == key for block in section.blocks]


def table_of(report: dict, key: str) -> pd.DataFrame:
    (found,) = [
        block.shown
        for part in report_sections(report)
        for block in part.blocks
        if isinstance(block, Table) and block.key == key
    ]
    return found


def test_van_dyke_is_told_as_a_journal_prints_it():
    report = report_from_answers(van_dyke_table())
    assert (
        "Mean ROC area of the 5 readers was 0.90 for spin echo and 0.94 for cine; the difference, -0.044 (95% CI "
        "-0.088 to +0.000), was not significant (t(15.0) = -2.12, p = .051; 114 cases)."
    ) in report["summary"]
    assert any("not evidence of equality" in line for line in report["cautions"])
    assert any("All other figures are of the condition 'spin echo'" in line for line in report["methods"])
    assert any("Hillis' degrees of freedom" in line for line in report["methods"])
    shown = table_of(report, "paired-conditions")
    area = shown[shown["measure"] == "ROC area"]
    assert area["of"].tolist()[:3] == ["other readers, new cases", "these readers, new cases", "R1"]
    assert area["p"].iloc[0] == pytest.approx(0.051162, abs=5e-7)
    assert "adjusted p" not in shown
    json.dumps(report, allow_nan=False)


def test_generators_have_a_sentence_a_table_a_chart_and_a_caution():
    report = report_from_answers(generators())
    (line,) = [line for line in report["summary"] if "for crude and" in line]
    assert line.startswith("Mean ROC area of the 3 readers was ")
    blocks = section(report, "paired")
    assert [block.key for block in blocks if isinstance(block, Chart)] == ["paired-sources"]
    assert any(
        isinstance(block, Note) and "With 3 readers, the interval for other readers is uncertain" in block.text
        for block in blocks
    )
    page = report_html(report)
    assert "crude minus fine" in page
    assert "Comparisons" in page


def four_generators(**more) -> pd.DataFrame:
    """Twenty real cases and four generators."""
    others = [
        generators(seed, **more)
        .query("source == 'fine'")
        .assign(source=f"fine {seed}", case=lambda rows, s=seed: f"{s}-" + rows["case"])
        for seed in (1, 2)
    ]
    return pd.concat([generators(**more), *others])


def test_many_pairs_are_summed_up_in_one_sentence_with_adjusted_p():
    report = report_from_answers(four_generators())
    told = [line for line in report["summary"] if "pairs of sources" in line]
    assert len(told) == 1
    assert told[0].startswith("ROC area differed significantly between ")
    assert "of 6 pairs of sources after adjustment for multiple comparisons (Holm)" in told[0]
    assert "adjusted p" in table_of(report, "paired-sources")


def test_a_machine_stands_beside_the_readers_case_by_case_in_every_file():
    table = generators()
    net = machine(table)
    report = report_from_answers(table, machines=[net])
    (line,) = [line for line in report["summary"] if line.startswith("The ROC area of net was ")]
    assert "the mean of the 3 readers" in line
    assert any(line.startswith("Machine reader: net. Each scored every case") for line in report["methods"])
    cases = table_of(report, "machine-cases")
    assert len(cases) == 50
    assert cases.columns.tolist() == ["case", "truth", "source", "called real", "net"]
    assert cases.set_index("case")["net"].to_dict() == pytest.approx(net.scores)
    assert set(table_of(report, "machine-readers")["source"]) == {"all", "crude", "fine"}
    page = report_html(report)
    assert "net minus readers, fine" in page
    assert report_pdf(report).startswith(b"%PDF-")
    json.dumps(report, allow_nan=False)


def test_the_cases_on_which_machine_and_readers_differ_most_come_first():
    table = generators().assign(answer=lambda rows: rows["truth"])
    right = MachineReader(
        "net", {case: float(t == "real") for case, t in zip(table["case"], table["truth"], strict=True)}
    )
    wrong = MachineReader("net", {**right.scores, "03": -9.0})
    cases = table_of(report_from_answers(table, machines=[wrong]), "machine-cases")
    assert cases["case"].iloc[0] == "03"
    assert cases["called real"].iloc[0] == "3 of 3"


def test_a_machine_that_counts_the_wrong_way_round_is_pointed_at():
    table = generators()
    net = machine(table)
    turned = MachineReader("net", {case: -score for case, score in net.scores.items()})
    report = report_from_answers(table, machines=[turned])
    assert any("check that a higher score means more likely real" in line for line in report["cautions"])
    assert not any("more likely real" in line for line in report_from_answers(table, machines=[net])["cautions"])


def test_one_reader_is_told_without_a_test():
    report = report_from_answers(generators(readers=1), machines=[machine(generators())])
    told = " ".join(report["summary"])
    assert "ROC area of the reader was" in told
    assert "one reader gives no estimate" in told
    assert "p =" not in told


def test_many_pairs_of_one_reader_are_not_said_to_be_alike():
    report = report_from_answers(four_generators(readers=1))
    assert not [line for line in report["summary"] if "pairs of sources" in line], "none of them could be tested"


def test_what_cannot_be_compared_is_told_with_its_reason():
    table = generators().drop(columns="confidence")
    report = report_from_answers(table, machines=[machine(table)])
    assert any(line.startswith("net and the readers are not compared: undefined: needs") for line in report["summary"])
    assert any("Mean share called real of the 3 readers was" in line for line in report["summary"])
    assert not [block for block in section(report, "machine") if isinstance(block, Chart)]


def test_a_study_without_comparisons_says_nothing_of_them():
    report = report_from_answers(generators().query("source != 'fine'"))
    assert section(report, "paired") == section(report, "machine") == []
    assert not any("Comparisons" in line for line in report["methods"])


@pytest.mark.parametrize(
    ("p", "words"), [(0.0004, "p < .001"), (0.051162, "p = .051"), (1.0, "p = 1.000"), (0.2, "p = .200")]
)
def test_p_values_are_written_as_journals_do(p, words):
    assert p_in_words(p) == words


def test_unanimous_readers_leave_no_chart_of_nothing():
    table = generators().assign(answer="real", confidence=3)
    report = report_from_answers(table.astype({"confidence": float}))
    assert np.isclose(report["paired"]["sources"][0]["other_readers"]["value"], 0)
    assert report_html(report)
