"""`brainlab study withdraw STUDY READER`: take a reader out for good."""

import argparse
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.reading.desk.lifecycle import withdraw_reader

SUMMARY = "withdraw a reader permanently: revoke the link, erase the name, exclude the answers from reports"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("reader", metavar="READER", help="code of the reader")


def run(args: argparse.Namespace) -> dict[str, Any]:
    withdraw_reader(folder_of(args), args.reader)
    return {"study": args.study, "reader": args.reader, "withdrawn": True}
