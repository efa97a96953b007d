"""Table 4.3: the regressions of a myelin report, as the thesis prints them."""

import pytest

from brainlab.errors import InputError
from brainlab.experiments.tables.registry import Sources
from brainlab.experiments.tables.synthesis.wei_4_3 import build, layout

TERM = {"coefficient": -2.4, "standard_error": 0.2, "t": -12.0, "p": 1e-4, "low": -2.8, "high": -2.0}
REGRESSION = {
    "n": 40,
    "terms": [
        {"name": "intercept", **TERM, "standardised_beta": None},
        {"name": "dynamic_remyelination", **TERM, "standardised_beta": -0.7},
        {"name": "ln_lesion_load_ml", **TERM, "standardised_beta": 0.5},
    ],
}
REPORT = {
    "simulated": True,
    "patients": [{}] * 40,
    "controls": {"people": 10},
    "regression": {
        "true": {"dynamic_remyelination": REGRESSION, "dynamic_demyelination": {"reason": "too few people"}}
    },
}


def test_each_term_is_a_row_with_its_interval_and_what_is_missing_says_why():
    rebuilt = build(Sources(runs=list, reports=lambda: {"myelin.json": REPORT}))
    of_true = [row for row in rebuilt.rows if row["part"] == "(a) true PET"]
    assert [row.get("missing") for row in of_true] == ["too few people", None, None]
    assert [row["method"] for row in of_true] == ["index of demyelination", "index of remyelination", "ln lesion load"]
    frame = layout(rebuilt.rows)
    assert frame.iloc[1]["95% interval"] == "-2.8 to -2"
    assert frame.iloc[1]["beta"] == "-0.700"
    assert all("no synthesised PET" in row["missing"] for row in rebuilt.rows if row["part"] == "(b) synthesised PET")
    of_calibrated = [row for row in rebuilt.rows if row["part"].startswith("(c) synthesised PET, calibrated")]
    assert all("not in the report; make it again" in row["missing"] for row in of_calibrated)
    assert "simulated" in rebuilt.notes[0]


def test_the_calibrated_regressions_stand_beside_and_nothing_is_printed_of_them():
    report = {**REPORT, "regression": {**REPORT["regression"], "calibrated": {"dynamic_remyelination": REGRESSION}}}
    rebuilt = build(Sources(runs=list, reports=lambda: {"myelin.json": report}))
    rows = [row for row in rebuilt.rows if row["part"] == "(c) synthesised PET, calibrated (ours)"]
    assert [row.get("coefficient") for row in rows] == [None, -2.4, -2.4]
    assert {row["part"] for row in rebuilt.published} == {"(a) true PET", "(b) synthesised PET"}


def test_the_report_with_synthesised_pet_counts_before_a_larger_one_without():
    both = {**REPORT, "patients": [{}], "dice": {}}
    found = build(Sources(runs=list, reports=lambda: {"large": REPORT, "both": both}))
    assert found.settings["report"] == "both"


def test_the_printed_table_has_every_coefficient():
    printed = build(Sources(runs=list, reports=lambda: {"myelin.json": REPORT})).published
    assert len(printed) == 16
    of_remyelination = [row["standardised_beta"] for row in printed if row["method"] == "index of remyelination"]
    assert of_remyelination == [-0.703, -0.734]


def test_without_a_report_it_is_one_line():
    with pytest.raises(InputError, match=r"wei-4\.3: needs a myelin report, got none"):
        build(Sources(runs=list))
