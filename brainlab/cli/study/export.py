"""`brainlab study export STUDY OUT`: write the answers of an unblinded study."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.errors import InputError

SUMMARY = "write the answers of an unblinded study"
FORMATS = "OUT.csv|OUT.json|OUT.db|OUT.imrmc.csv"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("out", nargs="?", metavar=FORMATS)
    parser.add_argument("--out", dest="option", metavar=FORMATS, help="the same, as an option")
    parser.add_argument("--all", action="store_true", help="include practice cases, hidden repeats and later readings")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.reading.report.export import export_answers

    given = [out for out in (args.out, args.option) if out is not None]
    if len(given) != 1:
        got = " and ".join(given) or "nothing"
        raise InputError(f"study export: needs a file to write, such as answers.csv, got {got}")
    rows = export_answers(folder_of(args), Path(given[0]), args.all)
    return {"study": args.study, "files": given, "rows": rows}
