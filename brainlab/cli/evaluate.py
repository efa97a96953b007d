"""`brainlab evaluate RUN --data PREPARED [--n N]`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.scores import score_lines
from brainlab.cli.common.workers import add_workers, workers_of
from brainlab.experiments.evaluation import ENOUGH, SAMPLES
from brainlab.ranges import number

NOTES = ("recipe_warning", "training_people_unknown")
"""Settings of a metric that a reader of its value should know of."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("--data", type=Path, required=True, metavar="PREPARED", help="real scans to compare with")
    parser.add_argument(
        "--n",
        type=number(ENOUGH, int),
        default=SAMPLES,
        help=f"images to draw, and most real scans (default {SAMPLES})",
    )
    parser.add_argument("--seed", type=number("seed", int), default=0, help="of the samples (default 0)")
    parser.add_argument(
        "--training",
        type=Path,
        metavar="PREPARED",
        help="what the run was trained on, where it is not in the workspace (default: found there by its name)",
    )
    add_device(parser)
    add_workers(parser, rounding=True)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.evaluation.run_metrics import evaluate_run
    from brainlab.runs.run import load_run

    workers = workers_of(args)
    training = PreparedDataset.open(args.training) if args.training else None
    measured = load_run(args.run_folder, args.device)
    data = PreparedDataset.open(args.data)
    result = evaluate_run(measured, data, args.n, seed=args.seed, training=training, workers=workers)
    said = dict.fromkeys(metric["settings"].get(note) for note in NOTES for metric in result.values())
    notes = [str(note) for note in said if note]
    kept = measured.evaluation_file
    if kept is not None and kept.parent != measured.folder:
        notes.append(f"kept in {kept}, as {measured.folder} cannot be written to")
    return {**result, "lines": [*score_lines(result), *(f"note: {note}" for note in notes)]}
