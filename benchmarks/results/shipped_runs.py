"""Measure the shipped runs on whole unseen cohorts; write docs/results.md, and the figures into the run folders.

    python -m benchmarks.results.shipped_runs \
        --pair unbiased PREPARED_TRAINING PREPARED_UNSEEN \
        --pair biased PREPARED_BIASED_TRAINING PREPARED_BIASED_UNSEEN

Each pair is a cohort whose training split LDA is fitted on, and another cohort, of people nobody has seen, which is
predicted whole. The first pair also serves `evaluate`. Each run folder gets `evaluation.json` and `lda.json`; the app
shows the latter.
"""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from benchmarks.results.image_table import NOTES, image_table, number
from brainlab.cohort.checks.realism import realism
from brainlab.cohort.prepared import PreparedDataset
from brainlab.evaluation.images import evenly
from brainlab.experiments.analysis.discrimination import lda_analysis
from brainlab.experiments.evaluation.run_metrics import evaluate_run
from brainlab.experiments.tables.papers import flair_2
from brainlab.experiments.tables.written import markdown_table
from brainlab.runs.run import Run, load_run
from brainlab.runs.shipped import read_lda, write_lda
from brainlab.types import Float32Array
from brainlab.workspace import MODELS, PROJECT

PRIORS = ("empirical", "uniform")
SCANS = "scans"
TEXTURED = 100
"""Images whose texture is measured."""

BASELINES = {
    "pca_64": "LDA on 64 principal components of the voxels",
    "signal_threshold": "signal threshold",
    "acquisition_metadata": "acquisition parameters alone",
    "majority": "majority class",
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the shipped runs on whole unseen cohorts.")
    parser.add_argument("--pair", nargs=3, action="append", required=True, metavar=("NAME", "FIT", "PREDICT"))
    parser.add_argument("--runs", type=Path, nargs="+", help="run folders; all of models/ by default")
    parser.add_argument("--kept", action="store_true", help="take what earlier calls measured, where it is there")
    parser.add_argument("--n", type=int, default=1000, help="samples drawn from each run")
    parser.add_argument("--out", type=Path, default=PROJECT / "docs" / "results.md")
    args = parser.parse_args()
    folders = args.runs or sorted(path.parent for path in MODELS.glob("*/weights.safetensors"))
    pairs = {name: (PreparedDataset.open(fit), PreparedDataset.open(predict)) for name, fit, predict in args.pair}
    fit, predict = next(iter(pairs.values()))
    runs = [run for run in map(load_run, folders) if run.fits(predict) and run.can("walk")]  # LDA needs codes
    textures = {SCANS: white_neighbours(predict.batch(evenly(len(predict), TEXTURED))[:, 0])}
    for run in runs:
        textures[run.name] = white_neighbours(run.sample(TEXTURED, 0)[1])
        if args.kept and set(pairs) <= set(read_lda(run)) and run.evaluation():
            continue
        start = time.monotonic()
        evaluate_run(run, predict, args.n, training=fit if _made(run, fit) else None)
        write_lda(run, {name: lda_analysis(run, train, test).to_json() for name, (train, test) in pairs.items()})
        print(f"{run.name}: {time.monotonic() - start:.0f} s", file=sys.stderr)
    measured = {run.name: run.evaluation() for run in runs}
    discriminated = {name: {run.name: read_lda(run)[name] for run in runs} for name in pairs}
    args.out.write_text(_page(measured, textures, discriminated, pairs), encoding="utf-8")


def _made(run: Run, data: PreparedDataset) -> bool:
    return run.settings["data"]["sha256"] == data.sha256


def white_neighbours(volumes: Float32Array) -> float:
    """Return the correlation of neighbouring voxels in white matter, by which texture is told from speckle."""
    return realism(volumes).white_neighbours


def _page(
    measured: dict[str, Any], textures: dict[str, float], discriminated: dict[str, Any], pairs: dict[str, Any]
) -> str:
    predict = next(iter(pairs.values()))[1]
    lines = [
        "# Results of the shipped runs",
        "",
        "**All scans here are simulated.** Written by `benchmarks/results/shipped_runs.py`; every setting is in",
        "`evaluation.json` and `lda.json` beside each run in `models/`.",
        f"Images are compared with {len(predict)} scans of",
        f"{predict.scans['participant'].nunique()} held-out participants.",
        "",
        "## Images",
        *image_table(measured, {"neighbours": {name: number(textures[name], 2) for name in measured}}),
        "",
        *NOTES.splitlines(),
        "'Neighbours': the correlation of neighbouring voxels in white matter; of scans",
        f"{textures[SCANS]:.2f}; more is blur, less is speckle. The blurred samples of `vae-8`, whose 8 numbers cannot",
        "hold a person, have .035 copies: they are near the same few average scans.",
    ]
    for name, results in discriminated.items():
        fit, predict = pairs[name]
        lines += [
            "",
            f"## Classification by LDA: {name} cohort",
            f"LDA fitted on the training split of `{fit.name}`, predicting the whole of `{predict.name}`;",
            "95% intervals from 1,000 bootstrap draws of participants.",
            "",
            *_accuracies(results),
            "",
            *_per_class(results),
        ]
    return "\n".join([*lines, "", *_published(), ""])


def _accuracies(results: dict[str, Any]) -> list[str]:
    """Runs and baselines, with the training split's class frequencies as priors and with all classes alike."""
    first = next(iter(results.values()))
    rows = [[name, *_accuracy(result), *_accuracy(result["other_priors"])] for name, result in results.items()]
    for name, result in results.items():
        rows.append([f"{name}, acquisition regressed out", *_accuracy(result["without_acquisition"]), "", ""])
    for key, words in BASELINES.items():
        others = first["other_priors"]["baselines"][key]
        rows.append([f"*{words}*", *_accuracy(first["baselines"][key]), *_accuracy(others)])
    head = ["", *[f"{what}, {priors} priors" for priors in PRIORS for what in ("accuracy", "balanced accuracy")]]
    lines = [*markdown_table(head, rows), ""]
    for name, result in results.items():
        for priors, part in zip(PRIORS, (result, result["other_priors"]), strict=True):
            difference = part["latents_minus_pca_64"]
            low, high = difference["interval"]
            lines.append(
                f"- {name} minus 64 principal components, {priors} priors: balanced accuracy "
                f"{difference['balanced_accuracy']:+.3f} ({low:+.3f} to {high:+.3f})."
            )
    return lines


def _per_class(results: dict[str, Any]) -> list[str]:
    """The paper's table 2 for each run, with precision also at the class proportions of its table 1."""
    rows = flair_2.layout([row for run, result in results.items() for row in flair_2.class_rows("", run, "", result)])
    return _table_2(rows.drop(columns=["method", "cohort"]))


def _published() -> list[str]:
    return [
        "## Published results",
        "Table 2 of the FLAIR IntroVAE paper: IVAE-256 on 572 real test scans. Other data: a reference, no pass mark.",
        "",
        *_table_2(flair_2.layout(flair_2.published_rows()).drop(columns=["method", "run", "cohort"])),
    ]


def _table_2(frame: pd.DataFrame) -> list[str]:
    return markdown_table(list(frame.columns), frame.to_numpy().tolist())


def _accuracy(result: dict[str, Any]) -> list[str]:
    if result["accuracy"] is None:
        return ["-", result["reason"]]
    low, high = result["balanced_accuracy_interval"]
    return [number(result["accuracy"], 3), f"{result['balanced_accuracy']:.3f} ({low:.3f} to {high:.3f})"]


if __name__ == "__main__":
    main()
