"""`brainlab study stats CSV`: agreement and accuracy from a file of answers, without a study."""

import argparse
from pathlib import Path
from typing import Any

from brainlab.cli.common.machine_files import add_machines, machines_of
from brainlab.reading.statistics.reading_rules import READING_RULES

SUMMARY = "agreement and accuracy from a CSV file of answers"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.epilog = READING_RULES
    parser.add_argument(
        "csv",
        type=Path,
        help="columns reader, case, answer; optionally truth, confidence, source, class, phase, position, active_ms, "
        "round, condition",
    )
    parser.add_argument(
        "--level", default="nominal", help="of Krippendorff's alpha: nominal (default), ordinal, interval, ratio"
    )
    add_machines(parser)


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.reading.statistics.ratings import read_ratings
    from brainlab.reading.statistics.study_statistics import study_statistics

    frame, notes = read_ratings(args.csv)
    machines, more = machines_of(args, frame)
    return {**study_statistics(frame, level=args.level, machines=machines), "notes": [*notes, *more]}
