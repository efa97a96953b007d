"""`brainlab study classify STUDY OUT.csv`: let a network read the cases of an unblinded study."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.progress import progress
from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.errors import InputError

SUMMARY = "score every case by a network that has learnt from other images of the sources"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("out", type=Path, metavar="OUT.csv", help="scores, for 'study report --machine OUT.csv'")


def run(args: argparse.Namespace) -> dict[str, Any]:
    import pandas as pd

    from brainlab.experiments.studies.case_classifier import read_by_classifier
    from brainlab.files.spreadsheet import csv_text
    from brainlab.files.whole import write_whole

    if args.out.suffix != ".csv":
        raise InputError(f"{args.out}: needs a file name that ends in .csv")
    reading = read_by_classifier(folder_of(args), progress)
    scores = reading.machine.scores
    table = pd.DataFrame({"case": list(scores), "score": list(scores.values()), "reader": reading.machine.name})
    write_whole(args.out, csv_text(table))
    return {
        "study": args.study,
        "files": [str(args.out)],
        "cases": len(scores),
        "real": reading.real,
        "generated": reading.generated,
        "people": reading.people,
        "lines": [
            f"{len(scores)} cases scored by networks that learnt from {reading.real} other real images of "
            f"{reading.people} people and {reading.generated} other generated images: {args.out}"
        ],
    }
