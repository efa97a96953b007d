"""`brainlab lda RUN [--data PREPARED] [--predict OTHER]`."""

import argparse
import typing
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.progress import progress
from brainlab.cli.common.workers import add_workers, workers_of
from brainlab.counted import counted
from brainlab.errors import InputError
from brainlab.latent.classification.discriminant_settings import Priors, Shrinkage


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("run_folder", type=Path, metavar="RUN")
    parser.add_argument(
        "--data",
        type=Path,
        metavar="PREPARED",
        help="fit on its training split (default: on the codes that the run keeps of the people it was trained on)",
    )
    parser.add_argument(
        "--predict",
        type=Path,
        metavar="OTHER",
        help="dataset to predict as a whole (default: the test split of --data)",
    )
    parser.add_argument(
        "--priors",
        choices=typing.get_args(Priors),
        default="empirical",
        help="class frequencies of the training split (default), or equal",
    )
    parser.add_argument(
        "--shrinkage",
        choices=typing.get_args(Shrinkage),
        default="choose",
        help="of the covariance (default: cross-validated on the training split)",
    )
    add_device(parser)
    add_workers(parser, rounding=True)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.experiments.analysis.discrimination import lda_analysis
    from brainlab.runs.run import load_run
    from brainlab.runs.training_codes import read_training_codes

    workers = workers_of(args)
    chosen = load_run(args.run_folder, args.device)
    known = PreparedDataset.open(args.data) if args.data else read_training_codes(chosen)
    if known is None:
        raise InputError(
            f"--data: {chosen.name} keeps no codes of the people it was trained on; give a dataset to fit on"
        )
    result = lda_analysis(
        chosen,
        known,
        PreparedDataset.open(args.predict) if args.predict else None,
        priors=args.priors,
        shrinkage=args.shrinkage,
        watch=progress,
        workers=workers,
    ).to_json()
    return {**result, "lines": _lines(result, chosen.grid.noun)}


def _lines(result: dict[str, Any], one: str) -> list[str]:
    """Lay the table out as the FLAIR IntroVAE paper's table 2, baselines below. one: what one image is called."""
    table, other = result["per_class"], result["other_priors"]
    lines = ["", "".rjust(10) + "".join(name.rjust(10) for name in table)]
    for key in ("fp", "fn", "tp", "tn"):
        lines.append(key.upper().rjust(10) + "".join(str(row[key]).rjust(10) for row in table.values()))
    for key in ("precision", "recall"):
        lines.append(key.rjust(10) + "".join(_share(row[key]).rjust(10) for row in table.values()))
    lines += ["", "accuracy, balanced accuracy (95% interval)"]
    rows = {
        "latents": result,
        f"latents, {other['priors']} priors": other,
        f"pca_64, {other['priors']} priors": other["baselines"]["pca_64"],
        "latents, acquisition regressed out": result["without_acquisition"],
        **result["baselines"],
    }
    for name, row in rows.items():
        interval = row.get("balanced_accuracy_interval")
        spread = f"  ({interval[0]:.2f} to {interval[1]:.2f})" if interval else ""
        lines.append(f"{name.rjust(36)}  {_share(row['accuracy'])}  {_share(row['balanced_accuracy'])}{spread}")
    settings = result["settings"]
    lines += [
        "",
        f"fitted on {counted(settings['fitted_on']['scans'], one)} of {settings['fitted_on']['data']}, "
        f"predicted {settings['predicted']['scans']} of {settings['predicted']['data']}"
        f"{f'; simulated {one}s' if settings['simulated'] else ''}",
        *result["notes"],
    ]
    return lines


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"
