"""`brainlab study unblind STUDY`: open the truth; who did so is recorded."""

import argparse
import getpass
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.reading.desk import lifecycle

SUMMARY = "reveal the truth, which is recorded"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("--by", default=None, metavar="NAME", help="who unblinds (default: the user of this machine)")
    parser.add_argument("--note", default="")


def run(args: argparse.Namespace) -> dict[str, Any]:
    lifecycle.unblind(folder_of(args), args.by or getpass.getuser(), args.note)
    return {"study": args.study, "state": "unblinded"}
