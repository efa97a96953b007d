"""`brainlab evaluate RUN --data PREPARED [--n N]`."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.device import add_device


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument("--data", type=Path, required=True, metavar="PREPARED", help="real scans to compare with")
    parser.add_argument("--n", type=int, help="images to draw, and most real scans (default 1000)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--training",
        type=Path,
        metavar="PREPARED",
        help="what the run was trained on, where it is not in the workspace",
    )
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.evaluation.run_metrics import SAMPLES, evaluate_run
    from brainlab.runs.run import load_run

    n = SAMPLES if args.n is None else args.n
    training = PreparedDataset.open(args.training) if args.training else None
    result = evaluate_run(
        load_run(args.run_folder, args.device), PreparedDataset.open(args.data), n, seed=args.seed, training=training
    )
    lines = [_line(name, metric) for name, metric in result.items()]
    gaps = {metric["settings"].get("training_people_unknown") for metric in result.values()} - {None}
    return {**result, "text": "\n".join([*lines, *(f"note: {gap}" for gap in gaps)])}


def _line(name: str, metric: dict[str, Any]) -> str:
    if metric["value"] is None:
        return f"{name.rjust(26)}  undefined: {metric['settings']['undefined']}"
    spread = "" if metric["sd"] is None else f" ± {metric['sd']:.4g}"
    real = metric["settings"].get("real")
    beside = "" if real is None else f"  (real scans {real:.4g})"
    return f"{name.rjust(26)}  {metric['value']:.4g}{spread}  n={metric['n']}, better: {metric['better']}{beside}"
