"""`brainlab cross-validate NAME --data PREPARED --out FOLDER`: each fold of the participants trained and measured."""

import argparse
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.training import train
from brainlab.errors import InputError

SHOWN = {
    "mse": "MSE",
    "ssim": "SSIM",
    "psnr": "PSNR",
    "blur_ratio": "detail kept",
    "lesion_contrast": "lesion contrast",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "preset",
        metavar="NAME",
        help="a preset that translates, or a baseline that keeps no run: random-forest, modality-propagation",
    )
    parser.add_argument("--data", type=Path, required=True, help="prepared dataset; its own split does not count")
    parser.add_argument(
        "--out", type=Path, required=True, help="folder for cross-validation.json and a run of each fold; gone on with"
    )
    parser.add_argument("--folds", type=int, default=5, metavar="N", help="parts of the participants (default 5)")
    parser.add_argument(
        "--only", type=int, nargs="+", default=[], metavar="K", help="folds to do now (default: all that are not done)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of weights, noise and the order of scans (default 0)")
    add_device(parser)
    parser.add_argument("--precision", choices=train.PRECISIONS, help="as of 'brainlab train'")


def add_settings(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the flags of the preset's method, or of the baselines."""
    if all(word.startswith("-") for word in words):
        return
    from brainlab.experiments.cross_validation.baselines import BASELINES, BaselineConfig

    baseline = next((word for word in words if word in BASELINES), None)
    if baseline is None:
        train.add_settings(parser, words)
        return
    from brainlab.config import add_flags

    parser.prog = f"{parser.prog} {baseline}"
    add_flags(parser.add_argument_group("settings of the baseline"), BaselineConfig)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.config import apply_flags
    from brainlab.experiments.cross_validation.baselines import BASELINES, BaselineConfig
    from brainlab.experiments.cross_validation.folds import cross_validate
    from brainlab.experiments.cross_validation.record import FILE
    from brainlab.experiments.training_plan import Machine
    from brainlab.runs.methods import find_preset

    if args.folds < 2:
        raise InputError(f"--folds: needs 2 or more, got {args.folds}")
    if unknown := [number for number in args.only if not 1 <= number <= args.folds]:
        raise InputError(f"--only: needs folds from 1 to {args.folds}, got {unknown[0]}")
    if args.preset in BASELINES:
        config, schedule = apply_flags(BaselineConfig(), args), None
    else:
        method, preset = find_preset(args.preset)
        config, schedule = train.configured(method, preset.config, args), preset.schedule.asked(args)
    record = cross_validate(
        args.preset,
        PreparedDataset.open(args.data),
        args.out,
        folds=args.folds,
        only=args.only,
        config=config,
        schedule=schedule,
        machine=Machine(device=args.device, precision=args.precision),
        seed=args.seed,
        command=shlex.join(["brainlab", *sys.argv[1:]]),
        show=train.bar,
    )
    scans = record.scans()
    found = {name: _mean_and_sd(record.values(name)) for name in SHOWN}
    lines = [f"{label:16}{_shown(found[name])}" for name, label in SHOWN.items()]
    done = f"{record.title}, folds {', '.join(str(one.number) for one in record.measured)} of {record.folds}"
    mark = "simulated " if record.simulated else ""
    return {
        "file": str(args.out / FILE),
        "folds": [one.number for one in record.measured],
        "scans": len(scans),
        "measures": found,
        "lines": [f"{done}: {len(scans)} {mark}held-out scans, mean (sd)", *lines, str(args.out / FILE)],
    }


def _mean_and_sd(values: Any) -> dict[str, float | None]:
    return {
        "mean": float(values.mean()) if len(values) else None,
        "sd": float(values.std(ddof=1)) if len(values) > 1 else None,
    }


def _shown(one: dict[str, float | None]) -> str:
    mean, sd = one["mean"], one["sd"]
    return "-" if mean is None else f"{mean:.4g}" + ("" if sd is None else f" ({sd:.2g})")
