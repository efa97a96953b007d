"""Tables of translators: figures over held-out scans, and a test of pairs against the proposed method."""

import dataclasses

import numpy as np
import pytest
from scipy import stats

from brainlab.experiments.cross_validation.record import CrossValidation, MeasuredFold
from brainlab.experiments.tables.cross_validated import Column, Line, Part, cross_validated_table
from brainlab.experiments.tables.registry import Sources, tables
from brainlab.experiments.tables.translators import FCN, FIVE, UNET, has_inputs, of_flair, of_pet

OURS = np.array([1.0, 2.0, 3.0, 4.0])
THEIRS = np.array([1.5, 2.4, 3.6, 4.5])


def record(method: str, values, *, inputs=FIVE, target="FLAIR", sha256="a", source="", measure="mse", **config):
    """Return a cross-validation in two folds whose scans have these values."""
    scans = [{"row": row, "class": "ms", "seconds": 2.0, measure: value} for row, value in enumerate(values)]
    folds = [MeasuredFold(number=number + 1, seconds=1, scans=tuple(scans[number::2])) for number in range(2)]
    return CrossValidation(
        name=method,
        method=method,
        title=method,
        inputs=tuple(inputs),
        target=target,
        folds=2,
        config=config,
        schedule={},
        parameters=60_577,
        data={"name": "made", "sha256": sha256, "simulated": True},
        measured=tuple(folds),
        source=source or method,
    )


TABLE = cross_validated_table(
    name="t",
    title="made",
    number="0",
    target="FLAIR",
    parts=[
        Part(
            columns=(Column(key="mse", heading="MSE", form=".2f", better="lower", by_fold=True),),
            lines=(
                Line(method="ours", matches=lambda one: one.method == "ours", proposed=True, published={"mse": (9, 1)}),
                Line(method="theirs", matches=lambda one: one.method == "theirs"),
                Line(method="third", matches=lambda one: one.method == "third"),
            ),
        )
    ],
    reading=("how",),
)


def rows_of(*records):
    return {row["method"]: row for row in TABLE.build(Sources(runs=list, records=lambda: records)).rows}


def test_figures_are_the_mean_and_spread_over_scans_and_over_those_of_each_fold():
    row = rows_of(record("ours", OURS))["ours"]
    assert (row["mse"], row["mse_sd"]) == (OURS.mean(), OURS.std(ddof=1))
    assert (row["mse_fold_1"], row["mse_fold_2"]) == (2, 3)
    assert row["n"] == 4


def test_a_method_is_compared_scan_by_scan_with_the_proposed_one():
    rows = rows_of(record("ours", OURS), record("theirs", THEIRS))
    assert rows["theirs"]["mse_p"] == pytest.approx(stats.ttest_rel(THEIRS, OURS).pvalue)
    assert rows["theirs"]["mse_than_proposed"] == "worse"
    assert "mse_p" not in rows["ours"]
    better = rows_of(record("ours", THEIRS), record("theirs", OURS))
    assert better["theirs"]["mse_than_proposed"] == "better"
    frame = TABLE.layout(rows.values())
    assert frame["MSE"].tolist() == ["2.50 (1.29)", "3.00 (1.32)*", "-"]


def test_only_what_was_measured_on_the_same_scans_is_compared():
    rows = rows_of(record("ours", OURS), record("theirs", THEIRS, sha256="b"))
    assert "mse_p" not in rows["theirs"]
    few = rows_of(record("ours", OURS), record("theirs", [*THEIRS[:3], None]))
    assert "mse_p" not in few["theirs"]
    assert few["theirs"]["mse"] == THEIRS[:3].mean()


def test_what_is_not_at_hand_says_so_and_the_printed_figures_stay():
    rebuilt = TABLE.build(Sources(runs=list))
    assert all("no cross-validation" in row["missing"] for row in rebuilt.rows)
    assert rebuilt.published == ({"part": "", "method": "ours", "mse": 9, "mse_sd": 1},)


def test_of_two_records_of_a_method_that_of_more_scans_counts():
    fewer = record("ours", OURS[:2], source="fewer")
    assert rows_of(fewer, record("ours", OURS, source="more"), fewer)["ours"]["source"] == "more"


def test_of_equal_scans_that_which_learned_longest_counts():
    long, short = (
        dataclasses.replace(record("ours", OURS, source=source), schedule={"epochs": epochs})
        for source, epochs in (("long", 4), ("short", 1))
    )
    assert rows_of(long, short)["ours"]["source"] == rows_of(short, long)["ours"]["source"] == "long"


def test_rows_that_are_to_be_alike_have_the_settings_that_most_of_them_have():
    part = Part(
        columns=(Column(key="mse", heading="MSE"),),
        lines=tuple(Line(method=name, matches=lambda one, name=name: one.method == name) for name in ("a", "b", "c")),
        alike=("epochs",),
    )
    table = cross_validated_table(name="t", title="t", number="0", target="FLAIR", parts=[part], reading=())
    made = [
        dataclasses.replace(record(name, OURS, source=f"{name} {epochs}"), schedule={"epochs": epochs})
        for name, epochs in (("a", 4), ("a", 1), ("b", 1), ("c", 4), ("c", 1))
    ]
    rows = table.build(Sources(runs=list, records=lambda: made)).rows
    assert [row["source"] for row in rows] == ["a 1", "b 1", "c 1"]


def test_methods_are_told_by_their_settings():
    who = of_flair()
    fcn = record("fcn", OURS, kernel=3, depth=3, filters=64)
    assert [name for name, matches in who.items() if matches(fcn)] == [FCN]
    assert [name for name, matches in who.items() if matches(record("unet", OURS))] == [UNET]
    assert not any(
        matches(record("fcn", OURS, inputs=FIVE[:2], kernel=3, depth=3, filters=64)) for matches in who.values()
    )
    pet = record("unet", OURS, inputs=("MTRmap", "AD", "RD", "FA"), target="DVR", error="nwl1")
    assert [name for name, matches in of_pet().items() if matches(pet)] == ["U-Net, normalised weighted L1"]
    assert has_inputs(pet, ("FA", "RD", "AD", "MTR"))


@pytest.mark.parametrize("name", [name for name in tables() if name.startswith("wei-") and name != "wei-4.3"])
def test_each_table_of_the_thesis_is_laid_out_with_and_without_records(name):
    table = tables()[name]
    target = "FLAIR" if name.startswith("wei-2") else "DVR"
    inputs = FIVE if target == "FLAIR" else ("MTRmap", "FA", "RD", "AD")
    made = [
        record(method, OURS, inputs=inputs, target=target, measure=measure, kernel=3, depth=3, filters=64, refiners=1,
               refiner_error="weighted-l1", error="l1", source=f"{method} {measure}")
        for method in ("fcn", "unet", "sketcher_refiner")
        for measure in ("mse_in_units" if target == "DVR" else "mse",)
    ]  # fmt: skip
    for records in ([], made):
        rebuilt = table.build(Sources(runs=list, records=lambda records=records: records))
        assert len(table.layout(rebuilt.rows)) == len(rebuilt.rows)
        printed = table.layout(rebuilt.published)
        assert not printed.empty
        assert any("missing" not in row for row in rebuilt.rows) == bool(records)
