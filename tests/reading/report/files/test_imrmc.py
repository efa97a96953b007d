"""The iMRMC file, read back by the rules of the Java program and of the R package, each written down here by itself.

InputFile.java (ReadInputFile to processScoresAndTruth) and doAUCMRMC.R (doAUCmrmc) of https://github.com/DIDSR/iMRMC.
"""

import csv
import io
import re

import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.reading.report.files.imrmc import imrmc_table

Scores = dict[tuple[str, str, str], float]


def parse(text: str) -> tuple[dict[str, int], dict[str, int], Scores]:
    """Read a file by both sets of rules, which must agree; returns counts, truth and scores."""
    counts, truth, scores = read_as_java(text)
    assert read_as_r(text) == (truth, scores)
    return counts, truth, scores


def read_as_java(text: str) -> tuple[dict[str, int], dict[str, int], Scores]:
    """Read counts, truth and scores as InputFile.java does; every complaint that it has is an assertion."""
    lines = text.splitlines()
    assert all(len(line) != 1 for line in lines), "the last two letters of a line are looked at: one alone ends reading"
    assert not any(line.endswith(",") for line in lines), "a comma at the end of a line is cut off"
    start = next(number for number, line in enumerate(lines) if line.upper().startswith("BEGIN DATA:"))
    counts: dict[str, int] = {}
    for line in lines[:start]:
        for key in ("N0:", "N1:", "NR:", "NM:"):
            if key in line.upper():  # wherever it stands, all that follows the third letter must be a number
                counts[key[:2]] = int(line[3:].strip())
    observed = [[re.sub(r"\s", "", field) for field in line.split(",")[:4]] for line in lines[start + 1 :]]
    assert all(len(row) == 4 for row in observed), "ERROR: Invalid input"
    of_truth = [row for row in observed if row[0] in ("truth", "-1")]
    truth = {case: int(score) for _, case, _, score in of_truth}
    assert len(truth) == len(of_truth), "ERROR: Duplicate case found"
    assert set(truth.values()) <= {0, 1}
    scores: Scores = {}
    for reader, case, modality, score in (row for row in observed if row not in of_truth):
        assert case in truth, "ERROR: No truth for case"
        assert (reader, case, modality) not in scores, "ERROR: Replicate observation found"
        scores[reader, case, modality] = float(score)
    found = {
        "NR": len({key[0] for key in scores}),
        "N0": sum(value == 0 for value in truth.values()),
        "N1": sum(value == 1 for value in truth.values()),
        "NM": len({key[2] for key in scores}),
    }
    assert counts == found, "NR Given = ... NR Found = ..."
    for reader, _, modality in scores:
        kinds = [truth[key[1]] for key in scores if key[0] == reader and key[2] == modality]
        assert min(kinds.count(0), kinds.count(1)) >= 2, "reads less than 2 normal or less than 2 disease cases"
    return counts, truth, scores


def read_as_r(text: str) -> tuple[dict[str, int], Scores]:
    """Read truth and scores as doAUCmrmc does, by `read.csv` with its defaults; every `stop` is an assertion."""
    lines = text.splitlines()
    (start,) = [number for number, line in enumerate(lines) if "BEGIN DATA:" in line]  # grep, with regard to case
    rows = list(csv.reader(io.StringIO("\n".join(lines[start + 1 :])), quotechar='"'))
    assert all(len(row) == 4 for row in rows)
    assert not any("NA" in row for row in rows), "na.strings: a name NA is missing"
    keys = [tuple(row[:3]) for row in rows]
    assert len(set(keys)) == len(keys), "Some readers have read a case more than once in some modality."
    assert "truth" in {key[0] for key in keys}, "There is no truth reader"
    assert "truth" in {key[2] for key in keys}, "There is no truth modality."
    assert all((key[0] == "truth") == (key[2] == "truth") for key in keys)
    truth = {row[1]: int(row[3]) for row in rows if row[2] == "truth"}
    scores = {(row[0].strip(), row[1], row[2].strip()): float(row[3]) for row in rows if row[2] != "truth"}
    assert {key[1] for key in scores} <= set(truth), "Not all cases have truth"
    return truth, scores


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "reader": ["Reader one"] * 5 + ["B"] * 5,
            "case": ["a,1", "a2", "a3", "a4", "a5"] * 2,
            "answer": ["real", "fake", "fake", "real", "fake", "fake", None, "real", "real", "fake"],
            "truth": ["real", "fake", "fake", "real", "fake"] * 2,
            "confidence": [5, 4, 1, 2, 3, 2, None, 3, 1, 5],
        }
    )


def test_scores_are_signed_confidence_and_missing_answers_have_no_row(frame):
    counts, truth, scores = parse(imrmc_table(frame))
    assert counts == {"NR": 2, "N0": 3, "N1": 2, "NM": 1}
    assert truth == {"a_1": 1, "a2": 0, "a3": 0, "a4": 1, "a5": 0}
    assert scores["Reader_one", "a_1", "reading1"] == 5
    assert scores["Reader_one", "a2", "reading1"] == -4
    assert ("B", "a2", "reading1") not in scores
    assert len(scores) == 9


def test_without_confidence_scores_are_0_and_1(frame):
    _, _, scores = parse(imrmc_table(frame.drop(columns="confidence")))
    assert set(scores.values()) == {0, 1}
    partly = frame.assign(confidence=[5, None, 1, 2, 3, 2, None, 3, 1, 5])
    assert set(parse(imrmc_table(partly))[2].values()) == {0, 1}


def test_readings_are_modalities_and_repeats_stay_out(frame):
    repeat = frame.head(1).assign(phase="repeat", answer="fake")
    whole = pd.concat(
        [frame.assign(phase="main", round=1), repeat.assign(round=1), frame.assign(phase="main", round=2)]
    )
    counts, _, scores = parse(imrmc_table(whole))
    assert counts["NM"] == 2
    assert {key[2] for key in scores} == {"reading1", "reading2"}
    assert scores["Reader_one", "a_1", "reading1"] == 5


def test_conditions_are_modalities_and_a_second_reading_of_one_is_another(frame):
    parts = [frame.assign(condition="no cue"), frame.assign(condition="cue")]
    whole = pd.concat([part.assign(round=1) for part in parts] + [parts[0].assign(round=2)], ignore_index=True)
    counts, _, scores = parse(imrmc_table(whole))
    assert {key[2] for key in scores} == {"no_cue", "cue", "no_cue_reading2"}
    assert counts["NM"] == 3


def test_names_that_r_or_java_would_misread_are_written_otherwise(frame):
    odd = frame.replace({"reader": {"B": "NA"}, "case": {"a2": 'the "second" one', "a3": "01", "a4": "=1+1"}})
    _, truth, scores = parse(imrmc_table(odd))
    assert {key[0] for key in scores} == {"Reader_one", "NA_"}
    assert set(truth) == {"a_1", "the_second_one", "01", "'=1+1", "a5"}


def test_a_reader_with_too_few_cases_of_a_kind_is_refused(frame):
    few = frame[~((frame["reader"] == "B") & (frame["case"] == "a4"))]
    with pytest.raises(InputError, match=r"needs 2 real and 2 fake cases .* B judged 1 and 2 \(reading1\)"):
        imrmc_table(few)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"truth": ["real", "fake", None, "real", "fake"] * 2}, "one truth for every case"),
        ({"truth": ["real", "fake", "fake", "real", "fake"] + ["fake"] * 5}, "a case has one"),
        ({"answer": list("1231212312"), "truth": list("1231212312")}, "real or fake"),
        ({"case": ["a 1", "a_1", "a3", "a4", "a5"] * 2}, "names must differ"),
        ({"reader": ["truth"] * 5 + ["B"] * 5}, "not be 'truth'"),
    ],
)
def test_what_imrmc_cannot_read_is_refused_in_one_line(frame, change, words):
    with pytest.raises(InputError, match=words):
        imrmc_table(frame.assign(**change))
