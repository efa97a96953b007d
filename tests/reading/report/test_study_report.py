"""The report says in words and one HTML file what the statistics say in numbers."""

import json

import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.reading.protocol.questions import VERDICT, Question
from brainlab.reading.report.document import Note, Table, report_sections
from brainlab.reading.report.html_file import report_html
from brainlab.reading.report.study_report import report_from_answers
from brainlab.reading.report.tables import table_2


@pytest.fixture
def frame() -> pd.DataFrame:
    """Two readers, ten real and ten fake cases; the first knows, the second calls everything real but two fakes."""
    rows = []
    for case in range(20):
        truth = "real" if case < 10 else "fake"
        second = "fake" if case >= 18 else "real"
        for reader, answer in (("R1", truth), ("R2", second)):
            rows.append(
                {
                    "reader": reader,
                    "case": str(case),
                    "answer": answer,
                    "truth": truth,
                    "source": "people" if truth == "real" else "<model>",
                    "phase": "main",
                    "active_ms": 1000 * (case + 1),
                }
            )
    return pd.DataFrame(rows)


def test_table_2_counts_and_percents(frame):
    table = table_2(report_from_answers(frame)).set_index(["reader", "source"])
    assert table.loc[("R2", "<model>"), "called real"] == 8
    assert table.loc[("R2", "<model>"), "percent"] == 80
    assert table.loc[("R1", "people"), "high"] == 100
    assert table.loc[("R1", "people"), "low"] < 75


def test_summary_and_cautions_speak_of_what_was_found(frame):
    report = report_from_answers(frame)
    text = " ".join(report["summary"])
    assert "R1 classified 100%" in text
    assert "agreed on 60% of 20 cases" in text
    assert any("fewer than 30" in line for line in report["cautions"])
    assert report["seconds_per_case"]["R1"]["median"] == 10.5
    json.dumps(report, allow_nan=False)


def test_a_reader_who_guesses_often_enough_is_equivalent_to_chance():
    guess = pd.DataFrame(
        {
            "reader": "R1",
            "case": [str(case) for case in range(800)],
            "answer": ["real", "fake"] * 400,
            "truth": ["real", "real", "fake", "fake"] * 200,
        }
    )
    assert report_from_answers(guess)["per_reader"]["R1"]["against_chance"]["equivalent"]
    few = report_from_answers(guess.head(40))["per_reader"]["R1"]["against_chance"]
    assert (few["value"], few["equivalent"]) == (0.5, False)


def test_undefined_kappa_is_said_with_its_reason(frame):
    report = report_from_answers(frame.assign(answer="real"))
    assert any("undefined" in line for line in report["summary"])


def test_grades_are_never_taken_for_right_or_wrong(frame):
    graded = frame.assign(answer=[str(1 + row % 5) for row in range(len(frame))])
    report = report_from_answers(graded)
    assert {values["accuracy"]["value"] for values in report["per_reader"].values()} == {None}
    assert "correct answers" in report["per_reader"]["R1"]["accuracy"]["reason"]
    assert report["categories"] == ["1", "2", "3", "4", "5"]
    assert report["cohens_kappa"][0]["n"] == 20
    assert not any("correctly" in line for line in report["summary"])


def test_calling_every_case_real_stays_a_wrong_answer(frame):
    fakes = frame[frame["truth"] == "fake"].assign(answer="real")
    assert report_from_answers(fakes)["per_reader"]["R1"]["accuracy"]["value"] == 0


def test_means_over_readers_say_whom_they_speak_of(frame):
    (readers,) = [section for section in report_sections(report_from_answers(frame)) if section.key == "readers"]
    (means,) = [block for block in readers.blocks if isinstance(block, Table) and block.key == "means"]
    accuracy = means.frame[means.frame["mean over readers"] == "accuracy"].set_index("generalises to")
    assert accuracy["value"].tolist() == pytest.approx([0.8, 0.8])
    assert accuracy.loc["these readers, new cases", "n"] == 20
    assert any(isinstance(block, Note) and "reader" in block.text for block in readers.blocks)


def test_each_further_question_has_its_table(frame, make_protocol):
    questions = (
        VERDICT,
        Question(key="quality", kind="scale", text="How sharp?", required=False),
        Question(key="why", kind="text", text="Why?", required=False),
    )
    protocol = make_protocol(questions=questions)
    answers = frame.assign(quality=["1", "5"] * 20, why=["blurred", None] * 20)
    (section,) = [s for s in report_sections(report_from_answers(answers, protocol)) if s.key == "questions"]
    grades, texts = [block.frame for block in section.blocks if isinstance(block, Table)]
    assert grades.loc[(grades["figure"] == "median") & (grades["source"] == "all"), "value"].tolist() == [1, 5]
    assert set(texts["text"]) == {"blurred"}
    assert set(texts["reader"]) == {"R1"}


def test_the_full_list_of_answers_counts_whether_used_or_not(frame, make_protocol):
    scale = Question(key="grade", kind="scale", text="How sharp?")
    graded = frame.assign(answer=["2", "3"] * 20)
    report = report_from_answers(graded, make_protocol(questions=(scale,)))
    assert report["categories"] == ["1", "2", "3", "4", "5"]
    assert report["krippendorff_alpha"]["level"] == "ordinal"
    assert report["learning"] == {}
    assert not report["accuracy_per_class"]


def test_a_case_with_two_truths_is_refused(frame):
    frame.loc[frame["reader"] == "R2", "truth"] = frame["truth"].map({"real": "fake", "fake": "real"})
    with pytest.raises(InputError, match=r"case 0 has truth .* and .*; a case has one"):
        report_from_answers(frame)


def test_what_was_mended_in_a_file_is_part_of_the_methods(frame):
    report = report_from_answers(frame, notes=["reader: taken as one: 'R1' and 'r1'"])
    assert report["method_sections"][1]["lines"] == ["reader: taken as one: 'R1' and 'r1'."]
    assert "reader: taken as one" in report_html(report)


def test_answers_whose_truth_is_blank_have_agreement_only(frame):
    report = report_from_answers(frame.assign(truth=None))
    assert report["cohens_kappa"][0]["value"] is not None
    assert report["all_readers"] is None


def test_truth_in_the_rows_of_one_reader_is_the_truth_of_the_cases(frame):
    one = report_from_answers(frame.assign(truth=frame["truth"].where(frame["reader"] == "R1")))
    assert one["per_reader"] == report_from_answers(frame)["per_reader"]


def test_times_without_sources_are_reported(frame):
    html = report_html(report_from_answers(frame.drop(columns="source")))
    assert "median (s)" in html


def test_a_kappa_of_few_cases_or_without_interval_gets_no_name(frame):
    assert not any("Landis" in line for line in report_from_answers(frame)["summary"])
