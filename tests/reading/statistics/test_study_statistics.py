"""The statistics of a whole study: the DWI study's table 2, and tables with gaps, repeats and other labels."""

import json

import numpy as np
import pandas as pd
import pytest

from brainlab.errors import InputError
from brainlab.reading.report.document import Table, report_sections
from brainlab.reading.report.html_file import report_html
from brainlab.reading.report.study_report import report_from_answers
from brainlab.reading.report.tables import table_2
from brainlab.reading.statistics.study_statistics import study_statistics

SOURCES = ("original", "vae", "dfc-vae", "introvae", "stylegan")
FIRST, SECOND = (47, 2, 0, 42, 46), (50, 0, 2, 50, 49)


def dwi_answers() -> pd.DataFrame:
    """Answers of the DWI study's two readers: table 2's counts, with the 20 disagreements that give its kappa."""
    rows = []
    for source, first, second in zip(SOURCES, FIRST, SECOND, strict=True):
        # As few disagreements as the counts allow, and one swapped pair of StyleGAN images.
        calls = np.zeros((2, 50), dtype=bool)
        calls[0, :first], calls[1, :second] = True, True
        if source == "stylegan":
            calls[1, [45, 49]] = calls[1, [49, 45]]
        rows += [
            {
                "reader": f"reader {reader + 1}",
                "case": f"{source}-{case}",
                "answer": "real" if calls[reader, case] else "fake",
                "truth": "real" if source == "original" else "fake",
                "source": source,
            }
            for reader in range(2)
            for case in range(50)
        ]
    return pd.DataFrame(rows)


def small(**columns) -> pd.DataFrame:
    base = {"reader": list("aaaabbbb"), "case": list("12341234")}
    return pd.DataFrame(base | columns)


def test_table_2_of_the_dwi_study():
    result = study_statistics(dwi_answers())
    kappa = result["cohens_kappa"][0]
    assert round(kappa["value"], 4) == 0.8367
    assert kappa["n"] - np.trace(kappa["table"]) == 20
    called = [
        [result["per_source"][reader][source]["called_real"] for source in SOURCES] for reader in result["readers"]
    ]
    assert [tuple(row) for row in called] == [FIRST, SECOND]
    assert [sum(row) for row in called] == [137, 151]
    first = result["per_reader"]["reader 1"]
    assert first["sensitivity"]["value"] == 0.94
    assert first["specificity"]["value"] == pytest.approx((48 + 50 + 8 + 4) / 200)
    assert first["accuracy"]["value"] == pytest.approx(157 / 250)
    assert first["accuracy"]["high"] - first["accuracy"]["low"] < 0.08
    assert first["auc"]["value"] is None
    json.dumps(result, allow_nan=False)


def test_table_2_of_the_dwi_study_through_the_whole_report():
    report = report_from_answers(dwi_answers())
    table = table_2(report)
    assert tuple(table.loc[table["reader"] == "reader 1", "called real"]) == FIRST
    assert tuple(table.loc[table["reader"] == "reader 2", "called real"]) == SECOND
    assert table["n"].eq(50).all()
    assert any("agreed on 92% of 250 cases" in line and "kappa was 0.84" in line for line in report["summary"])
    agreement = next(section for section in report_sections(report) if section.key == "agreement")
    (shown,) = [block.frame for block in agreement.blocks if isinstance(block, Table)]
    assert round(shown.loc[shown["figure"] == "Cohen's kappa", "value"].item(), 4) == 0.8367
    page = report_html(report)
    for reader, counts in (("reader 1", FIRST), ("reader 2", SECOND)):
        for source, called in zip(SOURCES, counts, strict=True):
            assert f"<td>{reader}</td><td>{source}</td><td>{called}</td><td>50</td><td>{2 * called}.0</td>" in page
    assert "<td>Cohen&#39;s kappa</td><td>reader 1 and reader 2</td><td>0.837</td>" in page


def test_signed_confidence_makes_the_roc_area():
    frame = small(
        answer=["real", "real", "fake", "fake"] * 2,
        truth=["real", "fake", "real", "fake"] * 2,
        confidence=[5, 2, 1, 5, 1, 5, 5, 1],
    )
    readers = study_statistics(frame)["per_reader"]
    # Reader a: real cases score 5 and -1, fake ones 2 and -5. Reader b: 1 and -5 against 5 and -1.
    assert readers["a"]["auc"]["value"] == 0.75
    assert readers["b"]["auc"]["value"] == 0.25


def test_missing_answers_leave_pairs_complete_with_their_n():
    result = study_statistics(small(answer=["real", "fake", "", "real", "real", "fake", "real", None]))
    assert result["cohens_kappa"][0]["n"] == 2
    assert result["krippendorff_alpha"]["n"] == 2
    assert result["answers"] == 6


def test_two_constant_readers_are_undefined_never_one():
    result = study_statistics(small(answer=["real"] * 8))
    for name in ("fleiss_kappa", "krippendorff_alpha"):
        assert result[name]["value"] is None
        assert result[name]["reason"]
    kappa = result["cohens_kappa"][0]
    assert kappa["value"] is None
    assert "100%" in kappa["reason"]
    assert result["gwet_ac1"]["low"] is None


def test_repeats_and_practice_stay_out_of_inter_reader_figures():
    frame = small(answer=["real", "fake", "real", "fake"] * 2)
    repeats = pd.DataFrame({"reader": list("aab"), "case": list("121"), "answer": ["real", "real", "real"]})
    practice = pd.DataFrame({"reader": ["a"], "case": ["p"], "answer": ["real"]})
    whole = pd.concat([frame.assign(phase="main"), repeats.assign(phase="repeat"), practice.assign(phase="practice")])
    result = study_statistics(whole)
    assert result["cohens_kappa"] == study_statistics(frame)["cohens_kappa"]
    assert result["cases"] == 4
    assert [(entry["reader"], entry["n"]) for entry in result["intra_reader"]] == [("a", 2), ("b", 1)]
    assert result["intra_reader"][0]["observed_agreement"] == 0.5


def test_any_labels_and_levels():
    frame = small(answer=[1, 2, 3, 4, 1, 2, 3, np.nan])
    assert study_statistics(frame, "ordinal")["krippendorff_alpha"]["value"] == 1
    words = small(answer=["a", "b", "c", "a", "a", "b", "c", "b"], truth=list("abca") * 2)
    result = study_statistics(words)
    assert result["per_reader"]["a"]["accuracy"]["value"] == 1
    assert result["per_reader"]["a"]["sensitivity"]["value"] is None
    with pytest.raises(InputError, match="numbers"):
        study_statistics(words, "interval")


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (pd.DataFrame({"reader": ["a"], "case": ["1"]}), "answer missing"),
        (pd.DataFrame({"reader": ["a", "a"], "case": ["1", "1"], "answer": ["real", "fake"]}), "two answers to case 1"),
        (pd.DataFrame({"reader": [None], "case": ["1"], "answer": ["real"]}), "needs a reader"),
        (pd.DataFrame({"reader": ["a"], "case": ["1"], "answer": ["x"], "confidence": ["high"]}), "must be a number"),
        (pd.DataFrame({"reader": [], "case": [], "answer": []}), "no answers"),
    ],
)
def test_bad_tables_are_refused_with_their_fault(frame, words):
    with pytest.raises(InputError, match=words):
        study_statistics(frame)


def _figures(found, path="") -> list[tuple[str, dict]]:
    """All figures of a result that have an interval, with where they stand."""
    if isinstance(found, dict) and {"value", "low", "high", "reason"} <= set(found):
        return [(path, found)]
    parts = found.items() if isinstance(found, dict) else enumerate(found) if isinstance(found, list) else ()
    return [figure for key, part in parts for figure in _figures(part, f"{path}/{key}")]


@pytest.mark.parametrize(
    ("answers", "truth"),
    [
        (["r", "f"], "r"),  # one case
        (["rrff"], "rrff"),  # one reader
        (["rrrr", "rrrr"], "rrff"),
        (["rrrr", "ffff"], "ffff"),
        (["rrff", "rrff", "rrff"], "rrff"),
        (["rrff", "ffrr"], "rrff"),
        (["r---", "---f"], "rrff"),
        (["1213", "4567"], "1111"),  # no category in common
        (["1223", "2233"], "1223"),
        (["rrrrrrrrrrrrffffffffffff", "rrrrrrrrrrrfrfffffffffff"], "r" * 24),  # learning that is all but perfect
    ],
)
@pytest.mark.filterwarnings("error", "ignore::ResourceWarning")  # which is of what another test left open
def test_undefined_figures_say_why_and_no_library_warns(answers, truth):
    words = {"r": "real", "f": "fake", "-": None}
    rows = [
        {
            "reader": f"R{reader}",
            "case": f"{case:02d}",
            "answer": words.get(letter, letter),
            "truth": words.get(truth[case], truth[case]),
            "source": "ab"[case % 2],
            "confidence": 3,
            "position": case + 1,
            "active_ms": 1000,
        }
        for reader, letters in enumerate(answers)
        for case, letter in enumerate(letters)
    ]
    result = study_statistics(pd.DataFrame(rows))
    json.dumps(result, allow_nan=False)
    figures = _figures(result)
    assert len(figures) > 3
    for place, figure in figures:
        assert figure["reason"] or None not in (figure["value"], figure["low"]), place
        assert figure["low"] is None or figure["low"] < figure["high"], place


def test_level_is_checked():
    with pytest.raises(InputError, match="nominal"):
        study_statistics(dwi_answers(), "cardinal")
