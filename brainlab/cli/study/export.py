"""`brainlab study export STUDY OUT`: write the answers of an unblinded study."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.study.study_id import add_study, folder_of
from brainlab.errors import InputError

SUMMARY = "write the answers of an unblinded study"
FORMATS = "OUT.csv|OUT.json|OUT.db|OUT.imrmc.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    # A positional with a type would make a path of SUPPRESS itself.
    parser.add_argument("out", nargs="?", metavar=FORMATS, default=argparse.SUPPRESS)
    parser.add_argument("--out", dest="out", metavar=FORMATS, help="the same, as an option")
    parser.add_argument("--all", action="store_true", help="include practice cases, hidden repeats and later readings")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.reading.report.export import export_answers

    if args.out is None:
        raise InputError("study export: needs a file to write, such as answers.csv, got nothing")
    rows = export_answers(folder_of(args), Path(args.out), args.all)
    return {"study": args.study, "files": [args.out], "rows": rows}
