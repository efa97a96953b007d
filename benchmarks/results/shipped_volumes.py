"""Measure runs on volumes against held-out scans of people; write docs/results-of-volumes.md.

    python -m benchmarks.results.shipped_volumes PREPARED [PREPARED ...] [--runs RUN ...] [--kept]

Each run that learned volumes such as a prepared dataset holds is compared with its scans of people that the run was not
trained on, and gets `evaluation.json`. Give copies of runs whose evaluation is to stay. The page also holds the rebuilt
table of the slice VAE paper.
"""

import argparse
import textwrap
from collections.abc import Callable, Mapping
from pathlib import Path

from benchmarks.results.image_table import NOTES, Evaluation, image_table, number
from benchmarks.results.measured import measured_on, rebuilt_tables
from benchmarks.results.training_table import NOTES as TRAINING_NOTES
from benchmarks.results.training_table import training_table
from brainlab.cohort.prepared import PreparedDataset
from brainlab.experiments.tables.written import markdown_table
from brainlab.runs.run import Run, load_run
from brainlab.workspace import MODELS, PROJECT

TABLES = ("slice-1",)
TIMED = 8
"""Samples drawn at once to time a run."""

ANATOMY: dict[str, Callable[[Evaluation], str]] = {
    "RAS": lambda m: _value(m, "ras", 3),
    "RAS of scans": lambda m: _value(m, "ras_real", 3),
    "regional distance": lambda m: _beside_real(m, "regional_distance"),
    "within human size": lambda m: _beside_real(m, "regional_share_within"),
    "MS-SSIM": lambda m: _value(m, "ms_ssim", 3),
    "MS-SSIM of scans": lambda m: number(m.get("ms_ssim", {}).get("settings", {}).get("real"), 3),
    "axial steps": lambda m: _steps(m, "axial"),
    "coronal steps": lambda m: _steps(m, "coronal"),
    "sagittal steps": lambda m: _steps(m, "sagittal"),
}
ANATOMY_NOTES = """\
RAS, the realistic atlas score: Dice of the structures that a tissue network finds in samples, fitted to scans, with
those of the scans, and what people reach among themselves; blurred volumes can exceed it. Regional distance:
Wasserstein-2 distance of the volumes of structures to those of people, each in units of people's spread; in
brackets that of as many training scans. Within human size: samples whose every structure lies between the 1st and
the 99th percentile of people's (in brackets, training scans; more is too little variety). MS-SSIM: likeness of
pairs. Steps: difference of neighbouring slices over that of scans, blur below 1."""


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure runs on volumes against held-out scans.")
    parser.add_argument("data", type=Path, nargs="+", metavar="PREPARED")
    parser.add_argument("--runs", type=Path, nargs="+", help="run folders; all of models/ by default")
    parser.add_argument("--kept", action="store_true", help="take what an earlier call measured, where it is there")
    parser.add_argument("--n", type=int, default=1000, help="samples drawn from each run, at most as many as scans")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "results-of-volumes.md")
    args = parser.parse_args()
    folders = args.runs or sorted(path.parent for path in MODELS.glob("*/weights.safetensors"))
    runs = [run for folder in folders if len((run := load_run(folder)).shape) == 3]
    parts: list[str] = []
    for data in map(PreparedDataset.open, args.data):
        parts += ["", *_of_cohort(data, measured_on(data, runs, args.n, kept=args.kept))]
    parts += rebuilt_tables(TABLES, runs)
    args.out.write_text("\n".join([*_head(runs), *parts, ""]), encoding="utf-8")


def _head(runs: list[Run]) -> list[str]:
    absent = [f"`{run.name}`" for run in runs if not (MODELS / run.name / "weights.safetensors").is_file()]
    unshipped = f"Trained for this page and not shipped: {', '.join(absent)}."
    return [
        "# Results of the runs on volumes",
        "",
        "**All scans here are simulated.** Written by `benchmarks/results/shipped_volumes.py`; every setting is in",
        "`evaluation.json` beside each run, or, of runs that [results.md](results.md) has on other scans, in a copy of",
        "the run. Minutes are of the last command alone. What the figures mean for your own scans:",
        "[own-scans.md](own-scans.md).",
        "Pictures, none left out: [figures.md](figures.md#the-slice-vae-paper).",
        *(["", *textwrap.wrap(unshipped, 118)] if absent else []),
    ]


def _of_cohort(data: PreparedDataset, runs: list[Run]) -> list[str]:
    """Return the section of a cohort: what was measured of its runs' images, and what their training took."""
    measured: dict[str, Evaluation] = {run.name: run.evaluation() or {} for run in runs}
    return [
        f"## {data.recipe['name']}: {data.recipe['summary']}",
        f"{_samples(measured)} samples of each run are compared with as many of {len(data)} scans of",
        f"{data.scans['participant'].nunique()} people whom no run was trained on.",
        "",
        *image_table(measured),
        "",
        *NOTES.splitlines(),
        "",
        *_anatomy(measured),
        "",
        *ANATOMY_NOTES.splitlines(),
        "",
        *training_table(runs, "volumes", TIMED),
        "",
        *TRAINING_NOTES.splitlines(),
    ]


def _samples(measured: Mapping[str, Evaluation]) -> str:
    """Return how many samples of each run were measured."""
    return " or ".join(sorted({str(scores["isd"]["settings"]["generated"]) for scores in measured.values() if scores}))


def _anatomy(measured: Mapping[str, Evaluation]) -> list[str]:
    rows = [[name, *(find(scores) for find in ANATOMY.values())] for name, scores in measured.items()]
    return markdown_table(["run", *ANATOMY], rows)


def _value(measured: Evaluation, metric: str, digits: int) -> str:
    return number(measured.get(metric, {}).get("value"), digits)


def _beside_real(measured: Evaluation, metric: str) -> str:
    real = measured.get(metric, {}).get("settings", {}).get("real")
    return _value(measured, metric, 2) + (f" ({number(real, 2)})" if real is not None else "")


def _steps(measured: Evaluation, plane: str) -> str:
    """Return the difference of neighbouring slices over that of real scans, as the rebuilt table has it."""
    entry = measured.get(f"slice_difference_{plane}", {})
    return number(entry.get("value"), 2)


if __name__ == "__main__":
    main()
