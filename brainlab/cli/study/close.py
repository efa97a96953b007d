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
    folder = folder_of(args)
    readers = [reader for reader in lifecycle.study_status(folder).readers if not reader.withdrawn]
    unread = sum(reader.total - reader.done for reader in readers)
    lifecycle.close(folder, args.note)
    of = f"{unread} of {sum(reader.total for reader in readers)} cases were not read"
    return {"study": args.study, "state": "closed", "unread": unread, "lines": [f"{args.study}: closed; {of}"]}
