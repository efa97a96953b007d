"""Table 2 of the FLAIR paper from the runs' own `lda.json`."""

import pytest

from brainlab.experiments.tables.papers.flair_2 import TABLE
from brainlab.experiments.tables.registry import Sources
from brainlab.runs.shipped import write_lda

COUNTS = {"fp": 1, "fn": 2, "tp": 3, "tn": 4, "precision": 0.75, "recall": None}


def result(simulated=True):
    return {
        "per_class": {"healthy": COUNTS, "ms": COUNTS},
        "precision_at_table_1": {"healthy": 0.5, "ms": None},
        "settings": {"simulated": simulated},
    }


def rebuilt(*runs):
    return TABLE.build(Sources(runs=lambda: runs))


def test_each_run_cohort_and_class_has_a_row(make_run):
    run = make_run("mine", "ivae-256")
    write_lda(run, {"unbiased": result(), "biased": result()})
    found = rebuilt(run)
    rows = [row for row in found.rows if row.get("run") == "mine"]
    assert [(row["cohort"], row["class"]) for row in rows] == [
        *(("unbiased", "healthy"), ("unbiased", "ms"), ("biased", "healthy"), ("biased", "ms"))
    ]
    assert {name: rows[0][name] for name in COUNTS} == COUNTS
    assert rows[0]["precision_at_table_1"] == 0.5
    assert "simulated" in found.notes[0]
    shown = TABLE.layout(found.rows)
    assert list(shown[shown["run"] == "mine"]["recall"]) == ["-"] * 4


def test_a_model_without_a_run_or_without_figures_of_its_weights_says_so(make_run):
    run = make_run("mine", "ivae-256")
    path = write_lda(run, {"unbiased": result()})
    path.write_text(path.read_text(encoding="utf-8").replace(run.sha256, "c" * 64), encoding="utf-8")
    missing = {row["method"]: row["missing"] for row in rebuilt(run).rows}
    assert len(missing) == 4
    assert "no lda.json of these weights" in missing["IntroVAE, 256 dimensions"]
    assert missing["VAE, 8 dimensions"] == "no run of the preset vae-8 is at hand"


def test_the_published_rows_are_the_paper_s_and_add_up():
    rows = rebuilt().published
    assert {row["fp"] + row["fn"] + row["tp"] + row["tn"] for row in rows} == {572}
    for row in rows:
        assert row["recall"] == pytest.approx(row["tp"] / (row["tp"] + row["fn"]), abs=0.006)
