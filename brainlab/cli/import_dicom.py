"""`brainlab import-dicom`: from DICOM series to a BIDS dataset without names."""

import argparse
import dataclasses
from pathlib import Path
from typing import TYPE_CHECKING, Any

from brainlab.cli.common.progress import progress
from brainlab.counted import counted

if TYPE_CHECKING:
    from brainlab.cohort.dicom.importing import ImportReport


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("source", type=Path, metavar="SRC", help="a folder of DICOM files, of any depth, or a zip of one")
    parser.add_argument("out", type=Path, metavar="OUT", help="a new folder, or a BIDS dataset to add to")


def run(args: argparse.Namespace) -> dict[str, Any]:
    from brainlab.cohort.dicom.importing import import_dicom

    report = import_dicom(args.source, args.out, track=lambda items, what, total: progress(items, what, total))
    text = _text(report, args.out)
    return {**dataclasses.asdict(report), "text": text, "exit_code": 0 if report.series else 2}


def _text(report: "ImportReport", out: Path) -> str:
    """Return what a person wants to read: what was left out and what to know, then the count."""
    from brainlab.cohort.dicom.importing import FACES

    lines = [f"skipped  {note['path']}: {note['reason']}" for note in report.skipped]
    lines += [f"warning  {note['path']}: {note['reason']}" for note in report.warnings]
    if not report.series:
        return "\n".join([*lines, "no series imported; nothing written"])
    earlier = report.series - report.new
    there = f" ({earlier:,} of them there already)" if earlier else ""
    people = counted(report.participants, "person", "people")
    lines.append(f"{counted(report.series, 'series', 'series')} of {people} in {out}{there}, {len(report.skipped)} skipped")
    return "\n".join([*lines, FACES])
