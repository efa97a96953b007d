"""The files of machine readers' scores that a command takes, and what is read of them."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

    from brainlab.reading.statistics.paired.machine_scores import MachineReader


def add_machines(parser: argparse.ArgumentParser) -> None:
    """Add `--machine FILE.csv`, once for every file."""
    parser.add_argument(
        "--machine",
        action="append",
        default=[],
        type=Path,
        metavar="FILE.csv",
        help="scores of a model of your own, columns case and score (higher: more likely real), and reader where the "
        "file holds several models; the cases as 'study export' names them (repeatable)",
    )


def machines_of(args: argparse.Namespace, answers: "pd.DataFrame") -> "tuple[list[MachineReader], list[str]]":
    """Return the machines of all files, and what of them was left out.

    answers: rows of the study, practice included.
    """
    from brainlab.reading.statistics.paired.machine_scores import check_names, read_machine_scores

    found = [(path, read_machine_scores(path, answers)) for path in args.machine]
    machines = [machine for _, scores in found for machine in scores.machines]
    check_names(machines)
    return machines, [f"{path}: {note}" for path, scores in found for note in scores.notes]
