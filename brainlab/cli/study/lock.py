"""`brainlab study lock STUDY`: draw, render and seal all cases."""

import argparse
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.device import add_device, runs_on
from brainlab.cli.common.progress import progress
from brainlab.cli.common.study_id import add_study, folder_of
from brainlab.reading.record.lock_record import people_of_sources

if TYPE_CHECKING:
    from brainlab.experiments.studies.locking import LockReport

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
        "findings": list(locked.findings),
        "sources": list(locked.sources),
        "harmonised": locked.harmonised,
        "lines": _lines(args.study, locked),
    }


def _lines(study: str, locked: "LockReport") -> list[str]:
    """What was locked, a line each. An override is told by the warning that gives its reason."""
    lines = [f"study: {study}", "state: locked", f"cases: {locked.cases}"]
    lines += [f"practice cases: {locked.practice}"] if locked.practice else []
    lines += [f"real cases: {line}" for line in people_of_sources(locked.sources)]
    lines += [f"check: {line}" for line in locked.findings]
    return [*lines, *(f"warning: {line}" for line in locked.warnings)]
