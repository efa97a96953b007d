"""`brainlab study close STUDY`: stop accepting answers."""

import argparse
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.reading.desk import lifecycle

SUMMARY = "stop accepting answers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("--note", default="")


def run(args: argparse.Namespace) -> dict[str, Any]:
    lifecycle.close(folder_of(args), args.note)
    return {"study": args.study, "state": "closed"}
