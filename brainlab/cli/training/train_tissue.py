"""`brainlab train-tissue PREPARED [PREPARED ...] --out FOLDER`."""

import argparse
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from brainlab.cli.common.device import add_device
from brainlab.cli.common.progress import progress
from brainlab.counted import counted
from brainlab.images.grid import PLANES
from brainlab.ranges import number


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data",
        type=Path,
        nargs="+",
        metavar="PREPARED",
        help="datasets prepared with --segmentations, of any sequence and size; their split 'train' is used",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FOLDER", help="folder of the network to write")
    parser.add_argument("--resume", action="store_true", help="continue after the last whole epoch in --out")
    parser.add_argument("--epochs", type=int, help="passes through all training slices (default 20)")
    parser.add_argument("--batch-size", type=int, help="slices of a step (default 16)")
    parser.add_argument("--learning-rate", type=float, help="of Adam at the start (default 0.001)")
    parser.add_argument("--plane", choices=PLANES, help="of the slices that are labelled (default axial)")
    parser.add_argument(
        "--scans", type=int, help="training scans of each dataset to learn, of different people first (default all)"
    )
    parser.add_argument("--seed", type=number("seed", int), default=0, help="of weights, order and noise (default 0)")
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.prepared import PreparedDataset
    from brainlab.config import apply_flags
    from brainlab.experiments.tissue.training import TissueTraining, train_tissue
    from brainlab.experiments.training_plan import Machine

    notes = train_tissue(
        [PreparedDataset.open(folder) for folder in args.data],
        args.out,
        apply_flags(TissueTraining(), args),
        seed=args.seed,
        machine=Machine(device=args.device),
        resume=args.resume,
        command=shlex.join(["brainlab", *sys.argv[1:]]),
        show=_bar,
    )
    names = ("labels", "slices_per_second", "minutes", "dice")
    return {"epochs": notes["epochs_done"], **{name: notes[name] for name in names}, "lines": _lines(notes, args.out)}


def _lines(notes: dict[str, Any], out: Path) -> list[str]:
    """Return the held-out Dice of each label and dataset."""
    lines = [
        f"{name}  {label}: Dice {dice['value']:.3f}, n={dice['n']}"
        for name, each in notes["dice"].items()
        for label, dice in each.items()
        if dice["value"] is not None
    ]
    none = [data["name"] for data in notes["datasets"] if not data["test"]["scans"]]
    lines += [f"{name}: no scan is held out, Dice undefined" for name in none]
    return [
        *lines,
        f"trained for {counted(notes['epochs_done'], 'epoch')} at {notes['slices_per_second']} slices/s: {out}",
    ]


def _bar(steps: Iterator[int], total: int) -> Iterator[int]:
    return progress(steps, "training", total)
