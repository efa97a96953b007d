"""The iMRMC file, read back by the rules of the FDA's own parser (InputFile.java of iMRMC)."""

import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.reading.report.files.imrmc import imrmc_table


def parse(text: str) -> tuple[dict[str, int], dict[str, int], dict[tuple[str, str, str], float]]:
    """Read counts, truth and scores as iMRMC does: counts before 'BEGIN DATA:', four fields parted by commas after."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("BEGIN DATA:"))
    counts = {line[:2]: int(line[3:]) for line in lines[:start] if line[:3] in ("NR:", "N0:", "N1:", "NM:")}
    assert not any(key in line[1:].upper() for line in lines[:start] for key in ("NR:", "N0:", "N1:", "NM:"))
    truth: dict[str, int] = {}
    scores: dict[tuple[str, str, str], float] = {}
    for line in lines[start + 1 :]:
        reader, case, modality, score = line.split(",")
        if reader == "truth":
            assert (modality, case in truth) == ("truth", False)
            truth[case] = int(score)
        else:
            assert case in truth
            assert (reader, case, modality) not in scores
            scores[reader, case, modality] = float(score)
    assert counts == {
        "NR": len({key[0] for key in scores}),
        "N0": sum(value == 0 for value in truth.values()),
        "N1": sum(value == 1 for value in truth.values()),
        "NM": len({key[2] for key in scores}),
    }
    return counts, truth, scores


@pytest.fixture
def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {
            "reader": ["Reader one", "Reader one", "Reader one", "B", "B", "B"],
            "case": ["a,1", "a2", "a3"] * 2,
            "answer": ["real", "fake", "fake", "fake", None, "real"],
            "truth": ["real", "fake", "fake"] * 2,
            "confidence": [5, 4, 1, 2, None, 3],
        }
    )


def test_scores_are_signed_confidence_and_missing_answers_have_no_row(frame):
    counts, truth, scores = parse(imrmc_table(frame))
    assert counts == {"NR": 2, "N0": 2, "N1": 1, "NM": 1}
    assert truth == {"a_1": 1, "a2": 0, "a3": 0}
    assert scores["Reader_one", "a_1", "reading1"] == 5
    assert scores["Reader_one", "a2", "reading1"] == -4
    assert ("B", "a2", "reading1") not in scores
    assert len(scores) == 5


def test_without_confidence_scores_are_0_and_1(frame):
    _, _, scores = parse(imrmc_table(frame.drop(columns="confidence")))
    assert set(scores.values()) == {0, 1}
    partly = frame.assign(confidence=[5, None, 1, 2, None, 3])
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


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"truth": ["real", "fake", None] * 2}, "one truth for every case"),
        ({"truth": ["real", "fake", "fake", "fake", "fake", "fake"]}, "a case has one"),
        ({"answer": list("123123"), "truth": list("123123")}, "real or fake"),
        ({"case": ["a 1", "a_1", "a3"] * 2}, "names must differ"),
        ({"reader": ["truth"] * 3 + ["B"] * 3}, "not be 'truth'"),
    ],
)
def test_what_imrmc_cannot_read_is_refused_in_one_line(frame, change, words):
    with pytest.raises(InputError, match=words):
        imrmc_table(frame.assign(**change))
