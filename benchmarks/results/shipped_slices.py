"""Measure the shipped runs on slices against the held-out slices of their cohorts; write docs/results-of-slices.md.

    python -m benchmarks.results.shipped_slices PREPARED [PREPARED ...] [--kept]

Each run of models/ that learned slices such as a prepared dataset holds is compared with its slices of people that the
run was not trained on, 1,000 samples a run, and gets `evaluation.json`. The page also holds the rebuilt tables of the
DWI comparison and of the IXI thesis, and every preset with its size and the paper's budget.
"""

import argparse
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.results.image_table import NOTES, image_table
from benchmarks.results.measured import measured_on, rebuilt_tables
from benchmarks.results.training_table import NOTES as TRAINING_NOTES
from benchmarks.results.training_table import training_table
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.presets import describe_preset, images_in_words
from brainlab.experiments.tables.written import markdown_table
from brainlab.runs.methods import presets
from brainlab.runs.run import Run, load_run
from brainlab.workspace import MODELS, PROJECT

TABLES = ("dwi-1", "ixi-losses")
TIMED = 64
"""Samples drawn at once to time a run."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the shipped runs on held-out slices.")
    parser.add_argument("data", type=Path, nargs="+", metavar="PREPARED")
    parser.add_argument("--kept", action="store_true", help="take what an earlier call measured, where it is there")
    parser.add_argument("--n", type=int, default=1000, help="samples drawn from each run")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "results-of-slices.md")
    args = parser.parse_args()
    runs = [
        run for path in sorted(MODELS.glob("*/weights.safetensors")) if len((run := load_run(path.parent)).shape) == 2
    ]
    parts: list[str] = []
    for data in map(PreparedDataset.open, args.data):
        parts += ["", *_of_cohort(data, measured_on(data, runs, args.n, kept=args.kept))]
    parts += rebuilt_tables(TABLES, runs)
    args.out.write_text("\n".join([*_head(), *parts, "", *_presets(), ""]), encoding="utf-8")


def _head() -> list[str]:
    return [
        "# Results of the shipped runs on slices",
        "",
        "**All scans here are simulated.** Written by `benchmarks/results/shipped_slices.py`; every setting is in",
        "`evaluation.json` beside each run in `models/`. The first 64 samples of each run, none left out, beside 64",
        "held-out slices: [figures.md](figures.md#galleries-of-the-runs-on-slices).",
    ]


def _of_cohort(data: PreparedDataset, runs: list[Run]) -> list[str]:
    """Return the section of a cohort: what was measured of its runs' images, and what their training took."""
    held_out = data.indices("test")
    people = data.scans["participant"].iloc[held_out].nunique()
    measured: dict[str, Mapping[str, Any]] = {run.name: run.evaluation() or {} for run in runs}
    return [
        f"## {data.recipe['name']}: {data.recipe['summary']}",
        f"Of {data.scans['participant'].nunique():,} simulated people; images are compared with {len(held_out):,} "
        f"slices of {people} held-out ones.",
        "",
        *image_table(measured),
        "",
        *NOTES.splitlines(),
        "",
        *training_table(runs, "slices", TIMED),
        "",
        *TRAINING_NOTES.splitlines(),
    ]


def _presets() -> list[str]:
    """Return every preset with its size; parameters are those of all networks that are trained."""
    rows = []
    for name in presets():
        found = describe_preset(name)
        parameters = ", ".join(f"{part} {count:,}" for part, count in found["parameters"].items())
        budget = found["paper_budget"] or "-"
        made = [name, found["method"], found["recipe"] or "any", images_in_words(found), parameters]
        rows.append([*made, budget, "yes" if found["ships"] else ""])
    head = [
        "preset",
        "method",
        "made for",
        "makes",
        "parameters",
        "trained in its paper or thesis",
        "a run ships",
    ]
    conditions = "Parameters of flows are without what tells them conditions: it depends on the training scans' words."
    return ["## All presets", conditions, "", *markdown_table(head, rows)]


if __name__ == "__main__":
    main()
