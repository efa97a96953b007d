"""`brainlab study backup STUDY --out FILE.tar`: write the whole study to one file, while it is in use."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.reading.desk.backup import backup_study

SUMMARY = "write the complete study, including the truth, to one file, also while it is being read"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("--out", required=True, type=Path, metavar="FILE.tar", help="never give it to a reader")


def run(args: argparse.Namespace) -> dict[str, Any]:
    verdict = backup_study(folder_of(args), args.out)
    return {"study": args.study, "files": [str(args.out)], "answers": verdict.answers, "head": verdict.head}
