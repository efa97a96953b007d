"""`brainlab study lock STUDY`: draw, render and seal all cases."""

import argparse
from typing import Any

from brainlab.cli.common.device import add_device, runs_on
from brainlab.cli.common.progress import progress
from brainlab.cli.study.study_id import add_study, folder_of

SUMMARY = "sample, render and seal all cases; nothing changes afterwards"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_study(parser)
    parser.add_argument("--override", default="", metavar="REASON", help="lock although the blinding check fails")
    add_device(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.experiments.studies.locking import lock_study

    with runs_on(args.device):
        locked = lock_study(folder_of(args), args.override, progress)
    return {
        "study": args.study,
        "state": "locked",
        "cases": locked.cases,
        "practice": locked.practice,
        "probe": locked.probe.to_dict(),
        "override": locked.override,
        "warnings": list(locked.warnings),
    }
